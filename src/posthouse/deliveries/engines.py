"""The register of send engines: who is there, and how it fares."""

from datetime import datetime, timedelta

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
            "last_error": "",
        },
    )


def heartbeat(
    name: str, *, workers: int, delivered: int, rate: float, memory: int, error: str, draining: bool
) -> None:
    """Keeps how the engine fares."""
    Engine.objects.filter(name=name).update(
        heartbeat_at=database_now(),
        state=Engine.State.DRAINING if draining else Engine.State.RUNNING,
        workers=workers,
        delivered=delivered,
        rate=rate,
        memory=memory,
        last_error=error[:500],
    )


def stopped(name: str) -> None:
    """The engine has drained and goes."""
    Engine.objects.filter(name=name).update(
        state=Engine.State.STOPPED, heartbeat_at=database_now(), workers=0, rate=0
    )


def share_of(name: str, connections: int, now: datetime) -> int:
    """How many of a server's connections are this engine's: together no more than there are.

    Each of the engines alive has one in any case. One that went without a word keeps its part for
    GONE_AFTER, and a new one is known to the others at their next claim.
    """
    alive = Engine.objects.exclude(state=Engine.State.STOPPED).filter(
        heartbeat_at__gt=now - GONE_AFTER
    )
    names = sorted({name, *alive.values_list("name", flat=True)})
    each, rest = divmod(connections, len(names))
    return max(1, each + (names.index(name) < rest))


def is_gone(engine: Engine, now: datetime) -> bool:
    """Has it been silent for so long that it must have died?"""
    return engine.state != Engine.State.STOPPED and now - engine.heartbeat_at > GONE_AFTER
