"""``posthouse domains change|enable|disable|suspend|lift|delete``: what becomes of a domain."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from posthouse.cli.domain_options import (
    AccountSlug,
    AsJson,
    Names,
    at_the_shell,
    named,
    print_json,
    reach,
    refusals,
    start,
)
from posthouse.cli.starting import fail

if TYPE_CHECKING:
    from posthouse.domains.models import SenderDomain

Label = Annotated[
    str | None,
    typer.Option(metavar="LABEL", help="At most 32 letters, digits, hyphens; '' for the default."),
]


def change(
    names: Names,
    *,
    subdomain: Label = None,
    track_prefix: Label = None,
    tracking_subdomain: Annotated[
        bool | None, typer.Option(help="Whether links lead over a host of their own.")
    ] = None,
    account: AccountSlug = "",
    as_json: AsJson = False,
) -> None:
    """Changes the hosts' names: the records are made anew, and it is Approval Pending again.

    Example: posthouse domains change mail.example.com --subdomain bounce
    """
    wanted = {
        "subdomain": subdomain,
        "track_prefix": track_prefix,
        "tracking_subdomain": tracking_subdomain,
    }
    given = {field: value for field, value in wanted.items() if value is not None}
    start("")
    if not given:
        fail("say what to change: --subdomain, --track-prefix or --[no-]tracking-subdomain.")
    from posthouse.domains import services

    _each(names, account, lambda row: services.change(at_the_shell(), row, **given), as_json)


def disable(names: Names, account: AccountSlug = "", as_json: AsJson = False) -> None:
    """Stops sending from domains; records and history stay."""
    start("")
    from posthouse.domains import services

    _each(names, account, lambda row: services.disable(at_the_shell(), row), as_json)


def enable(names: Names, account: AccountSlug = "", as_json: AsJson = False) -> None:
    """Sends from disabled domains again, if their records passed the last check."""
    start("")
    from posthouse.domains import services

    _each(names, account, lambda row: services.enable(at_the_shell(), row), as_json)


def suspend(
    names: Names,
    *,
    reason: Annotated[str, typer.Option(help="What its owner is told.")] = "",
    account: AccountSlug = "",
    as_json: AsJson = False,
) -> None:
    """Stops domains as the operator; their owners cannot lift that.

    Example: posthouse domains suspend mail.example.com --reason "Complaints; write to us."
    """
    start("")
    from posthouse.domains import services

    _each(names, account, lambda row: services.suspend(at_the_shell(), row, reason), as_json)


def lift(names: Names, account: AccountSlug = "", as_json: AsJson = False) -> None:
    """Lifts suspensions: each domain goes back to where it was."""
    start("")
    from posthouse.domains import services

    _each(names, account, lambda row: services.unsuspend(at_the_shell(), row), as_json)


def delete(
    names: Names,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    account: AccountSlug = "",
    as_json: AsJson = False,
) -> None:
    """Deletes domains, after saying what goes with each; sent mail keeps its history."""
    start("")
    from posthouse.domains import services

    def ask_and_delete(row: "SenderDomain") -> None:
        if not yes:
            for draft in services.left_without(row):
                typer.echo(f"{draft} has no From address then.", err=True)
            typer.confirm(f"Delete {row.name} of {row.account.name}?", abort=True, err=True)
        services.delete(at_the_shell(), row)

    _each(names, account, ask_and_delete, as_json)


def _each(
    names: Sequence[str], account: str, verb: "Callable[[SenderDomain], object]", as_json: bool
) -> None:
    """All names are looked for before the first of them is touched."""
    from posthouse.domains.models import SenderDomain

    with reach(account), refusals():
        rows = [named(name, account) for name in names]
        for row in rows:
            verb(row)
        stand = SenderDomain.objects.in_bulk([row.pk for row in rows])
    told = [
        {"domain": row.name, "account": row.account.slug, "status": stand[row.pk].status}
        for row in rows
    ]
    if as_json:
        print_json(told)
        return
    for each in told:
        typer.echo(f"{each['domain']}: {each['status'].replace('_', ' ')}")
