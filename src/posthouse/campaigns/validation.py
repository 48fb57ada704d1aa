"""What each field of a campaign may hold, and the form in which it is kept."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError

from posthouse.accounts.models import Account
from posthouse.audience.models import SubscriberList
from posthouse.content.parts import RULES as PART_RULES
from posthouse.content.parts import cleaned, line
from posthouse.core.addresses import AddressRefused, comparison_key, from_local_part, parse_address
from posthouse.domains.models import SenderDomain

LONGEST_NAME: Final = 150
LONGEST_FROM_NAME: Final = 200
MOST_TEST_ADDRESSES: Final = 5


def fields(account: Account, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values in the form in which they are kept; raises ValidationError by field.

    Drafts may have gaps; what is there must be storable, and rows must be the account's own.
    """
    rules: dict[str, Callable[[Any], Any]] = {
        **PART_RULES,
        "name": _name,
        "from_name": lambda text: line(text, LONGEST_FROM_NAME),
        "from_local": _local_part,
        "from_address": _mailbox_or_none,
        "reply_to": _mailbox_or_none,
        "sender_domain": lambda row: _sender_domain(account, row),
        "goes_on_by_itself": bool,
        "lists": lambda rows: _lists(account, rows),
    }
    return cleaned(values, rules)


def test_addresses(texts: list[str]) -> dict[str, str]:
    """Addresses by their normalised form, in order; at least one, at most five."""
    given = [text.strip() for text in texts if text.strip()]
    if not given:
        raise ValidationError({"addresses": "Enter an address, for example your own."})
    if len(given) > MOST_TEST_ADDRESSES:
        sentence = f"These are {len(given)} addresses; a test goes to five at most."
        raise ValidationError({"addresses": sentence})
    found: dict[str, str] = {}
    wrong: list[str] = []
    for text in given:
        try:
            address = parse_address(text)
            found.setdefault(comparison_key(address), str(address))
        except AddressRefused as refused:
            wrong.append(refused.sentence)
    if wrong:
        raise ValidationError({"addresses": wrong})
    return found


def _name(text: str) -> str:
    if not text.strip():
        raise ValidationError("Enter a name; only you and your colleagues see it.")
    return line(text, LONGEST_NAME)


def _local_part(text: str) -> str:
    try:
        return from_local_part(text) if text.strip() else ""
    except AddressRefused as refused:
        raise ValidationError(refused.sentence) from refused


def _mailbox_or_none(text: str) -> str:
    try:
        return str(parse_address(text)) if text.strip() else ""
    except AddressRefused as refused:
        raise ValidationError(refused.sentence) from refused


def _sender_domain(account: Account, row: SenderDomain | None) -> SenderDomain | None:
    if row is None:
        return None
    if row.account_id != account.pk:
        raise ValidationError("There is no such sender domain in this account.")
    if row.status != SenderDomain.Status.ENABLED:
        raise ValidationError(
            f"{row.name} is {row.get_status_display()}; choose a domain that is Enabled."
        )
    return row


def _lists(account: Account, rows: list[SubscriberList]) -> list[SubscriberList]:
    if any(row.account_id != account.pk for row in rows):
        raise ValidationError("One of these lists is not in this account.")
    return sorted({row.pk: row for row in rows}.values(), key=lambda row: row.pk)
