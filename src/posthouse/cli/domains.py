"""``posthouse domains``: sender domains seen, added, verified and explained from a shell."""

import getpass
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from posthouse.cli import domain_keys, domain_list, pending
from posthouse.cli.starting import fail, start_django

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from posthouse.accounts.actors import Actor
    from posthouse.core.verification.forecast import Forecast
    from posthouse.domains.examine import NameServers
    from posthouse.domains.explaining import Subject
    from posthouse.domains.models import SenderDomain

app = typer.Typer(
    help="Sender domains: their records, their checks, and what is wrong with their DNS.",
    no_args_is_help=True,
)

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

_WORDS = {
    "ok": "OK",
    "not_yet": "Not yet",
    "wrong": "Wrong",
    "could_not_check": "Could not check",
    "not_checked": "Not checked",
}


@app.command("list")
def listing(
    account: AccountSlug = "", resolver: ResolverAddress = "", as_json: AsJson = False
) -> None:
    """Shows the sender domains of an account, or of all. Example: posthouse domains list --json"""
    _start(resolver)
    with _reach(account):
        rows = domain_list.listed(account)
    if as_json:
        _print_json(rows)
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
    _start(resolver)
    if not account:
        fail("say whose domain it is: --account SLUG.")
    with _reach(account), _refusals():
        from posthouse.accounts.models import Account
        from posthouse.domains import services

        owner = Account.objects.get(slug=account)
        rows = [services.add(_at_the_shell(), owner, name) for name in names]
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
    _start(resolver)
    with _reach(account):
        _tell_records([_named(name, account) for name in names], as_json)


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
    _start(resolver)
    if bool(names) == waiting:
        fail("name the domains, or say --pending for all that wait.")
    with _reach(account):
        found = [_named(name, account) for name in names or ()]
    if waiting:
        rows = pending.verify_waiting(_at_the_shell(), account)
    else:
        rows = [_verified(domain) for domain in found]
    with _reach(account):
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
    _start(resolver)
    with _reach(account):
        _tell_keys([domain_keys.told(_named(name, account)) for name in names], as_json)


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
    _start(resolver)
    with _reach(account), _refusals():
        found = [_named(name, account) for name in names]
        for domain in found:
            domain_keys.change(_at_the_shell(), domain, call_off=call_off)
        _tell_keys([domain_keys.told(domain) for domain in found], as_json)


@app.command("explain")
def explain(
    names: Names,
    *,
    account: AccountSlug = "",
    template: Annotated[
        str, typer.Option(help="Judge by this DNS template, also names that nobody registered.")
    ] = "",
    token: Annotated[
        str, typer.Option(metavar="T", help="With --template: LABEL:VALUE of the ownership record.")
    ] = "",
    resolver: ResolverAddress = "",
    as_json: AsJson = False,
) -> None:
    """Says what is wrong with the DNS of domains and what to do next; changes nothing.

    Example: posthouse domains explain mail.example.com --template Default --token abcdefghij:T0ken
    """
    _start(resolver, migrated=not template)
    from posthouse.domains import explaining

    with _refusals():
        if template:
            subjects = [explaining.of_stranger(name, template, token) for name in names]
        else:
            subjects = _registered(names, account)
    answers = [explaining.told(each) for each in explaining.explain(subjects, _name_servers())]
    if as_json:
        _print_json(answers)
    else:
        typer.echo("\n\n".join(map(_paragraph, answers)))


@app.command("forecast")
def forecast(names: Names, account: AccountSlug = "", as_json: AsJson = False) -> None:
    """Says what receivers will make of SPF, DKIM and DMARC, by the last checks; asks no DNS.

    Exit code 1: DMARC fails for one of them. Example: posthouse domains forecast mail.example.com
    """
    _start("")
    from posthouse.core.verification.evidence import Outlook
    from posthouse.deliveries.forecasting import forecast_for
    from posthouse.deliveries.route import RouteRefused

    with _reach(account):
        try:
            found = {name: forecast_for(_named(name, account)) for name in names}
        except RouteRefused as refused:
            fail(str(refused))
    if as_json:
        _print_json([{"domain": name} | asdict(each) for name, each in found.items()])
    else:
        typer.echo("\n\n".join(_outlook(name, each) for name, each in found.items()))
    failing = any(each.dmarc.outlook is Outlook.FAILS for each in found.values())
    raise typer.Exit(1 if failing else 0)


def _start(resolver: str, *, migrated: bool = True) -> None:
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


def _name_servers() -> "NameServers":
    from django.conf import settings

    from posthouse.domains.examine import NameServers
    from posthouse.domains.resolver import resolver_addresses

    port: int = settings.DNS_AUTHORITY_PORT
    return NameServers(
        resolver_addresses(settings.DNS_RESOLVERS), port, private_authority=port != 53
    )


@contextmanager
def _reach(account: str) -> Iterator[None]:
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
def _refusals() -> Iterator[None]:
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


def _named(name: str, account: str) -> "SenderDomain":
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


def _registered(names: Sequence[str], account: str) -> "list[Subject]":
    from posthouse.domains import explaining

    with _reach(account):
        return [explaining.of_registered(_named(name, account)) for name in names]


def _verified(domain: "SenderDomain") -> "SenderDomain":
    from posthouse.accounts import access
    from posthouse.domains import checking

    with access.tenant(domain.account), _refusals():
        checking.verify(_at_the_shell(), domain)
    with _reach(domain.account.slug):
        return _named(domain.name, domain.account.slug)


def _at_the_shell() -> "Actor":
    """Whoever may run this command may read the database anyway; the log names their sign-in."""
    from posthouse.accounts.actors import Actor
    from posthouse.accounts.models import Role

    return Actor("system", f"{getpass.getuser()} at the command line", role=Role.OWNER)


def _tell_records(domains: "Sequence[SenderDomain]", as_json: bool) -> None:
    from posthouse.domains import showing

    told: list[dict[str, Any]] = [
        {"domain": row.name, "status": row.status, "account": row.account.slug}
        | {"advice": row.advice}
        | {"records": [showing.told(row, each) for each in row.records.all()]}
        for row in domains
    ]
    if as_json:
        _print_json(told)
        return
    for row in told:
        typer.echo(f"{row['domain']}: {row['status'].replace('_', ' ')}")
        for each in row["records"]:
            typer.echo(
                f"  {_WORDS[each['state']]:<15} {each['host']}  {each['type']}  {each['value']}"
            )
            for sentence in filter(None, (each["sentence"], each["next_step"])):
                typer.echo(f"{'':>18}{sentence}")


def _tell_keys(told: Sequence[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        _print_json(told)
        return
    for line in domain_keys.lines(told):
        typer.echo(line)


def _paragraph(told: dict[str, Any]) -> str:
    """An explanation for a person: each record in a line, then what to do, once for each kind."""
    lines = [f"{told['domain']}: {told['status'].replace('_', ' ')}"]
    lines += [
        f"  {_WORDS[each['state']]:<15} {each['host']}  {each['type']}  ({each['code']})"
        for each in told["records"]
    ]
    for each in told["advice"]:
        lines += ["", f"  {each['sentence']}", f"  → {each['next_step']}"]
    return "\n".join(lines if told["advice"] else [*lines, "  Nothing to change."])


def _outlook(name: str, found: "Forecast") -> str:
    """A forecast for a person: each mechanism with its why, its next step and its age."""
    lines = [name]
    for each in found.mechanisms:
        lines.append(f"  {each.name:<5} {each.outlook.words:<15} {each.sentence}")
        lines += [f"{'':>24}→ {each.next_step}"] if each.next_step else []
        lines += [f"{'':>24}As of {each.as_of:%Y-%m-%d %H:%M} UTC."] if each.as_of else []
    return "\n".join(lines)


def _print_json(told: Sequence[dict[str, Any]]) -> None:
    typer.echo(json.dumps(told, indent=2, ensure_ascii=False, default=datetime.isoformat))
