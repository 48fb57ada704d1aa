"""The ``posthouse`` command: every process and every verb of an operator, by name."""

import sys
from typing import Annotated

import typer

from posthouse.cli import (
    check,
    dns_templates,
    domains,
    explain,
    importing,
    people,
    processes,
    servers,
    up,
    world,
)
from posthouse.cli.starting import explained

app = typer.Typer(
    name="posthouse",
    help="Posthouse sends e-mail for many accounts, each under its own verified identity.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(world.demo)
app.command("up")(up.up)
app.command("status")(up.status)
app.command("check")(check.check)
app.command("web")(processes.web)
app.command("worker")(processes.worker)
app.command("engine")(processes.engine)
app.command("migrate")(processes.migrate)
app.command("import")(importing.import_subscribers)
app.command("explain")(explain.explain)
app.add_typer(people.app, name="operator")
app.add_typer(servers.app, name="servers")
app.add_typer(domains.app, name="domains")
dns = typer.Typer(help="What sender domains must publish in DNS.", no_args_is_help=True)
dns.add_typer(dns_templates.app, name="templates")
app.add_typer(dns, name="dns")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"posthouse {version('posthouse')}")
        except PackageNotFoundError:
            typer.echo("posthouse (from a checkout)")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Posthouse sends e-mail for many accounts, each under its own verified identity."""


def main() -> None:
    """Runs the command; what an operator got wrong is one sentence and exit code 2."""
    with explained():
        app(prog_name="posthouse")


if __name__ == "__main__":
    sys.argv[0] = "posthouse"
    main()
