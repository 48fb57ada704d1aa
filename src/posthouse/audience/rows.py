"""Judges one row of a file: a person with an address and typed values, or the reason why not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from posthouse.audience import values
from posthouse.audience.columns import Column
from posthouse.audience.formulas import unguard
from posthouse.core.addresses import AddressRefused, bulk_address, comparison_key

_LONGEST_REASON: Final = 300


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as a row tells of them: only the fields that the row fills."""

    key: str  # the normalised address
    address: str
    fields: dict[str, values.Value]


@dataclass(frozen=True, slots=True)
class Plan:
    """Which column holds the address, how many there are, and what the others fill."""

    email: int
    width: int
    columns: tuple[Column, ...]


class RowRefused(ValueError):
    """A row that cannot be imported; the text is the reason."""


def judge(plan: Plan, row: Sequence[str]) -> Person:
    """The person that a row tells of. Raises RowRefused."""
    if len(row) > plan.width and any(cell.strip() for cell in row[plan.width :]):
        raise RowRefused(
            f"The row has {len(row)} values for {plan.width} columns; "
            "a value that holds the delimiter must stand in quotation marks."
        )
    given = row[plan.email] if plan.email < len(row) else ""
    try:
        address = bulk_address(unguard(given.strip()))
    except AddressRefused as refused:
        raise RowRefused(refused.sentence) from None
    return Person(comparison_key(address), str(address), _fields(plan, row))


def _fields(plan: Plan, row: Sequence[str]) -> dict[str, values.Value]:
    found: dict[str, values.Value] = {}
    for column in plan.columns:
        if column.field is None or column.index >= len(row):
            continue
        try:
            value = values.parse_text(column.field.kind, unguard(row[column.index]))
        except values.NotFit as unfit:
            raise RowRefused(f"{column.header}: {unfit}"[:_LONGEST_REASON]) from None
        if value is not None:
            found[column.field.key] = value
    return found
