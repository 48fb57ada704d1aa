"""Takes events from the outbox, in order, to those who listen; each all or nothing."""

import logging
import time
from collections.abc import Callable, Mapping

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from posthouse.accounts.models import Event
from posthouse.accounts.standing import HANDLERS as ACCOUNT_NOTICES
from posthouse.campaigns.events import HANDLERS as CAMPAIGN_HANDLERS
from posthouse.deliveries.notices import HANDLERS as LIMIT_NOTICES
from posthouse.domains.notices import HANDLERS as DOMAIN_NOTICES
from posthouse.webhooks.events import HANDLERS as WEBHOOK_HANDLERS

log = logging.getLogger(__name__)

Handler = Callable[[Event], None]
_REST_SECONDS = 10.0
_LISTENERS: tuple[Mapping[str, Handler], ...] = (
    ACCOUNT_NOTICES,
    CAMPAIGN_HANDLERS,
    DOMAIN_NOTICES,
    LIMIT_NOTICES,
    WEBHOOK_HANDLERS,
)


Resting = dict[int, float]  # events that failed, and until when they are left alone (monotonic)


def handle_some(resting: Resting | None = None) -> bool:
    """Handles up to a hundred waiting events; False: none was waiting.

    One whose handler raises rests and is tried again; the others do not wait for it.
    """
    now, resting = time.monotonic(), {} if resting is None else resting
    left_alone = [pk for pk, until in resting.items() if until > now]
    waiting = Event.objects.filter(handled_at=None).exclude(pk__in=left_alone).order_by("id")[:100]
    events = list(waiting.select_related("account"))
    for event in events:
        try:
            _handle(event)
            resting.pop(event.pk, None)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("event %s (%s) failed; it is tried again", event.pk, event.kind)
            resting[event.pk] = now + _REST_SECONDS
    return bool(events)


@transaction.atomic
def _handle(event: Event) -> None:
    for handlers in _LISTENERS:
        if handler := handlers.get(event.kind):
            handler(event)
    Event.objects.filter(pk=event.pk).update(handled_at=timezone.now())
