"""The carriers of one engine: lent by delivery server, replaced when it changes, closed at last.

An engine opens its share of a server's connections, which follows the engines that are alive.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import InterfaceError, OperationalError

from posthouse.accounts.vault import SecretUnreadable
from posthouse.core.smtp.messages import Outcome
from posthouse.core.smtp.settings import ServerSettings
from posthouse.deliveries import engines
from posthouse.deliveries.clock import database_now
from posthouse.engine.carrier import Carrier
from posthouse.engine.disk import Folder
from posthouse.engine.pacing import Pace
from posthouse.engine.smtp.pool import Pool
from posthouse.engine.store import Store
from posthouse.servers import pauses
from posthouse.servers.connecting import settings_of
from posthouse.servers.disk import DiskSettings, disk_settings_of
from posthouse.servers.models import DeliveryServer
from posthouse.servers.rates import rates_of

log = logging.getLogger(__name__)


class ServerUnusable(Exception):
    """Nobody can connect with what is known of the delivery server; the text says why."""


class Pools:
    """By server id; those on their way out are known too, so that a cut reaches them."""

    def __init__(
        self,
        engine: str,
        store: Store,
        on_start: Callable[[Sequence[int]], None],
        on_outcome: Callable[[Sequence[Outcome]], None],
    ) -> None:
        self._engine = engine
        self._store, self._on_start, self._on_outcome = store, on_start, on_outcome
        self._pools: dict[int, Carrier] = {}
        self._paces: dict[int, Pace] = {}  # of servers with rates
        self._leaving: set[Carrier] = set()
        self._loose: set[asyncio.Task[None]] = set()

    async def of(self, server_id: int) -> Carrier:
        """The server's pool; a new one when its settings changed, or after its trouble."""
        found = await self._look_up(server_id)
        pool = self._pools.get(server_id)
        if pool is None or pool.settings != found.settings or pool.trouble:
            if pool is not None:
                self._leaving.add(pool)
                self._later(self._see_off(pool))
            pool = self._new(found.settings)
            self._pools[server_id] = pool
            self._paces.pop(server_id, None)
        pool.share(found.connections)
        self._set_pace(server_id, pool, has_rates=found.has_rates)
        return pool

    def _new(self, settings: ServerSettings | DiskSettings) -> Carrier:
        if isinstance(settings, DiskSettings):
            return Folder(settings, self._on_start, self._on_outcome)
        return Pool(settings, self._on_start, self._on_outcome)

    def pace_of(self, server_id: int) -> Pace | None:
        """How fast the server may be used; None: as fast as it takes it."""
        return self._paces.get(server_id)

    def at_their_rate(self) -> frozenset[int]:
        """The servers that need no further worker now."""
        return frozenset(pk for pk, pace in self._paces.items() if pace.turns_away())

    def _set_pace(self, server_id: int, pool: Carrier, *, has_rates: bool) -> None:
        if has_rates and server_id not in self._paces:
            pace = Pace(self._store, server_id, lambda: pool.waiting, pool.wake)
            self._paces[server_id] = pool.gate = pace
        elif not has_rates and pool.gate is not None:
            pool.gate = None
            del self._paces[server_id]
            pool.wake()

    async def pause(self, server_id: int, reason: str) -> None:
        """The server rests, with the reason on its page; one that is gone needs no rest."""
        now = await self._store.ask(database_now)
        try:
            await self._store.ask(pauses.pause, server_id, reason, now)
        except DeliveryServer.DoesNotExist:
            return
        log.warning("delivery server %s is paused: %s", server_id, reason)

    async def well(self, server_id: int) -> None:
        """It took mail."""
        await self._store.ask(pauses.well, server_id)

    def cut_off(self) -> None:
        """A server that has gone silent does not keep the engine: what it owes is uncertain."""
        for pool in (*self._pools.values(), *self._leaving):
            self._later(pool.close(drain=False))

    async def close(self) -> None:
        """Says goodbye to all servers."""
        for pool in (*self._pools.values(), *self._leaving):
            await pool.close(drain=True)
        for pace in self._paces.values():
            await pace.settle()

    async def _look_up(self, server_id: int) -> "_Found":
        try:
            return await self._store.ask(_read, server_id, self._engine)
        except (OperationalError, InterfaceError):
            raise
        except DeliveryServer.DoesNotExist as error:
            raise ServerUnusable("The delivery server was deleted.") from error
        except SecretUnreadable as error:
            raise ServerUnusable(str(error)) from error
        except Exception as error:
            log.exception("delivery server %s has settings that cannot be used", server_id)
            raise ServerUnusable(f"Its settings cannot be used: {error}") from error

    async def _see_off(self, pool: Carrier) -> None:
        await pool.close(drain=True)
        self._leaving.discard(pool)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._loose.add(task)
        task.add_done_callback(self._loose.discard)


@dataclass(frozen=True, slots=True)
class _Found:
    """What an engine must know of a server: where mail goes, how often, and whether at a rate."""

    settings: ServerSettings | DiskSettings
    connections: int
    has_rates: bool


def _read(server_id: int, engine: str) -> _Found:
    server = DeliveryServer.objects.get(pk=server_id)
    share = engines.share_of(engine, server.max_connections, database_now())
    return _Found(_settings_of(server), share, bool(rates_of(server)))


def _settings_of(server: DeliveryServer) -> ServerSettings | DiskSettings:
    """What makes a carrier another one; the limit is no part: a share changes with the engines."""
    if server.kind == server.Kind.DISK:
        return disk_settings_of(server)
    return replace(settings_of(server), max_connections=1)
