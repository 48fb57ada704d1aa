"""What a person or a script is told about the processes and the send engines."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.db import DatabaseError, connection

from posthouse.deliveries.clock import database_now
from posthouse.deliveries.engines import is_gone
from posthouse.deliveries.models import Engine
from posthouse.http import figures
from posthouse.operations.configuration import Layout
from posthouse.operations.supervision import Process, last_lines, processes


@dataclass(frozen=True, slots=True)
class EngineReport:
    """A send engine as it told of itself; ``silent_for`` and ``rate`` per second."""

    name: str
    state: str
    host: str
    pid: int
    workers: int
    delivered: int
    rate: float
    memory: int
    silent_for: float
    last_error: str


def engines() -> list[EngineReport]:
    """All engines that have ever shown themselves, by name."""
    now = database_now()
    return [
        EngineReport(
            name=row.name,
            state="not answering" if is_gone(row, now) else row.state,
            host=row.host,
            pid=row.pid,
            workers=row.workers,
            delivered=row.delivered,
            rate=row.rate,
            memory=row.memory,
            silent_for=round(max(0.0, (now - row.heartbeat_at).total_seconds()), 1),
            last_error=row.last_error,
        )
        for row in Engine.objects.order_by("name")
    ]


def lines(layout: Layout) -> dict[str, str]:
    """One line a process and one an engine, for who watches; a process in trouble tells why."""
    told = {f"process {one.name}": _process_line(layout, one) for one in processes(layout)}
    try:
        delivered = {one.name: one.delivered for one in engines() if one.delivered}
    except DatabaseError as error:  # it may come back; nothing is stopped because of that
        connection.close()
        return told | {"database": f"The database cannot be reached: {error}"}
    return told | {
        f"engine {name}": f"{name}: {figures.number(number)} delivered"
        for name, number in delivered.items()
    }


def as_text(rows: Sequence[Process], reports: Sequence[EngineReport]) -> str:
    """Two tables."""
    head = ("PROCESS", "STATE", "PID", "FOR", "")
    body = [
        (
            one.name,
            one.state,
            str(one.pid or ""),
            figures.duration(one.since) if one.pid else "",
            "" if one.state == "RUNNING" else one.words,
        )
        for one in rows
    ]
    engine_head = ("ENGINE", "STATE", "WORKERS", "DELIVERED", "RATE", "MEMORY", "LAST ERROR")
    engine_body = [
        (
            one.name,
            one.state,
            str(one.workers),
            figures.number(one.delivered),
            figures.rate(one.rate),
            figures.size(one.memory),
            one.last_error,
        )
        for one in reports
    ]
    tables = [_table(head, body)]
    tables.append(
        _table(engine_head, engine_body) if engine_body else "No engine has shown itself yet."
    )
    return "\n\n".join(tables)


def as_json(rows: Sequence[Process], reports: Sequence[EngineReport]) -> str:
    """The same as one JSON object with the lists ``processes`` and ``engines``."""
    told = {
        "processes": [asdict(one) for one in rows],
        "engines": [asdict(one) for one in reports],
    }
    return json.dumps(told, indent=2)


def _process_line(layout: Layout, process: Process) -> str:
    line = f"{process.name}: {process.state.lower()}"
    if process.state == "RUNNING":
        return f"{line} (process {process.pid})"
    if process.state in {"BACKOFF", "FATAL"}:
        said = last_lines(layout, process.name)
        return "\n".join([f"{line}: {process.words}", *(f"    {text}" for text in said)])
    return line


def _table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their longest cell."""
    widths = [max(len(row[column]) for row in (head, *body)) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *body)
    )
