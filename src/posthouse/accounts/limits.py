"""How many recipients an account may mail: its group's limits, and its own where they differ."""

from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError

from posthouse.accounts.models import Account, UserGroup
from posthouse.core.routing.quotas import Kind, effective

FIELDS: Final[Mapping[Kind, str]] = {
    Kind.DAILY: "daily_limit",
    Kind.MONTHLY: "monthly_limit",
    Kind.LIFETIME: "lifetime_limit",
}
HIGHEST: Final = 2_000_000_000  # what an integer column holds


def limits_of(account: Account) -> dict[Kind, int]:
    """The limits that count for an account; empty: it has none."""
    return effective(_of(account.group), _of(account))


def check(row: UserGroup | Account) -> None:
    """Refuses, by field, what is no whole number from 0: text, fractions, truth values.

    A limit that was misread would be no limit at all: as 0x1A becomes 0, unlimited.
    """
    allowed = (int, type(None)) if isinstance(row, Account) else (int,)
    wrong = {field: value for field, value in _values(row) if type(value) not in allowed}
    wrong |= {
        field: value
        for field, value in _values(row)
        if type(value) is int and not 0 <= value <= HIGHEST
    }
    if wrong:
        sentence = f"A limit is a whole number from 0 (unlimited) to {HIGHEST:,}."
        raise ValidationError(dict.fromkeys(wrong, sentence))


def _values(row: UserGroup | Account) -> list[tuple[str, Any]]:
    return [(field, getattr(row, field)) for field in (*FIELDS.values(), "sender_domains_limit")]


def _of(row: UserGroup | Account) -> dict[Kind, Any]:
    return {kind: getattr(row, field) for kind, field in FIELDS.items()}
