"""Takes events from the outbox, in order, to those who listen; each all or nothing."""

from collections.abc import Callable, Mapping

from django.db import transaction
from django.utils import timezone

from posthouse.accounts.models import Event
from posthouse.campaigns.events import HANDLERS as CAMPAIGN_HANDLERS

Handler = Callable[[Event], None]
_LISTENERS: tuple[Mapping[str, Handler], ...] = (CAMPAIGN_HANDLERS,)


def handle_some() -> bool:
    """Handles up to a hundred waiting events; False: none was waiting."""
    waiting = Event.objects.filter(handled_at=None).order_by("id")[:100]
    events = list(waiting.select_related("account"))
    for event in events:
        with transaction.atomic():
            for handlers in _LISTENERS:
                if handler := handlers.get(event.kind):
                    handler(event)
            Event.objects.filter(pk=event.pk).update(handled_at=timezone.now())
    return bool(events)
