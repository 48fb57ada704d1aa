"""Cursor paging for lists that grow while somebody reads them: newest first, by row id."""

import base64
import binascii
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)
_FURTHEST = 1_000_000  # rows that a database can be asked to skip


class CursorWrong(Exception):
    """The cursor is not one that an earlier page gave."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, and the cursors of the pages beside them (empty where there is none)."""

    rows: list[Row]
    next: str


def page(rows: QuerySet[Row], cursor: str = "", size: int = 50) -> Page[Row]:
    """The rows after the cursor, newest first."""
    ordered = rows.order_by("-pk")
    if cursor:
        ordered = ordered.filter(pk__lt=_read(cursor))
    found = list(ordered[: size + 1])
    more = len(found) > size
    return Page(rows=found[:size], next=_write(found[size - 1].pk) if more else "")


def _write(pk: int) -> str:
    return base64.urlsafe_b64encode(b"c%d" % pk).decode().rstrip("=")


def _read(cursor: str) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        number = int(text.removeprefix("c"))
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise CursorWrong(cursor) from error
    if not text.startswith("c") or not 0 < number < 2**63:
        raise CursorWrong(cursor)
    return number


def ranked(rows: QuerySet[Row], cursor: str = "", size: int = 50) -> Page[Row]:
    """The rows after the cursor in the order that they have: for lists that people sort.

    Here the cursor counts rows; one that arrives meanwhile may push another onto two pages.
    """
    start = _read(cursor) if cursor else 0
    found = list(rows[start : start + size + 1]) if start < _FURTHEST else []
    more = len(found) > size
    return Page(rows=found[:size], next=_write(start + size) if more else "")
