"""The only door to tenant rows: inside ``tenant`` a query is the account's, outside it raises."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db.models import QuerySet
from django_scopes import scope, scopes_disabled

from posthouse.accounts.models import Account
from posthouse.accounts.tenancy import TenantRow

Row = TypeVar("Row", bound=TenantRow)


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
    row = rows.filter(public_id=public_id).first()
    if row is None:
        raise Missing(str(rows.model._meta.verbose_name), public_id)
    return row
