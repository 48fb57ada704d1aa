"""Mails an account's people when the use of a limit changes its level; housekeeping calls it."""

from collections.abc import Callable, Mapping
from typing import Final

from django.urls import reverse

from posthouse.accounts import notices
from posthouse.accounts.models import Event

_SUBJECTS: Mapping[str, str] = {
    "limit.warning": "{percent} % of the {limit} limit is used",
    "limit.exceeded": "The {limit} limit is reached: campaigns wait",
    "limit.ok": "There is room again under the {limit} limit",
}
_TEXTS: Mapping[str, str] = {
    "limit.warning": "{used:,} of {cap:,} recipients are used. At the limit campaigns pause.",
    "limit.exceeded": (
        "All {cap:,} recipients are used. Campaigns pause, nobody is lost or left out; each page "
        "says when it goes on. The operator can raise the limit."
    ),
    "limit.ok": "{used:,} of {cap:,} recipients were used. Campaigns can be sent again.",
}


def tell(event: Event) -> None:
    """One mail for each change of level."""
    account, values = event.account, dict(event.payload)
    if account is None:
        return
    values["percent"] = values["used"] * 100 // max(1, values["cap"])
    notices.tell(
        account,
        f"{account.name}: {_SUBJECTS[event.kind].format(**values)}",
        _TEXTS[event.kind].format(**values),
        reverse("deliveries:limits", args=[account.slug]),
    )


HANDLERS: Final[Mapping[str, Callable[[Event], None]]] = dict.fromkeys(_SUBJECTS, tell)
