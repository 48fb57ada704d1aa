"""Keeps an engine's workers in work: claims for them, lends them pools, tells how it fares."""

import asyncio
import logging
import secrets
import time
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

import psutil

from posthouse.core.delivery.states import Result
from posthouse.core.smtp.messages import Outcome
from posthouse.core.smtp.settings import ServerSettings
from posthouse.deliveries import engines, outbox
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.outbox import Claim
from posthouse.engine import journal as journals
from posthouse.engine.composing import Composer
from posthouse.engine.journal import Journal
from posthouse.engine.queue.port import Queue
from posthouse.engine.smtp.pool import Pool
from posthouse.engine.store import Store
from posthouse.engine.worker import Desk, Worker
from posthouse.servers import pauses
from posthouse.servers.connecting import settings_of
from posthouse.servers.models import DeliveryServer

HEARTBEAT_SECONDS = 2.0
_DRAIN_SECONDS = 25.0
_ADOPT_EVERY = 5  # heartbeats

log = logging.getLogger(__name__)


class Controller:
    """One engine's claims, desks and pools. Workers are tasks; outcomes find their desk by id."""

    def __init__(self, name: str, store: Store, queue: Queue, journal_folder: Path) -> None:
        self.name, self._store, self._queue = name, store, queue
        self._folder = journal_folder
        self._journal = Journal.open(journal_folder, name)
        self._composer = Composer(store)
        self._pools: dict[int, Pool] = {}
        self._desks: dict[int, Desk] = {}  # by delivery id
        self._claims: dict[int, Claim] = {}  # by token
        self._workers: list[Worker] = []
        self._draining = asyncio.Event()
        self._loose: set[asyncio.Task[None]] = set()
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
        for pool in self._pools.values():
            await pool.close(drain=True)
        await self._queue.close()
        self._journal.close()
        await self._store.ask(engines.stopped, self.name)

    def drain(self) -> None:
        """SIGTERM: no new claim; workers stop at their next slice."""
        log.info("%s is draining", self.name)
        self._draining.set()
        for worker in self._workers:
            worker.draining = True
        asyncio.get_running_loop().call_later(_DRAIN_SECONDS, self._cut_off)

    def _cut_off(self) -> None:
        """A server that has gone silent does not keep the engine: what it owes is uncertain."""
        for pool in self._pools.values():
            self._later(pool.close(drain=False))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._loose.add(task)
        task.add_done_callback(self._loose.discard)

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
        token = secrets.randbits(62)
        self._journal.claimed(token, ())  # before the rows know it: see outbox.claim_next
        claim = await self._store.ask(outbox.claim_next, self.name, token)
        if claim is None:
            self._journal.settled(token)
            return None
        self._claims[token] = claim
        return claim

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
        pool, desk = await self._pool(claim.route.server_id), Desk(claim)
        ids = [parcel.id for parcel in claim.parcels]
        self._journal.claimed(claim.token, ids)
        self._desks.update(dict.fromkeys(ids, desk))
        try:
            await worker.deliver(claim, pool, desk)
        finally:
            for one in ids:
                self._desks.pop(one, None)
        await self._judge_server(claim.route.server_id, pool)

    # ------------------------------------------------------------------------------------ pools

    async def _pool(self, server_id: int) -> Pool:
        """The server's pool; a new one when its settings changed, or after its trouble."""
        settings = await self._store.ask(_settings_of, server_id)
        pool = self._pools.get(server_id)
        if pool is None or pool.settings != settings or pool.trouble:
            if pool is not None:
                self._later(pool.close(drain=True))
            pool = Pool(settings, self._journal.started, self._receive)
            self._pools[server_id] = pool
        return pool

    def _receive(self, outcomes: Sequence[Outcome]) -> None:
        """Outcomes from any pool: first into the journal, then to the desk of their claim."""
        self._journal.replied(outcomes)
        for outcome in outcomes:
            self._delivered += outcome.result is Result.ACCEPTED
            if desk := self._desks.get(outcome.token):
                desk.receive(outcome)

    async def _judge_server(self, server_id: int, pool: Pool) -> None:
        if pool.trouble:
            self._error = pool.trouble.reason
            now = await self._store.ask(database_now)
            await self._store.ask(pauses.pause, server_id, pool.trouble.reason, now)
            log.warning("delivery server %s is paused: %s", server_id, pool.trouble.reason)
        else:
            await self._store.ask(pauses.well, server_id)

    # -------------------------------------------------------------------------------- heartbeat

    async def _beat(self) -> None:
        beats, before, at = 0, 0, time.monotonic()
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            beats, now = beats + 1, time.monotonic()
            rate, before, at = (self._delivered - before) / (now - at), self._delivered, now
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
            if beats % _ADOPT_EVERY == 0:
                await self._adopt()

    async def _adopt(self) -> None:
        """Settles what the journals of dead engines on this host tell."""
        for abandoned in journals.adopt(self._folder):
            for claim in abandoned.claims:
                await self._store.ask(
                    outbox.recover, abandoned.engine, claim.token, claim.outcomes, claim.lost
                )
            log.info("took over what %s left behind", abandoned.engine)
            abandoned.done()


def _settings_of(server_id: int) -> ServerSettings:
    return settings_of(DeliveryServer.objects.get(pk=server_id))
