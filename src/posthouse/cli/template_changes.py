"""``posthouse dns templates changes|apply``: domains beside what their template makes now."""

import getpass
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from posthouse.cli.starting import fail, start_django

if TYPE_CHECKING:
    from posthouse.core.dns.records import Record
    from posthouse.domains.models import SenderDomain
    from posthouse.domains.template_changes import Difference

AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]


def changes(as_json: AsJson = False) -> None:
    """Lists the domains whose records differ from what their template makes now.

    Example: posthouse dns templates changes --json
    """
    start_django()
    from posthouse.accounts import access

    with access.across_tenants():
        told = [_told(each) for each in _differing()]
    if as_json:
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    for each in told:
        typer.echo(f"{each['domain']}  ({each['account']}, template {each['template']})")
        typer.echo("\n".join(_lines(each)))
    if not told:
        typer.echo("No domain differs from its template.")


def apply(
    name: Annotated[str, typer.Argument(metavar="DOMAIN")],
    account: Annotated[
        str, typer.Option("--account", metavar="SLUG", help="The account, as in /a/SLUG/.")
    ],
    as_json: AsJson = False,
) -> None:
    """Gives a domain the records that its template makes now; DNS is asked first.

    It goes to Approval Pending if a record that is added is not in DNS yet (exit code 1).
    Example: posthouse dns templates apply mail.example.com --account harbour-books
    """
    start_django()
    from django.core.exceptions import ValidationError

    from posthouse.accounts import access
    from posthouse.accounts.actors import Actor
    from posthouse.domains import template_changes
    from posthouse.domains.errors import REFUSALS

    actor = Actor("system", f"{getpass.getuser()} at the command line")
    with access.across_tenants():
        domain = _named(name, account)
        try:
            done = template_changes.apply(actor, domain)
        except ValidationError as error:
            fail(" ".join(error.messages))
        except REFUSALS as refused:
            fail(str(refused))
    if as_json:
        told = _told(done.difference) | {"status": done.domain.status}
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        typer.echo(done.summary)
    raise typer.Exit(0 if done.published else 1)


def told_records(records: "Iterable[Record]") -> list[dict[str, str]]:
    """Records as a script reads them."""
    return [
        {"host": r.host, "type": r.type, "value": r.value, "purpose": r.purpose} for r in records
    ]


def _differing() -> "Iterator[Difference]":
    from posthouse.domains import template_changes

    found, further = template_changes.differing()
    yield from found
    while further:
        found, further = template_changes.differing(further)
        yield from found


def _named(name: str, account: str) -> "SenderDomain":
    from posthouse.core.dns.names import normal_name
    from posthouse.domains import queries

    rows = queries.domains().select_related("account__group").filter(account__slug=account)
    domain = rows.filter(name=normal_name(name)).first()
    if domain is None:
        fail(f"the account {account!r} has no sender domain {name}.")
    return domain


def _told(difference: "Difference") -> dict[str, Any]:
    return {
        "domain": difference.domain.name,
        "account": difference.domain.account.slug,
        "status": difference.domain.status,
        "template": difference.template,
        "problem": difference.problem,
        "added": told_records(difference.added),
        "removed": told_records(difference.removed),
    }


def _lines(told: dict[str, Any]) -> Iterator[str]:
    if told["problem"]:
        yield f"  {told['problem']}"
    for sign, key in (("+", "added"), ("-", "removed")):
        for each in told[key]:
            yield f"  {sign} {each['host']}  {each['type']}  {each['value']}"
