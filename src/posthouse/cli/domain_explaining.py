"""``posthouse domains explain|forecast``: what DNS says, and what receivers will make of it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from posthouse.cli.domain_options import (
    WORDS,
    AccountSlug,
    AsJson,
    Names,
    ResolverAddress,
    named,
    print_json,
    reach,
    refusals,
    start,
)
from posthouse.cli.starting import fail

if TYPE_CHECKING:
    from posthouse.core.verification.forecast import Forecast
    from posthouse.domains.examine import NameServers
    from posthouse.domains.explaining import Subject


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
    start(resolver, migrated=not template)
    from posthouse.domains import explaining

    with refusals():
        if template:
            asked = dict.fromkeys(names)
            subjects = [explaining.of_stranger(name, template, token) for name in asked]
        else:
            subjects = _registered(names, account)
    servers = _name_servers()
    _demand_reply(servers)
    answers = [explaining.told(each) for each in explaining.explain(subjects, servers)]
    if as_json:
        print_json(answers)
    else:
        typer.echo("\n\n".join(map(_paragraph, answers)))


def forecast(names: Names, account: AccountSlug = "", as_json: AsJson = False) -> None:
    """Says what receivers will make of SPF, DKIM and DMARC, by the last checks; asks no DNS.

    Exit code 1: DMARC fails for one of them. Example: posthouse domains forecast mail.example.com
    """
    start("")
    from posthouse.core.verification.evidence import Outlook
    from posthouse.deliveries.forecasting import forecast_for
    from posthouse.deliveries.route import RouteRefused

    with reach(account):
        try:
            found = {name: forecast_for(named(name, account)) for name in names}
        except RouteRefused as refused:
            fail(str(refused))
    if as_json:
        print_json([{"domain": name} | asdict(each) for name, each in found.items()])
    else:
        typer.echo("\n\n".join(_outlook(name, each) for name, each in found.items()))
    failing = any(each.dmarc.outlook is Outlook.FAILS for each in found.values())
    raise typer.Exit(1 if failing else 0)


def _name_servers() -> "NameServers":
    from django.conf import settings

    from posthouse.domains.examine import NameServers
    from posthouse.domains.resolver import resolver_addresses

    port: int = settings.DNS_AUTHORITY_PORT
    return NameServers(
        resolver_addresses(settings.DNS_RESOLVERS), port, private_authority=port != 53
    )


def _demand_reply(servers: "NameServers") -> None:
    """Nothing is said of anybody's domain where it is our own resolver that does not reply."""
    from posthouse.core.dns.answers import Outcome
    from posthouse.domains.resolver import ask

    question = ("localhost", "A")  # resolvers answer that by themselves (RFC 6761 section 6.3)
    if ask([question], servers.resolvers)[question].outcome is Outcome.TIMEOUT:
        silent = ", ".join(f"{host} port {port}" for host, port in servers.resolvers)
        fail(
            f"no reply from the resolver ({silent}), so nothing can be looked up. Check the address"
            " (--resolver, POSTHOUSE_DNS_RESOLVERS), and that no firewall is in between."
        )


def _registered(names: Sequence[str], account: str) -> "list[Subject]":
    from posthouse.domains import explaining

    with reach(account):
        return [explaining.of_registered(named(name, account)) for name in names]


def _paragraph(told: dict[str, Any]) -> str:
    """An explanation for a person: each record in a line, then what to do, once for each kind."""
    lines = [f"{told['domain']}: {told['status'].replace('_', ' ')}"]
    lines += [
        f"  {WORDS[each['state']]:<15} {each['host']}  {each['type']}{_wanted(each)}"
        f"  ({each['code']})"
        for each in told["records"]
    ]
    for each in told["advice"]:
        lines += ["", f"  {each['sentence']}", f"  → {each['next_step']}"]
    return "\n".join(lines if told["advice"] else [*lines, "  Nothing to change."])


def _wanted(record: dict[str, Any]) -> str:
    """What to publish, where it is not there: the advice has it for the first of its kind only."""
    return "" if record["state"] == "ok" else f" {record['expected']}"


def _outlook(name: str, found: "Forecast") -> str:
    """A forecast for a person: each mechanism with its why, its next step and its age."""
    lines = [name]
    for each in found.mechanisms:
        lines.append(f"  {each.name:<5} {each.outlook.words:<15} {each.sentence}")
        lines += [f"{'':>24}→ {each.next_step}"] if each.next_step else []
        lines += [f"{'':>24}As of {each.as_of:%Y-%m-%d %H:%M} UTC."] if each.as_of else []
    return "\n".join(lines)
