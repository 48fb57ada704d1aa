"""``posthouse up`` and ``posthouse status``: the whole installation on one machine."""

import os
import signal
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from posthouse.cli.checks import demand_dns_templates, demand_free
from posthouse.cli.starting import fail, migrate, start_django

if TYPE_CHECKING:
    from posthouse.operations.configuration import Layout

HOST = "127.0.0.1"
_EVERY = 2.0  # seconds between two looks at the processes

Home = Annotated[Path | None, typer.Option(help="Where it keeps its files (POSTHOUSE_HOME).")]


def up(
    home: Home = None,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the pages.")] = 8000,
    engines: Annotated[
        int | None,
        typer.Option(min=0, max=64, help="How many send engines (POSTHOUSE_ENGINE_COUNT)."),
    ] = None,
) -> None:
    """Runs everything on this machine until Ctrl-C: web, worker and send engines.

    Examples: posthouse up ; posthouse up --port 8080 --engines 4
    """
    _settle(home)
    os.environ.setdefault("POSTHOUSE_BASE_URL", f"http://{HOST}:{port}")
    start_django(migrated=False)
    from django.conf import settings

    from posthouse.operations import supervision
    from posthouse.operations.configuration import programs

    layout = _layout()
    if (pid := supervision.running(layout)) is not None:
        fail(str(supervision.AlreadyRunning(layout.home, pid)))
    demand_free(HOST, port)
    demand_dns_templates()
    typer.echo("Bringing the database up to date ...")
    migrate()
    commands = programs(HOST, port, settings.ENGINES if engines is None else engines)
    stopping = _signals()
    try:
        supervisor = supervision.start(layout, commands)
    except supervision.SupervisorFailed as error:
        fail(str(error))
    try:
        _say_where(layout)
        _watch(layout, port, stopping)
    finally:
        typer.echo("Stopping. Engines finish what is on the wire; this takes up to a minute ...")
        supervision.stop(supervisor)
        typer.echo("Stopped.")


def status(
    home: Home = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Shows the processes and the send engines.

    Exit code 0: all processes run; 1: not all of them; 3: Posthouse is not running here.
    """
    _settle(home)
    start_django()
    from posthouse.operations import report, supervision

    layout = _layout()
    try:
        processes = supervision.processes(layout)
    except supervision.NotRunning as error:
        fail(str(error), 3)
    engines = report.engines()
    if as_json:
        typer.echo(report.as_json(processes, engines))
    else:
        typer.echo(report.as_text(processes, engines))
    raise typer.Exit(0 if all(one.state == "RUNNING" for one in processes) else 1)


def _settle(home: Path | None) -> None:
    if home is not None:
        os.environ["POSTHOUSE_HOME"] = str(home.expanduser().resolve())


def _layout() -> "Layout":
    from django.conf import settings

    from posthouse.operations.configuration import Layout

    return Layout(settings.HOME)


def _say_where(layout: "Layout") -> None:

    from posthouse.accounts.models import User

    typer.echo(f"Files  {layout.home}")
    typer.echo(f"Logs   {layout.logs}")
    if not User.objects.filter(is_operator=True).exists():
        typer.echo("Nobody can sign in yet. In another terminal:")
        typer.echo(f"  POSTHOUSE_HOME={layout.home} ./run operator create YOU@YOUR-DOMAIN")
    typer.echo("Ctrl-C stops everything.")


def _signals() -> list[int]:
    """A list that the next signal to stop is put into, in place of ending this process."""
    came: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, note)
    return came


def _watch(layout: "Layout", port: int, stopping: list[int]) -> None:
    """Prints what changes, until a signal comes or the supervisor is gone."""
    from django.conf import settings

    from posthouse.operations import report, supervision

    known: dict[str, str] = {}
    while not stopping:
        try:
            lines = report.lines(layout)
        except supervision.NotRunning:
            typer.echo("The supervisor has ended.", err=True)
            return
        if "pages" in known or _answers(port):
            lines["pages"] = f"Ready: {settings.BASE_URL}/"
        for name, line in lines.items():
            if known.get(name) != line:
                typer.echo(line)
        known = lines
        time.sleep(_EVERY)


def _answers(port: int) -> bool:
    """Does the web server answer at all? (Which name it answers to is not asked.)"""
    web = HTTPConnection(HOST, port, timeout=_EVERY)
    try:
        web.request("GET", "/healthz")
        web.getresponse()
    except (OSError, HTTPException):
        return False
    finally:
        web.close()
    return True
