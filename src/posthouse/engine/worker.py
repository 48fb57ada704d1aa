"""One worker: carries a claimed batch, slice by slice, from rows to replies."""

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence

from posthouse.core.delivery.replies import Stage
from posthouse.core.delivery.states import Result
from posthouse.core.smtp.messages import Outcome
from posthouse.deliveries import outbox
from posthouse.deliveries.outbox import Claim, Parcel
from posthouse.engine.composing import Composer
from posthouse.engine.journal import Journal
from posthouse.engine.smtp.pool import Pool
from posthouse.engine.store import Store

SLICE_ROWS = 50  # promise 4: at most this many messages leave after somebody's leaving is committed
_SETTLE_ROWS, _SETTLE_SECONDS = 200, 0.1

log = logging.getLogger(__name__)


class Desk:
    """Where the outcomes of one claim arrive, until they are settled."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.open: set[int] = set()  # handed to the pool, no outcome yet
        self.outcomes: list[Outcome] = []
        self.skipped: list[int] = []
        self._since = 0.0
        self._changed = asyncio.Event()

    def receive(self, outcome: Outcome) -> None:
        """One message's end. Called by the pool, in the event loop."""
        if not self.outcomes:
            self._since = time.monotonic()
        self.outcomes.append(outcome)
        self.open.discard(outcome.token)
        self._changed.set()

    def is_due(self) -> bool:
        """Time to settle: enough outcomes, or the oldest has waited for long enough."""
        waited = time.monotonic() - self._since
        many = len(self.outcomes) >= _SETTLE_ROWS
        return many or (bool(self.outcomes) and waited >= _SETTLE_SECONDS)

    async def change(self) -> None:
        """Returns after the next outcome, or when it may be time to settle."""
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), timeout=_SETTLE_SECONDS)
        except TimeoutError:
            return

    def take(self) -> tuple[list[Outcome], list[int]]:
        """What is to be settled now."""
        outcomes, skipped = self.outcomes, self.skipped
        self.outcomes, self.skipped = [], []
        return outcomes, skipped


class Worker:
    """Delivers one claim at a time; everything it needs is handed to it."""

    def __init__(self, engine: str, store: Store, journal: Journal, composer: Composer) -> None:
        self._engine, self._store = engine, store
        self._journal, self._composer = journal, composer
        self.draining = False

    async def deliver(self, claim: Claim, pool: Pool, desk: Desk) -> None:
        """Sends the batch until it is through, or until it may not or cannot go on."""
        for parcels in _slices(claim.parcels):
            if self.draining or pool.trouble:
                break
            watch = await self._store.ask(outbox.watch, claim, parcels)
            if not watch.go_on:
                break
            desk.skipped += watch.left
            await self._send(claim, pool, desk, [p for p in parcels if p.id not in watch.left])
            await self._until(desk, still_open=SLICE_ROWS // 2)
        if pool.trouble or self.draining:
            for message in pool.take_back(desk.open):
                desk.receive(untouched(message.token))
        await self._until(desk, still_open=0)
        await self._settle(desk)
        await self._store.ask(outbox.release, claim.token)
        self._journal.settled(claim.token)

    async def _send(self, claim: Claim, pool: Pool, desk: Desk, parcels: Sequence[Parcel]) -> None:
        messages, refused = await self._composer.compose(claim, parcels)
        for outcome in refused:
            desk.receive(outcome)
        desk.open.update(message.token for message in messages)
        pool.put(messages)

    async def _until(self, desk: Desk, still_open: int) -> None:
        """Settles what is due until no more than so many messages are without an outcome."""
        while True:
            if desk.is_due():
                await self._settle(desk)
            if len(desk.open) <= still_open:
                return
            await desk.change()

    async def _settle(self, desk: Desk) -> None:
        outcomes, skipped = desk.take()
        if outcomes or skipped:
            await self._store.ask(outbox.settle, self._engine, desk.claim.token, outcomes, skipped)


def untouched(token: int) -> Outcome:
    """The outcome of a message that was taken back before it was started."""
    return Outcome(token, Result.UNTOUCHED, Stage.CONNECT, 0, "", "")


def _slices(parcels: Sequence[Parcel]) -> Iterator[Sequence[Parcel]]:
    for start in range(0, len(parcels), SLICE_ROWS):
        yield parcels[start : start + SLICE_ROWS]
