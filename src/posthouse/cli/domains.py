"""``posthouse domains``: sender domains seen, added, verified and explained from a shell."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from posthouse.cli import domain_explaining, domain_keys, domain_list, domain_states, pending
from posthouse.cli.domain_options import (
    WORDS,
    AccountSlug,
    AsJson,
    Names,
    ResolverAddress,
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

app = typer.Typer(
    help="Sender domains: their records, their checks, and what is wrong with their DNS.",
    no_args_is_help=True,
)


@app.command("list")
def listing(
    account: AccountSlug = "", resolver: ResolverAddress = "", as_json: AsJson = False
) -> None:
    """Shows the sender domains of an account, or of all. Example: posthouse domains list --json"""
    start(resolver)
    with reach(account):
        rows = domain_list.listed(account)
    if as_json:
        print_json(rows)
        return
    for line in domain_list.columns(rows):
        typer.echo(line)
    if not rows:
        typer.echo("There is no sender domain yet. Add one: posthouse domains add NAME --account …")


@app.command("add")
def add(
    names: Names,
    account: AccountSlug = "",
    resolver: ResolverAddress = "",
    as_json: AsJson = False,
) -> None:
    """Adds sender domains to an account, and shows the records to publish.

    Example: posthouse domains add mail.example.com --account harbour-books
    """
    start(resolver)
    if not account:
        fail("say whose domain it is: --account SLUG.")
    with reach(account), refusals():
        from posthouse.accounts.models import Account
        from posthouse.domains import services

        owner = Account.objects.get(slug=account)
        rows = [services.add(at_the_shell(), owner, name) for name in names]
        _tell_records(rows, as_json)


@app.command("records")
def records(
    names: Names,
    account: AccountSlug = "",
    resolver: ResolverAddress = "",
    as_json: AsJson = False,
) -> None:
    """Shows the records that domains must publish, and how each stood at the last check.

    Example: posthouse domains records mail.example.com
    """
    start(resolver)
    with reach(account):
        _tell_records([named(name, account) for name in names], as_json)


@app.command("verify")
def verify(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME...")] = None,
    *,
    waiting: Annotated[
        bool, typer.Option("--pending", help="All that wait, of the account or of all accounts.")
    ] = False,
    account: AccountSlug = "",
    resolver: ResolverAddress = "",
    as_json: AsJson = False,
) -> None:
    """Asks DNS now and moves the status, as the button on the page does. Exit code 1: not all pass.

    Example: posthouse domains verify mail.example.com, or: posthouse domains verify --pending
    """
    start(resolver)
    if bool(names) == waiting:
        fail("name the domains, or say --pending for all that wait.")
    with reach(account):
        found = [named(name, account) for name in names or ()]
    if waiting:
        rows = pending.verify_waiting(at_the_shell(), account)
    else:
        rows = [_verified(domain) for domain in found]
    with reach(account):
        _tell_records(rows, as_json)
    raise typer.Exit(0 if all(row.proven for row in rows) else 1)


@app.command("keys")
def keys(
    names: Names,
    account: AccountSlug = "",
    resolver: ResolverAddress = "",
    as_json: AsJson = False,
) -> None:
    """Shows the DKIM keys of domains: which sign, which wait, which record may be removed when.

    Example: posthouse domains keys mail.example.com
    """
    start(resolver)
    with reach(account):
        _tell_keys([domain_keys.told(named(name, account)) for name in names], as_json)


@app.command("rotate")
def rotate(
    names: Names,
    *,
    call_off: Annotated[
        bool, typer.Option("--call-off", help="Drop the new keys that wait for their records.")
    ] = False,
    account: AccountSlug = "",
    resolver: ResolverAddress = "",
    as_json: AsJson = False,
) -> None:
    """Makes new DKIM keys; they sign once their records are found, and the old ones until then.

    Example: posthouse domains rotate mail.example.com
    """
    start(resolver)
    with reach(account), refusals():
        found = [named(name, account) for name in names]
        for domain in found:
            domain_keys.change(at_the_shell(), domain, call_off=call_off)
        _tell_keys([domain_keys.told(domain) for domain in found], as_json)


app.command("explain")(domain_explaining.explain)
app.command("forecast")(domain_explaining.forecast)
for verb in (
    domain_states.change,
    domain_states.disable,
    domain_states.enable,
    domain_states.suspend,
    domain_states.lift,
    domain_states.delete,
):
    app.command()(verb)


def _verified(domain: "SenderDomain") -> "SenderDomain":
    from posthouse.accounts import access
    from posthouse.domains import checking

    with access.tenant(domain.account), refusals():
        checking.verify(at_the_shell(), domain)
    with reach(domain.account.slug):
        return named(domain.name, domain.account.slug)


def _tell_records(domains: "Sequence[SenderDomain]", as_json: bool) -> None:
    from posthouse.domains import showing

    told: list[dict[str, Any]] = [
        {"domain": row.name, "status": row.status, "account": row.account.slug}
        | {"advice": row.advice}
        | {"records": [showing.told(row, each) for each in row.records.all()]}
        for row in domains
    ]
    if as_json:
        print_json(told)
        return
    for row in told:
        typer.echo(f"{row['domain']}: {row['status'].replace('_', ' ')}")
        for each in row["records"]:
            typer.echo(
                f"  {WORDS[each['state']]:<15} {each['host']}  {each['type']}  {each['value']}"
            )
            for sentence in filter(None, (each["sentence"], each["next_step"])):
                typer.echo(f"{'':>18}{sentence}")


def _tell_keys(told: Sequence[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    for line in domain_keys.lines(told):
        typer.echo(line)
