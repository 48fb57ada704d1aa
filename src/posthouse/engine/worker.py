"""One worker: carries a claimed batch, slice by slice, from rows to replies."""

import asyncio
import logging
import time
from collections.abc import Collection, Iterator, Sequence

from posthouse.core.delivery.replies import Stage
from posthouse.core.delivery.states import Result
from posthouse.core.smtp.messages import Outcome
from posthouse.deliveries import outbox, services
from posthouse.deliveries.outbox import Claim, Parcel, Watch
from posthouse.engine.carrier import Carrier
from posthouse.engine.composing import Composer
from posthouse.engine.journal import Journal
from posthouse.engine.pacing import Pace
from posthouse.engine.signing import CannotSign, OwnKeyGone
from posthouse.engine.store import Store

SLICE_ROWS = 50  # promise 4: at most this many messages leave after somebody's leaving is committed
_WATCH_SECONDS = 0.25  # ... or that wait for longer than this
_SETTLE_ROWS, _SETTLE_SECONDS = 200, 0.1
_UNEXPECTED = "Posthouse met an error that it did not expect; the engine's log says more."

log = logging.getLogger(__name__)


class Desk:
    """Where the outcomes of one claim arrive, until they are settled."""

    def __init__(self, claim: Claim, pace: Pace | None = None) -> None:
        self.claim, self._pace = claim, pace
        self.open: set[int] = set()  # handed to the pool, no outcome yet
        self.outcomes: list[Outcome] = []
        self.skipped: list[int] = []
        self.accepted = False  # the server took at least one message
        self.watched_at = 0.0
        self._since = 0.0
        self._changed = asyncio.Event()

    def receive(self, outcome: Outcome) -> None:
        """One message's end. Called by the pool, in the event loop."""
        if not self.outcomes:
            self._since = time.monotonic()
        self.outcomes.append(outcome)
        self.open.discard(outcome.token)
        self.accepted |= outcome.result is Result.ACCEPTED
        self._changed.set()

    def skip(self, delivery_id: int) -> None:
        """Its recipient left before it was started."""
        self.open.discard(delivery_id)
        self.skipped.append(delivery_id)

    @property
    def is_turned_away(self) -> bool:
        """The server is at its rate: somebody else's mail should not wait with this."""
        return self._pace is not None and self._pace.turns_away(self)

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

    async def deliver(self, claim: Claim, pool: Carrier, desk: Desk) -> None:
        """Sends the batch until it is through, or until it may not or cannot go on."""
        for parcels in _slices(claim.parcels):
            watch = await self._watch(claim, pool, desk, parcels)
            if not watch.go_on:
                break
            desk.skipped += watch.left
            await self._send(claim, pool, desk, [p for p in parcels if p.id not in watch.left])
            await self._until(claim, pool, desk, still_open=SLICE_ROWS // 2)
        await self._until(claim, pool, desk, still_open=0)
        await self._settle(desk)
        await self.release(claim)

    async def give_up(self, claim: Claim, pool: Carrier, desk: Desk, error: Exception) -> None:
        """Ends a claim after an error: nothing more is started, what is known is settled.

        The dispatch pauses, or the next claim would meet the same error, without end; but for a key
        that is gone, which the next claim's route does not name.
        """
        _take_back(pool, desk, desk.open)
        while desk.open:
            await desk.change()
        if not isinstance(error, OwnKeyGone):
            reason = str(error) if isinstance(error, CannotSign) else f"{_UNEXPECTED} ({error!r})"
            await self._store.ask(services.stop_for_trouble, claim.dispatch_id, reason)
        await self._settle(desk)
        await self.release(claim)

    async def release(self, claim: Claim) -> None:
        """What was not sent waits again."""
        await self._store.ask(outbox.release, claim.token)
        self._journal.settled(claim.token)

    async def _watch(
        self, claim: Claim, pool: Carrier, desk: Desk, parcels: Sequence[Parcel]
    ) -> Watch:
        """May these go out? Not while the engine drains, or the server is in trouble or full."""
        if self.draining or pool.trouble or desk.is_turned_away:
            return Watch(go_on=False, left=frozenset())
        desk.watched_at = time.monotonic()
        return await self._store.ask(outbox.watch, claim, parcels)

    async def _send(
        self, claim: Claim, pool: Carrier, desk: Desk, parcels: Sequence[Parcel]
    ) -> None:
        messages, refused = await self._composer.compose(claim, parcels)
        for outcome in refused:
            desk.receive(outcome)
        desk.open.update(message.token for message in messages)
        pool.put(messages)

    async def _until(self, claim: Claim, pool: Carrier, desk: Desk, *, still_open: int) -> None:
        """Settles what is due until no more than so many messages are without an outcome."""
        while True:
            if desk.is_due():
                await self._settle(desk)
            if len(desk.open) <= still_open:
                return
            await desk.change()
            await self._look_again(claim, pool, desk)

    async def _look_again(self, claim: Claim, pool: Carrier, desk: Desk) -> None:
        """Takes back what waits for a slow server, where it may not go out any more."""
        hurry = self.draining or time.monotonic() - desk.watched_at >= _WATCH_SECONDS
        if not pool.waiting or not hurry:
            return
        watch = await self._watch(
            claim, pool, desk, [parcel for parcel in claim.parcels if parcel.id in desk.open]
        )
        _take_back(pool, desk, watch.left if watch.go_on else desk.open, left=watch.left)

    async def _settle(self, desk: Desk) -> None:
        outcomes, skipped = desk.take()
        if outcomes or skipped:
            await self._store.ask(outbox.settle, self._engine, desk.claim.token, outcomes, skipped)


def _take_back(
    pool: Carrier, desk: Desk, ids: Collection[int], left: Collection[int] = frozenset()
) -> None:
    """Those of the messages that were not started; who ``left`` is skipped, the others wait."""
    for message in pool.take_back(ids):
        if message.token in left:
            desk.skip(message.token)
        else:
            desk.receive(Outcome(message.token, Result.UNTOUCHED, Stage.CONNECT, 0, "", ""))


def _slices(parcels: Sequence[Parcel]) -> Iterator[Sequence[Parcel]]:
    for start in range(0, len(parcels), SLICE_ROWS):
        yield parcels[start : start + SLICE_ROWS]
