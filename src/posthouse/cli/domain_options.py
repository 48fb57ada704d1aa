"""What all ``posthouse domains`` commands share: their options, whose rows they reach, refusals."""

import getpass
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from posthouse.cli.starting import fail, start_django

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from posthouse.accounts.actors import Actor
    from posthouse.domains.models import SenderDomain

Names = Annotated[list[str], typer.Argument(metavar="NAME...", help="Domain names.")]
AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]
AccountSlug = Annotated[
    str, typer.Option("--account", metavar="SLUG", help="Name of the account, as in /a/SLUG/.")
]
ResolverAddress = Annotated[
    str,
    typer.Option(
        "--resolver", metavar="HOST:PORT", help="Ask this resolver instead of the configured ones."
    ),
]

WORDS = {
    "ok": "OK",
    "not_yet": "Not yet",
    "wrong": "Wrong",
    "could_not_check": "Could not check",
    "not_checked": "Not checked",
}


def start(resolver: str, *, migrated: bool = True) -> None:
    """Loads the settings, and puts the resolver of the command line in the place of theirs."""
    start_django(migrated=migrated)
    from django.conf import settings

    from posthouse.domains.resolver import ResolverAddressWrong, resolver_addresses

    if resolver:
        try:
            resolver_addresses([resolver])
        except ResolverAddressWrong as wrong:
            fail(str(wrong))
        settings.DNS_RESOLVERS = (resolver,)


@contextmanager
def reach(account: str) -> Iterator[None]:
    """One account's rows, or those of all: an operator is at the shell."""
    from posthouse.accounts import access
    from posthouse.accounts.models import Account

    if not account:
        with access.across_tenants():
            yield
        return
    found = Account.objects.filter(slug=account).first()
    if found is None:
        fail(f"there is no account {account!r}; the address of its pages, /a/SLUG/, has the name.")
    with access.tenant(found):
        yield


@contextmanager
def refusals() -> Iterator[None]:
    """What cannot be done is one sentence and exit code 2."""
    from django.core.exceptions import ValidationError

    from posthouse.accounts.dns_configuration import DnsConfigurationRefused
    from posthouse.core.addresses import BadDomain
    from posthouse.core.dns.errors import DnsError
    from posthouse.core.verification.status import StatusRefused
    from posthouse.domains.errors import DomainRefused

    try:
        yield
    except ValidationError as error:
        fail(" ".join(error.messages))
    except (BadDomain, DnsError, DnsConfigurationRefused, DomainRefused, StatusRefused) as refused:
        fail(str(refused))


def _domains(account: str) -> "QuerySet[SenderDomain]":
    from posthouse.domains import queries

    rows = queries.domains()
    return rows.filter(account__slug=account) if account else rows


def named(name: str, account: str) -> "SenderDomain":
    """The domain of this name; several accounts may have asked for it."""
    from posthouse.core.dns.names import normal_name

    rows = list(_domains(account).filter(name=normal_name(name))[:10])
    if not rows:
        fail(
            f"{name} is no sender domain here. posthouse domains list shows those there are;"
            " explain takes any name with --template."
        )
    if len(rows) > 1:
        fail(
            f"{name} is in several accounts: say which with --account, one of "
            f"{', '.join(row.account.slug for row in rows)}."
        )
    return rows[0]


def at_the_shell() -> "Actor":
    """Whoever may run this command may read the database anyway; the log names their sign-in."""
    from posthouse.accounts.actors import Actor
    from posthouse.accounts.models import Role

    return Actor("system", f"{getpass.getuser()} at the command line", role=Role.OWNER)


def print_json(told: Sequence[dict[str, Any]]) -> None:
    typer.echo(json.dumps(told, indent=2, ensure_ascii=False, default=datetime.isoformat))
