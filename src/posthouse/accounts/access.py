"""The only door to tenant rows: inside ``tenant`` a query is the account's, outside it raises."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db.models import Model, QuerySet
from django_scopes import scope, scopes_disabled

from posthouse.accounts.models import Account

Row = TypeVar("Row", bound=Model)
_PUBLIC_ID = re.compile(r"[a-z]{3}_[a-z0-9]{20}")  # anything else never reaches the database


class Missing(Exception):
    """There is no such row here: the same answer for a foreign row as for none at all."""

    def __init__(self, kind: str, public_id: str) -> None:
        super().__init__(f"There is no {kind} {public_id!r} here.")
        self.kind, self.public_id = kind, public_id


@contextmanager
def tenant(account: Account) -> Iterator[None]:
    """Queries inside see rows of this account and no other."""
    with scope(account=account):
        yield


@contextmanager
def across_tenants() -> Iterator[None]:
    """Queries inside see every account: for operators, engines and housekeeping only."""
    with scopes_disabled():
        yield


def find(rows: QuerySet[Row], public_id: str) -> Row:
    """The row with this public id among the rows that are in reach, or :class:`Missing`."""
    row = rows.filter(public_id=public_id).first() if _PUBLIC_ID.fullmatch(public_id) else None
    if row is None:
        raise Missing(str(rows.model._meta.verbose_name), public_id)
    return row
