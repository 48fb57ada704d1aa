"""Starts, asks and stops the supervisor that keeps an installation's processes alive."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, cast
from xmlrpc.client import ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from posthouse.operations.configuration import STOP_SECONDS, Layout, configuration

_ANSWER_SECONDS = 20  # until a new supervisor answers; it takes one
_LONGEST_SOCKET = 103  # bytes that a Unix socket's address holds (unix(7): 108), with some to spare


class SupervisorFailed(Exception):
    """Base of what goes wrong with the supervisor; the text says what to do."""


class NotRunning(SupervisorFailed):
    """No supervisor answers in this home."""

    def __init__(self, home: Path) -> None:
        super().__init__(f"Posthouse is not running in {home}: start it with posthouse up.")


class AlreadyRunning(SupervisorFailed):
    """A supervisor answers in this home already."""

    def __init__(self, home: Path, pid: int) -> None:
        super().__init__(
            f"Posthouse is already running in {home} (process {pid}). See posthouse status; "
            f"stop it with: kill {pid}"
        )


class SupervisorSilent(SupervisorFailed):
    """A new supervisor ended or does not answer."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process as the supervisor sees it; ``since`` in seconds, 0 when it does not run."""

    name: str
    state: str  # RUNNING, STARTING, BACKOFF, FATAL, STOPPING, STOPPED, EXITED
    pid: int
    since: int
    words: str


def start(layout: Layout, commands: dict[str, list[str]]) -> "subprocess.Popen[bytes]":
    """Writes the configuration and starts the supervisor, which starts all the others."""
    if (pid := running(layout)) is not None:
        raise AlreadyRunning(layout.home, pid)
    _demand_usable(layout)
    layout.config.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    layout.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    layout.config.write_text(configuration(layout, commands))
    # A session of its own: Ctrl-C reaches "posthouse up" alone, which then stops it in order.
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own file
        [sys.executable, "-m", "supervisor.supervisord", "-c", str(layout.config)],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    until = time.monotonic() + _ANSWER_SECONDS
    while running(layout) is None:
        if process.poll() is not None or time.monotonic() > until:
            stop(process)
            log = layout.logs / "supervisord.log"
            raise SupervisorSilent(f"The supervisor did not start; see above, or {log}.")
        time.sleep(0.1)
    return process


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Ends all processes in order and waits for them; those that hang are killed."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS + 15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def running(layout: Layout) -> int | None:
    """The supervisor's process id, or None when there is none."""
    try:
        with _remote(layout) as remote:
            return cast("int", remote.supervisor.getPID())
    except (OSError, HTTPException):
        return None


def processes(layout: Layout) -> list[Process]:
    """All processes in the supervisor's order; raises NotRunning."""
    try:
        with _remote(layout) as remote:
            rows = cast("list[dict[str, Any]]", remote.supervisor.getAllProcessInfo())
    except (OSError, HTTPException) as error:
        raise NotRunning(layout.home) from error
    return [
        Process(
            name=row["name"],
            state=row["statename"],
            pid=row["pid"],
            since=max(0, row["now"] - row["start"]) if row["pid"] else 0,
            words=row["spawnerr"] or row["description"],
        )
        for row in rows
    ]


def last_lines(layout: Layout, name: str, lines: int = 3) -> list[str]:
    """What a process said last."""
    log = layout.logs / f"{name}.log"
    if not log.exists():
        return []
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        said = file.read().decode(errors="replace").splitlines()[-lines:]
    # Nothing that a terminal would obey.
    return ["".join(letter if letter.isprintable() else "?" for letter in line) for line in said]


def _demand_usable(layout: Layout) -> None:
    """Refuses a home that the supervisor cannot be told of."""
    if len(os.fsencode(layout.socket)) > _LONGEST_SOCKET:
        raise SupervisorFailed(f"{layout.socket} is too long for a socket: use a shorter --home.")
    if "%" in str(layout.home):  # it expands %(...)s, once in some places and twice in others
        raise SupervisorFailed(f"{layout.home} contains %, which the supervisor cannot read.")


def _remote(layout: Layout) -> ServerProxy:
    # The address is not used: the transport goes through the socket.
    transport = SupervisorTransport(None, None, f"unix://{layout.socket}")
    return ServerProxy("http://127.0.0.1", transport=transport)
