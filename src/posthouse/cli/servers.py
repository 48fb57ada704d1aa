"""``posthouse servers``: the delivery servers, seen and tested from a shell."""

import getpass
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from posthouse.cli.starting import fail, start_django

if TYPE_CHECKING:
    from posthouse.accounts.actors import Actor
    from posthouse.servers.models import DeliveryServer

app = typer.Typer(
    help="Delivery servers: who sends through them, and do they work.", no_args_is_help=True
)

AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]


@app.command("list")
def listing(as_json: AsJson = False) -> None:
    """Shows all delivery servers. Example: posthouse servers list --json"""
    start_django()
    from posthouse.servers.queries import servers

    rows = [_told(server) for server in servers()]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    elif rows:
        typer.echo("\n\n".join(_paragraph(row) for row in rows))
    else:
        typer.echo("There is no delivery server yet. Make one under Operator > Delivery servers.")


@app.command("test")
def run_test(
    name: Annotated[str, typer.Argument(help="The server's name, as the list shows it.")],
    as_json: AsJson = False,
) -> None:
    """Connects, signs in and says goodbye; no mail is sent. Exit code 1: the test failed.

    Example: posthouse servers test "EU marketing"
    """
    start_django()
    from posthouse.servers import services
    from posthouse.servers.errors import ServerRefused

    server = _named(name)
    if not as_json:
        typer.echo(f"Testing {server.name}: {_where(_told(server))} ...")
    try:
        services.test(_operator_at_the_shell(), server)
    except ServerRefused as refused:
        fail(str(refused))
    told = _told(server)
    typer.echo(json.dumps(told, indent=2) if as_json else _steps(told))
    raise typer.Exit(0 if server.test_state == server.TestState.OK else 1)


def _named(name: str) -> "DeliveryServer":
    from posthouse.servers.queries import servers

    server = servers().filter(name=name).first()
    if server is None:
        names = ", ".join(servers().values_list("name", flat=True)) or "none yet"
        fail(f"there is no delivery server {name!r}. There are: {names}.")
    assert server is not None
    return server


def _operator_at_the_shell() -> "Actor":
    """Whoever may run this command may read the database anyway; the log names their sign-in."""
    from posthouse.accounts.actors import Actor
    from posthouse.accounts.models import Role

    return Actor("system", f"{getpass.getuser()} at the command line", role=Role.OWNER)


def _told(server: "DeliveryServer") -> dict[str, Any]:
    """What a script is told of a server; nothing secret."""
    from posthouse.servers.queries import badges
    from posthouse.servers.rates import rates_of

    return {
        "id": server.public_id,
        "name": server.name,
        "kind": server.kind,
        "folder": server.folder,
        "host": server.host,
        "port": server.port,
        "encryption": server.encryption,
        "mail_from": server.mfrom_domain,
        "used_by": {badge.channel: list(badge.names) for badge in badges(server)},
        "test": {
            "state": server.test_state,
            "at": server.tested_at.isoformat() if server.tested_at else None,
            "steps": server.test_steps,
        },
        "paused_until": server.paused_until.isoformat() if server.paused_until else None,
        "paused_reason": server.paused_reason,
        "rates": {str(per): rate for per, rate in rates_of(server).items()},
        "retired_at": server.retired_at.isoformat() if server.retired_at else None,
    }


def _paragraph(row: dict[str, Any]) -> str:
    """A server in the words of the pages, one thing a line."""
    from posthouse.servers.models import DeliveryServer

    test, used = row["test"], row["used_by"]
    lines = {
        "where": _where(row),
        "Mail From": row["mail_from"],
        "used by": "; ".join(f"{what}: {', '.join(who)}" for what, who in used.items()),
        "test": f"{DeliveryServer.TestState(test['state']).label} {test['at'] or ''}".rstrip(),
        "paused": row["paused_reason"],
        "rates": ", ".join(f"{most:,} a {per}" for per, most in row["rates"].items()),
        "retired": row["retired_at"],
    }
    lines["used by"] = lines["used by"] or "Not Allocated"
    return "\n".join(
        [row["name"], *(f"  {name:<10} {value}" for name, value in lines.items() if value)]
    )


def _where(row: dict[str, Any]) -> str:
    """Where its mail goes, in words."""
    if row["kind"] == "disk":
        return f"the folder {row['folder']}"
    return f"{row['host']}, port {row['port']}, encryption {row['encryption']}"


def _steps(row: dict[str, Any]) -> str:
    """The steps of a test, and what to do about the one that failed."""
    lines = []
    for step in row["test"]["steps"]:
        mark = "ok    " if step["ok"] else "FAILED"
        lines.append(f"  {mark} {step['name']:<12} {step['milliseconds']:>7,} ms  {step['words']}")
        if step["advice"]:
            lines.append(f"{'':>34}{step['advice']}")
    works = row["test"]["state"] == "ok"
    lines.append(f"{row['name']} works." if works else f"{row['name']} does not work.")
    return "\n".join(lines)
