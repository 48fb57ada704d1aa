"""``posthouse domains verify --pending``: all domains that wait, with progress."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from posthouse.accounts.actors import Actor
    from posthouse.accounts.models import Account
    from posthouse.domains.models import SenderDomain


def verify_waiting(actor: "Actor", account: str) -> "list[SenderDomain]":
    """Asks DNS about every domain that waits, of one account or of all; tells how far it is."""
    from posthouse.accounts import access
    from posthouse.domains import checking, queries

    checked: list[SenderDomain] = []
    for owner in _accounts(account):
        with access.tenant(owner):
            left = queries.waiting().count()
            while left > 0:
                some = checking.verify_pending(actor).domains
                checked += some
                left = left - len(some) if some else 0
                _tell(checked)
    return checked


def _accounts(slug: str) -> "Sequence[Account]":
    """The accounts that have a domain which waits."""
    from posthouse.accounts import access
    from posthouse.accounts.models import Account
    from posthouse.domains import queries

    with access.across_tenants():
        waiting = set(queries.waiting().values_list("account_id", flat=True))
    accounts = Account.objects.filter(pk__in=waiting).order_by("slug")
    return list(accounts.filter(slug=slug) if slug else accounts)


def _tell(checked: "Sequence[SenderDomain]") -> None:
    enabled = sum(each.status == "enabled" for each in checked)
    typer.echo(f"{len(checked)} checked, {enabled} Enabled", err=True)
