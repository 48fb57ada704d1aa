"""Whether an account may act: active, suspended or disabled, with a reason that its people read."""

from collections.abc import Callable, Mapping
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from posthouse.accounts import audit, notices
from posthouse.accounts.actors import Actor
from posthouse.accounts.models import Account, Event
from posthouse.accounts.permissions import demand_operator

Status = Account.Status
LONGEST_REASON: Final = 300

_SENTENCES: Final[Mapping[str, str]] = {
    Status.SUSPENDED: "The account is suspended: nothing is sent, and nothing can be changed.",
    Status.DISABLED: "The account is disabled: nothing is sent, and its pages are closed.",
}
_SUBJECTS: Final[Mapping[str, str]] = {
    Status.ACTIVE: "{name} is active again",
    Status.SUSPENDED: "{name} was suspended",
    Status.DISABLED: "{name} was disabled",
}
_ACTIVE_AGAIN: Final = (
    "Mail can be sent again. Campaigns that were paused meanwhile wait until somebody resumes them."
)


@transaction.atomic
def change(actor: Actor, account: Account, status: str, reason: str = "") -> Account:
    """Gives the account another status; one that stops it needs a reason, which is told by mail."""
    demand_operator(actor)
    status, reason = Status(status), " ".join(reason.split())
    account.refresh_from_db(from_queryset=Account.objects.select_for_update())
    _check(status, reason)
    before = {"status": account.status, "status_reason": account.status_reason}
    after = {"status": status.value, "status_reason": reason if status in _SENTENCES else ""}
    if before == after:
        return account
    account.status, account.status_reason = after["status"], after["status_reason"]
    account.save(update_fields=list(after))
    audit.record(actor, "account.status", account, account=account, before=before, after=after)
    audit.announce(
        "account.status", account, before=before["status"], after=status.value, reason=reason
    )
    return account


def why_not(account: Account) -> str:
    """Why nothing is sent for the account, in the operator's words; empty: it is active."""
    if account.status == Status.ACTIVE:
        return ""
    return f"{_SENTENCES[account.status]} {_whose_word(account.status_reason)}"


def tell(event: Event) -> None:
    """Mails owners and managers what became of their account."""
    account, status = event.account, event.payload["after"]
    if account is None:
        return
    stopped = f"{_SENTENCES.get(status, '')} {_whose_word(event.payload['reason'])}"
    notices.tell(
        account,
        _SUBJECTS[status].format(name=account.name),
        _ACTIVE_AGAIN if status == Status.ACTIVE else stopped,
        reverse("account-home", args=[account.slug]),
    )


HANDLERS: Final[Mapping[str, Callable[[Event], None]]] = {"account.status": tell}


def _check(status: Status, reason: str) -> None:
    if status in _SENTENCES and not reason:
        raise ValidationError({"reason": "Say why: the people of the account read it."})
    if len(reason) > LONGEST_REASON:
        raise ValidationError({"reason": f"Use at most {LONGEST_REASON} characters."})


def _whose_word(reason: str) -> str:
    return f"The operator says: {reason}" if reason else "Ask the operator why."
