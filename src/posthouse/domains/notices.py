"""Mails an account's people when a sender domain goes wrong; housekeeping calls the handlers.

One mail for each step: first, second and third failed check, and what the operator does to a
domain. What a person of the account did themselves, and what could not be checked, is no news.
"""

from collections.abc import Callable, Mapping
from typing import Final

from django.urls import reverse

from posthouse.accounts import access, notices
from posthouse.accounts.models import Event
from posthouse.core.verification.status import FAILURES_IN_A_ROW
from posthouse.domains.models import SenderDomain

_STEP_SUBJECT = "{name}: check {failures} of {limit} failed"
_END_SUBJECT = "{name} is back to Approval Pending: nothing is sent from it"
_STEP_TEXT = "A check of the sender domain {name} failed, {failures} of {limit}. {warning}"
_END_TEXT = (
    "The sender domain {name} failed {limit} checks in a row and is back to Approval Pending. "
    "{warning} Put the records right and verify the domain; campaigns can then be sent again."
)
_SUSPENDED_SUBJECT = "{name} was suspended"
_SUSPENDED_TEXT = (
    "The operator suspended the sender domain {name}: nothing is sent from it any more. {why}"
)

_RECORDS_SUBJECT = "{name} has other DNS records"
_RECORDS_TEXT = (
    "The operator changed the DNS records of the sender domain {name}: {added} to publish, "
    "{removed} no longer needed. {then}"
)
_UNTIL_PUBLISHED = "Nothing is sent from it until they are published and verified."
_GOES_ON = "Mail leaves as before."


def warn(event: Event) -> None:
    """A check of a domain that sends has failed."""
    failures = event.payload["failures"]
    ended = failures >= FAILURES_IN_A_ROW
    _tell(
        event,
        _END_SUBJECT if ended else _STEP_SUBJECT,
        _END_TEXT if ended else _STEP_TEXT,
        failures=failures,
        limit=FAILURES_IN_A_ROW,
        warning=event.payload["warning"],
    )


def tell_of_suspension(event: Event) -> None:
    """The operator took the domain out of use."""
    if event.payload["after"] == SenderDomain.Status.SUSPENDED:
        _tell(event, _SUSPENDED_SUBJECT, _SUSPENDED_TEXT)


def tell_of_records(event: Event) -> None:
    """The operator applied a changed DNS template."""
    with access.across_tenants():
        domain = SenderDomain.objects.get(pk=event.payload["domain"])
    pending = domain.status == SenderDomain.Status.PENDING
    _tell(
        event,
        _RECORDS_SUBJECT,
        _RECORDS_TEXT,
        added=event.payload["added"],
        removed=event.payload["removed"],
        then=_UNTIL_PUBLISHED if pending else _GOES_ON,
    )


def _tell(event: Event, subject: str, text: str, **values: object) -> None:
    with access.across_tenants():
        domain = SenderDomain.objects.select_related("account").get(pk=event.payload["domain"])
        if domain.status == SenderDomain.Status.DELETED:
            return
        values |= {"name": domain.name, "why": _why(domain)}
        path = reverse("domains:show", args=[domain.account.slug, domain.public_id])
        notices.tell(domain.account, subject.format(**values), text.format(**values), path)


def _why(domain: SenderDomain) -> str:
    reason = domain.suspension_reason
    return f"The operator says: {reason}" if reason else "Ask the operator why."


HANDLERS: Final[Mapping[str, Callable[[Event], None]]] = {
    "domain.warning": warn,
    "domain.status": tell_of_suspension,
    "domain.records": tell_of_records,
}
