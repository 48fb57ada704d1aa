"""Keeps an engine's workers in work: claims for them, lends them pools, tells how it fares."""

import asyncio
import logging
import secrets
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import psutil
from django.db import InterfaceError, OperationalError

from posthouse.core.delivery.states import Result
from posthouse.core.smtp.messages import Outcome
from posthouse.deliveries import engines, outbox
from posthouse.deliveries.outbox import Claim
from posthouse.engine import journal as journals
from posthouse.engine.carrier import Carrier
from posthouse.engine.composing import Composer
from posthouse.engine.journal import AbandonedJournal, Journal
from posthouse.engine.pools import Pools, ServerUnusable
from posthouse.engine.queue.port import Queue
from posthouse.engine.store import Store
from posthouse.engine.worker import Desk, Worker

HEARTBEAT_SECONDS = 2.0
_DRAIN_SECONDS = 25.0
_ADOPT_EVERY = 5  # heartbeats

log = logging.getLogger(__name__)


class Controller:
    """One engine's claims and desks. Workers are tasks; outcomes find their desk by id.

    Whatever a claim does, it ends alone: only a database that stays away ends the engine, and
    then its journal tells the next one what is known.
    """

    def __init__(self, name: str, store: Store, queue: Queue, journal_folder: Path) -> None:
        self.name, self._store, self._queue = name, store, queue
        self._folder = journal_folder
        self._journal = Journal.open(journal_folder, name)
        self._composer = Composer(store)
        self._pools = Pools(name, store, self._journal.started, self._receive)
        self._desks: dict[int, Desk] = {}  # by delivery id
        self._claims: dict[int, Claim] = {}  # by token
        self._workers: list[Worker] = []
        self._draining = asyncio.Event()
        self._delivered = 0
        self._error = ""

    async def run(self, workers: int) -> None:
        """Works until :meth:`drain`, then finishes what is on the wire and hands back the rest."""
        await self._adopt()
        heart = asyncio.create_task(self._beat(), name="heartbeat")
        async with asyncio.TaskGroup() as group:
            for number in range(workers):
                group.create_task(self._work(), name=f"worker-{number}")
        heart.cancel()
        await asyncio.gather(heart, return_exceptions=True)
        await self._pools.close()
        await self._queue.close()
        self._journal.close()
        await self._store.ask(engines.stopped, self.name)

    def drain(self) -> None:
        """SIGTERM: no new claim; workers take back what is not on the wire yet."""
        log.info("%s is draining", self.name)
        self._draining.set()
        for worker in self._workers:
            worker.draining = True
        asyncio.get_running_loop().call_later(_DRAIN_SECONDS, self._cut_off)

    def _cut_off(self) -> None:
        self._pools.cut_off()
        self._store.patient = False

    # ------------------------------------------------------------------------------- one worker

    async def _work(self) -> None:
        worker = Worker(self.name, self._store, self._journal, self._composer)
        self._workers.append(worker)
        while not self._draining.is_set():
            claim = await self._claim()
            if claim is None:
                await self._wait()
                continue
            self._queue.worked()
            try:
                await self._deliver(worker, claim)
            finally:
                self._claims.pop(claim.token, None)

    async def _claim(self) -> Claim | None:
        """A claim, which is in the journal before and after the rows know of it."""
        token = secrets.randbits(62)
        try:
            self._journal.claimed(token, ())  # see outbox.claim_next
            busy = self._pools.at_their_rate()
            claim = await self._store.ask(outbox.claim_next, self.name, token, busy)
            if claim is not None:
                self._journal.claimed(token, [parcel.id for parcel in claim.parcels])
                self._claims[token] = claim
                return claim
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # noqa: BLE001 - noted
            self._note(error, "no batch could be claimed")
            await self._store.ask(outbox.release, token)
        self._journal.settled(token)
        return None

    async def _wait(self) -> None:
        """Until there may be work, or until the engine is told to drain."""
        waits = {
            asyncio.create_task(self._queue.wait()),
            asyncio.create_task(self._draining.wait()),
        }
        _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()

    async def _deliver(self, worker: Worker, claim: Claim) -> None:
        server_id = claim.route.server_id
        try:
            pool = await self._pools.of(server_id)
        except ServerUnusable as unusable:
            await worker.release(claim)
            await self._rest(server_id, str(unusable))
            return
        pace = self._pools.pace_of(server_id)
        desk = Desk(claim, pace)
        self._desks.update(dict.fromkeys((parcel.id for parcel in claim.parcels), desk))
        try:
            with pace.visited_by(desk) if pace else nullcontext():
                await self._guarded(worker, claim, pool, desk)
        finally:
            for parcel in claim.parcels:
                self._desks.pop(parcel.id, None)
        if pool.trouble:
            await self._rest(server_id, pool.trouble.reason)
        elif desk.accepted:
            await self._pools.well(server_id)

    async def _guarded(self, worker: Worker, claim: Claim, pool: Carrier, desk: Desk) -> None:
        """Whatever this claim meets, its dispatch pauses with the reason and the engine lives."""
        try:
            await worker.deliver(claim, pool, desk)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # noqa: BLE001 - noted
            self._note(error, "a batch could not be sent")
            await self._give_up(worker, claim, pool, desk, error)

    async def _give_up(
        self, worker: Worker, claim: Claim, pool: Carrier, desk: Desk, error: Exception
    ) -> None:
        try:
            await worker.give_up(claim, pool, desk, error)
        except (OperationalError, InterfaceError):
            raise
        except Exception as second:  # noqa: BLE001 - noted; without renewal its lease ends it
            self._note(second, "a batch could not even be given back")

    async def _rest(self, server_id: int, reason: str) -> None:
        self._error = reason
        await self._pools.pause(server_id, reason)

    def _receive(self, outcomes: Sequence[Outcome]) -> None:
        """Outcomes from any pool: first into the journal, then to the desk of their claim."""
        self._journal.replied(outcomes)
        for outcome in outcomes:
            self._delivered += outcome.result is Result.ACCEPTED
            if desk := self._desks.get(outcome.token):
                desk.receive(outcome)

    def _note(self, error: Exception, what: str) -> None:
        """Says what went wrong, in the log and on the engine's page."""
        self._error = f"{what}: {error}"
        log.error("%s: %s", self.name, self._error, exc_info=not isinstance(error, OSError))

    # -------------------------------------------------------------------------------- heartbeat

    async def _beat(self) -> None:
        """Without it leases end under messages on their way: no error ends it."""
        beats, before, at = 0, 0, time.monotonic()
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            beats, now = beats + 1, time.monotonic()
            rate, before, at = (self._delivered - before) / (now - at), self._delivered, now
            try:
                await self._tell(rate)
                if beats % _ADOPT_EVERY == 0:
                    await self._adopt()
            except Exception as error:  # noqa: BLE001 - noted, and tried again in two seconds
                self._note(error, "a heartbeat failed")

    async def _tell(self, rate: float) -> None:
        await self._store.ask(outbox.renew, self.name, list(self._claims))
        await self._store.ask(
            engines.heartbeat,
            self.name,
            workers=len(self._claims),
            delivered=self._delivered,
            rate=rate,
            memory=psutil.Process().memory_info().rss,
            error=self._error,
            draining=self._draining.is_set(),
        )

    async def _adopt(self) -> None:
        """Settles what the journals of dead engines on this host tell."""
        for abandoned in journals.adopt(self._folder):
            try:
                await self._settle(abandoned)
            except (OperationalError, InterfaceError):
                raise
            except Exception as error:  # noqa: BLE001 - noted; the others' journals are read
                self._note(error, f"the journal of {abandoned.engine} could not be settled")

    async def _settle(self, abandoned: AbandonedJournal) -> None:
        for claim in abandoned.claims:
            await self._store.ask(
                outbox.recover, abandoned.engine, claim.token, claim.outcomes, claim.lost
            )
        log.info("took over what %s left behind", abandoned.engine)
        abandoned.done()
