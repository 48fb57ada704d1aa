"""``posthouse up`` and ``posthouse status``: the whole installation on one machine."""

import os
import signal
import socket
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from posthouse.cli.starting import fail, migrate, start_django

if TYPE_CHECKING:
    from posthouse.operations.configuration import Layout

HOST = "127.0.0.1"
_EVERY = 2.0  # seconds between two looks at the processes

Home = Annotated[Path | None, typer.Option(help="Where it keeps its files (POSTHOUSE_HOME).")]


def up(
    home: Home = None,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the pages.")] = 8000,
    engines: Annotated[int, typer.Option(min=0, max=64, help="How many send engines.")] = 1,
) -> None:
    """Runs everything on this machine until Ctrl-C: web, worker and send engines.

    Examples: posthouse up ; posthouse up --port 8080 --engines 4
    """
    _settle(home)
    os.environ.setdefault("POSTHOUSE_BASE_URL", f"http://{HOST}:{port}")
    start_django(migrated=False)
    from posthouse.operations import supervision
    from posthouse.operations.configuration import programs

    layout = _layout()
    if (pid := supervision.running(layout)) is not None:
        fail(str(supervision.AlreadyRunning(layout.home, pid)))
    _demand_free(port)
    typer.echo("Bringing the database up to date ...")
    migrate()
    try:
        supervisor = supervision.start(layout, programs(HOST, port, engines))
    except supervision.SupervisorFailed as error:
        fail(str(error))
    _say_where(layout)
    try:
        _watch(layout)
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


def _demand_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            fail(f"port {port} is reserved for the system: choose one above 1023 with --port.")
        except OSError:
            fail(f"port {port} is taken by another program: choose another with --port.")


def _say_where(layout: "Layout") -> None:
    from django.conf import settings

    typer.echo(f"Pages   {settings.BASE_URL}/")
    typer.echo(f"Files   {layout.home}")
    typer.echo(f"Logs    {layout.logs}")
    typer.echo("Ctrl-C stops everything.")


def _watch(layout: "Layout") -> None:
    """Prints what changes, until a signal comes or the supervisor is gone."""
    from posthouse.operations import report, supervision

    stopping: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        stopping.append(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, note)
    known: dict[str, Any] = {}
    while not stopping:
        try:
            lines = report.lines(layout)
        except supervision.NotRunning:
            typer.echo("The supervisor has ended.", err=True)
            return
        for name, line in lines.items():
            if known.get(name) != line:
                typer.echo(line)
        known = lines
        time.sleep(_EVERY)
