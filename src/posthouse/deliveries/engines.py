"""The register of send engines: who is there, how it fares, what it was told."""

from datetime import datetime, timedelta

from django.db import transaction

from posthouse.deliveries.clock import database_now
from posthouse.deliveries.models import Engine

GONE_AFTER = timedelta(seconds=30)  # without a heartbeat


def register(name: str, host: str, pid: int) -> None:
    """An engine shows itself; one of the same name that stopped is the same row again."""
    now = database_now()
    Engine.objects.update_or_create(
        name=name,
        defaults={
            "host": host,
            "pid": pid,
            "state": Engine.State.RUNNING,
            "started_at": now,
            "heartbeat_at": now,
            "workers": 0,
            "delivered": 0,
            "rate": 0,
            "command": "",
            "last_error": "",
        },
    )


@transaction.atomic
def heartbeat(
    name: str, *, workers: int, delivered: int, rate: float, memory: int, error: str, draining: bool
) -> str:
    """Keeps how the engine fares; the command it was told since (empty: none)."""
    state = Engine.State.DRAINING if draining else Engine.State.RUNNING
    rows = Engine.objects.filter(name=name)
    # Locked, or a command that comes between the two statements would be lost.
    command = rows.select_for_update().values_list("command", flat=True).first() or ""
    rows.update(
        heartbeat_at=database_now(),
        state=state,
        workers=workers,
        delivered=delivered,
        rate=rate,
        memory=memory,
        last_error=error[:500],
        command="",
    )
    return command


def stopped(name: str) -> None:
    """The engine has drained and goes."""
    Engine.objects.filter(name=name).update(
        state=Engine.State.STOPPED, heartbeat_at=database_now(), workers=0, rate=0
    )


def is_gone(engine: Engine, now: datetime) -> bool:
    """Has it been silent for so long that it must have died?"""
    return engine.state != Engine.State.STOPPED and now - engine.heartbeat_at > GONE_AFTER
