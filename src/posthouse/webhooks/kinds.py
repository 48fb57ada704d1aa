"""The kinds of events that a webhook can be told of, and what each one's data is: one table.

Every kind here is announced by a feature below or beside (``audit.announce``); none is a promise.
Data hold public ids and names, never the numbers of rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from posthouse.accounts.models import Event
from posthouse.core.verification.status import FAILURES_IN_A_ROW
from posthouse.domains.models import SenderDomain

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of event: what people call it, and how its data are made of what was announced."""

    label: str
    data: Callable[[Event], Data]


def _as_announced(event: Event) -> Data:
    return dict(event.payload)


def _of_domain(event: Event) -> Data:
    """The domain's row number is replaced by what customers know it by."""
    domain = SenderDomain.objects.get(pk=event.payload["domain"])
    named = {"id": domain.public_id, "name": domain.name}
    return dict(event.payload) | {"domain": named}


def _of_warning(event: Event) -> Data:
    return _of_domain(event) | {"limit": FAILURES_IN_A_ROW}


KINDS: Final[Mapping[str, Kind]] = {
    "domain.status": Kind("Sender domain changed its status", _of_domain),
    "domain.warning": Kind("Sender domain failed a check", _of_warning),
    "domain.records": Kind("Sender domain got other DNS records", _of_domain),
    "account.status": Kind("Account stopped, or active again", _as_announced),
    "limit.warning": Kind("Limit: 80 % used", _as_announced),
    "limit.exceeded": Kind("Limit reached", _as_announced),
    "limit.ok": Kind("Limit: room again", _as_announced),
    "campaign.status": Kind("Campaign changed its state", _as_announced),
    "list.left": Kind("Somebody left a list", _as_announced),
    "list.deleted": Kind("List deleted", _as_announced),
    "suppression.added": Kind("Address suppressed", _as_announced),
    "import.done": Kind("Import done", _as_announced),
    "import.failed": Kind("Import failed", _as_announced),
}
TEST: Final = "webhook.test"  # sent when a person asks for it, to that webhook alone
LABELS: Final = {name: kind.label for name, kind in KINDS.items()} | {TEST: "Test"}
