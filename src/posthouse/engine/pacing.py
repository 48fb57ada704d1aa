"""What one engine may start just now through a delivery server with rates, taken in lots."""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from posthouse.deliveries import rates
from posthouse.deliveries.rates import Permits
from posthouse.engine.store import Store

_LOT = 100  # messages at most: what is not used in time has cost a transaction for nothing
_MEMORY_SECONDS = 5.0  # a server that was at its rate so short ago will be there again
_RECHECK_SECONDS = 30.0  # an operator may have raised the rate of a server that is full for today
LONG_SECONDS = 1.0  # mail that has to wait for longer is handed back, for somebody else's sake

log = logging.getLogger(__name__)


class Pace:
    """The permits that this engine holds; ``demand`` says how many messages wait for one.

    Each message takes one when its first command is written, not when it is handed to the pool: a
    slow server makes no burst. ``wake`` is called when there are new ones. Nothing is asked while
    nothing waits.
    """

    def __init__(
        self, store: Store, server_id: int, demand: Callable[[], int], wake: Callable[[], None]
    ) -> None:
        self._store, self._server_id = store, server_id
        self._demand, self._wake = demand, wake
        self._permits = Permits(0, 0.0, 0)
        self._left = 0
        self._opens_at = -math.inf
        self._guests: list[object] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._asking = False

    def allowed(self) -> int:
        """How many permits there are; where there is none, more are asked for."""
        if self._left and time.monotonic() < self._permits.good_until:
            return self._left
        self._ask()
        return 0

    def use(self) -> None:
        """One message is started."""
        self._left -= 1

    @property
    def wait(self) -> float:
        """Seconds until the server may be used again; 0: now, as far as is known."""
        return max(0.0, self._opens_at - time.monotonic())

    @contextmanager
    def visited_by(self, guest: object) -> Iterator[None]:
        """While somebody's mail goes through the server."""
        self._guests.append(guest)
        try:
            yield
        finally:
            self._guests.remove(guest)

    def turns_away(self, guest: object = None) -> bool:
        """Should this guest, or a new one, serve other servers rather than wait here?

        At its rate, or where it was a moment ago, one of the engine's workers is enough; and none
        waits for long.
        """
        if self.wait > LONG_SECONDS:
            return True
        tight = time.monotonic() < self._opens_at + _MEMORY_SECONDS
        return tight and bool(self._guests) and self._guests[0] is not guest

    def _ask(self) -> None:
        if not self._asking and not self.wait:
            self._asking = True
            self._later(self._fetch())

    async def _fetch(self) -> None:
        try:
            await self._expire(self._permits)
            if wanted := min(_LOT, self._demand()):
                self._have(await self._store.ask(rates.take, self._server_id, wanted))
        except Exception as error:  # noqa: BLE001 - noted, and tried again
            log.error("no permits for delivery server %s: %r", self._server_id, error)
            self._shut(LONG_SECONDS)
        finally:
            self._asking = False
        self._wake()

    def _have(self, permits: Permits) -> None:
        if not permits.granted:
            self._shut(min(permits.wait, _RECHECK_SECONDS))
            return
        self._permits, self._left = permits, permits.granted
        seconds = max(0.0, permits.good_until - time.monotonic())
        loop = asyncio.get_running_loop()
        loop.call_later(seconds, lambda: self._later(self._expire(permits)))

    def _shut(self, seconds: float) -> None:
        self._opens_at = time.monotonic() + seconds
        asyncio.get_running_loop().call_later(seconds, self._wake)

    async def _expire(self, permits: Permits) -> None:
        """Gives back what is left of a lot whose time is over."""
        if permits is not self._permits or not self._left:
            return
        count, self._left = self._left, 0
        await self._store.ask(rates.give_back, self._server_id, permits, count)

    async def settle(self) -> None:
        """Gives everything back, at the end of the engine."""
        await self._expire(self._permits)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
