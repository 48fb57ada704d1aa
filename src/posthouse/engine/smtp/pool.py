"""All connections of one engine to one delivery server, from one source address."""

import asyncio
import math
import ssl
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence

from posthouse.core.delivery.replies import Effect, Stage, judge
from posthouse.core.delivery.states import Result
from posthouse.core.smtp.breakdown import Breakdown, Cause
from posthouse.core.smtp.messages import Outcome, Outgoing
from posthouse.core.smtp.settings import Encryption, ServerSettings
from posthouse.engine.carrier import Gate, Trouble
from posthouse.engine.smtp.connection import Connection
from posthouse.servers.breakdowns import breakdown_of
from posthouse.servers.tls import client_context

_WORTH_OPENING = 10  # messages waiting for each further connection
_PATIENCE = 5  # refusals or lost connections in a row, nothing accepted between: trouble
_TRIES = 3  # connections that one message may see die under it before it has to wait
_COOLING_SECONDS = 60.0  # how long a server that refused a further connection is not asked again


class Pool:
    """Messages go in by `put`; every one comes out once through `on_outcome`, or by `take_back`.

    `on_start` gets the tokens of each write before the bytes that complete them are written.
    Both are called from the event loop. In `trouble` everything put or waiting comes back
    UNTOUCHED at once; a pool in trouble stays so, its successor is a new pool.
    """

    def __init__(
        self,
        settings: ServerSettings,
        on_start: Callable[[Sequence[int]], None],
        on_outcome: Callable[[Sequence[Outcome]], None],
    ) -> None:
        self.settings = settings
        self.trouble: Trouble | None = None
        self.gate: Gate | None = None  # none: as fast as the server takes it
        self.opened = 0
        self._on_start = on_start
        self._on_outcome = on_outcome
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Outgoing] = deque()
        self._opening: dict[Connection, asyncio.Task[None]] = {}
        self._ready: set[Connection] = set()
        self._proven = False  # a first connection was welcome; until then no second one tries
        self._share = self._limit = max(1, settings.max_connections)
        self._sent_home: set[Connection] = set()  # beyond our share; each ends what it is at
        self._cool_at = 0.0
        self._strikes = 0
        self._shaken: dict[int, int] = {}  # by token: connections that died under it
        self._past_bytes = [0, 0]
        self._closing = False
        self._cut = False  # closing without waiting for anything
        self._done = asyncio.Event()
        self._ticking: asyncio.TimerHandle | None = None
        self._context: ssl.SSLContext | None = None
        if settings.encryption is not Encryption.NONE:
            try:
                self._context = client_context(settings)
            except OSError as error:  # an authority's certificate that is none
                self._fall_into_trouble(breakdown_of(error, Stage.TLS, settings))

    # ------------------------------------------------------------------------ for the engine

    @property
    def waiting(self) -> int:
        """Messages that no connection has taken yet."""
        return len(self._waiting)

    @property
    def connections(self) -> int:
        return len(self._ready)

    @property
    def bytes_in(self) -> int:
        return self._past_bytes[0] + sum(c.bytes_in for c in self._alive())

    @property
    def bytes_out(self) -> int:
        return self._past_bytes[1] + sum(c.bytes_out for c in self._alive())

    def put(self, messages: Iterable[Outgoing]) -> None:
        self._waiting.extend(messages)
        if self.trouble or self._done.is_set():
            self._hand_back()
            return
        self.wake()

    def wake(self) -> None:
        """Goes on with what waits: something was put, or the gate is open again."""
        for connection in tuple(self._ready):
            if not self._waiting:
                return
            connection.pump()
        self._open_more()

    def share(self, connections: int) -> None:
        """How many of the server's connections are this engine's from now on."""
        self._share = connections
        self._limit = min(self._limit, connections) if self._cooling else connections

    def take_back(self, tokens: Collection[int] | None = None) -> list[Outgoing]:
        """Removes the waiting messages, or those with `tokens`; none of them was started."""
        taken = [m for m in self._waiting if tokens is None or m.token in tokens]
        left = [m for m in self._waiting if tokens is not None and m.token not in tokens]
        self._waiting = deque(left)
        return taken

    async def close(self, *, drain: bool) -> None:
        """`drain`: everything gets its outcome first. Otherwise what is on the wire is cut off."""
        self._closing = True
        if not drain:
            self._cut = True
            self._hand_back()
            gone = Breakdown(Cause.OURSELVES, Stage.QUIT, "The engine stops at once.")
            for connection in self._alive():
                connection.end(gone)
        for connection in tuple(self._ready):
            connection.pump()
        self._open_more()
        self._note_end()
        await self._done.wait()

    # -------------------------------------------------------------------- for its connections

    def pull(self) -> Outgoing | None:
        if not self._startable():
            return None
        if self.gate is not None:
            self.gate.use()
        return self._waiting.popleft()

    def is_closing(self, connection: Connection) -> bool:
        if connection in self._sent_home:
            return True
        surplus = len(self._ready) - len(self._sent_home) - self._share
        if surplus > 0 and connection in self._ready:
            self._sent_home.add(connection)
            return True
        return not self._waiting and (self._closing or self.trouble is not None)

    def announce(self, tokens: Sequence[int]) -> None:
        self._on_start(tokens)

    def take_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            if outcome.result is Result.ACCEPTED:
                self._strikes = 0
            elif outcome.code:
                self._note_effect(outcome)
            if self._shaken:
                self._shaken.pop(outcome.token, None)
        self._on_outcome(outcomes)

    def ready(self, connection: Connection) -> None:
        self._opening.pop(connection, None)
        self._ready.add(connection)
        self._proven = True
        connection.pump()
        self._open_more()

    def ended(self, connection: Connection, outcomes: Sequence[Outcome]) -> None:
        if (task := self._opening.pop(connection, None)) and self._cut:
            task.cancel()
        self._ready.discard(connection)
        self._sent_home.discard(connection)
        self._past_bytes[0] += connection.bytes_in
        self._past_bytes[1] += connection.bytes_out
        final = self._requeue(connection, outcomes)
        if final:
            self.take_outcomes(final)
        breakdown = connection.dialogue.breakdown
        if breakdown is not None and not self._cut:
            lost = any(outcome.code == 0 for outcome in outcomes)
            self._note_breakdown(connection, breakdown, lost=lost)
        self._open_more()
        self._note_end()

    # ------------------------------------------------------------------------------ inside

    def _alive(self) -> list[Connection]:
        return [*self._ready, *self._opening]

    def _startable(self) -> int:
        """How many of the waiting messages may be started now."""
        waiting = len(self._waiting)
        return min(waiting, self.gate.allowed()) if waiting and self.gate else waiting

    @property
    def _cooling(self) -> bool:
        return self._loop.time() < self._cool_at

    def _open_more(self) -> None:
        if self.trouble or self._done.is_set():
            return
        wanted = math.ceil(self._startable() / _WORTH_OPENING) - len(self._opening)
        limit = self._limit if self._proven else 1
        possible = limit - len(self._ready) - len(self._opening)
        for _ in range(min(wanted, possible)):
            connection = Connection(self.settings, self, self._context)
            self._opening[connection] = self._loop.create_task(connection.open())
            self.opened += 1
        self._tick_on()

    def _tick_on(self) -> None:
        if self._ticking is None and self._alive():
            settings = self.settings
            shortest = min(settings.timeout, settings.command_timeout, settings.idle_timeout)
            self._ticking = self._loop.call_later(min(1.0, shortest / 4), self._tick)

    def _tick(self) -> None:
        self._ticking = None
        now = self._loop.time()
        for connection in self._alive():
            connection.tick(now)
        if not self._cooling:
            self._limit = self._share
        self._tick_on()

    def _requeue(self, connection: Connection, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Takes back what was never announced, for another connection; the rest is final."""
        final: list[Outcome] = []
        returned = connection.dialogue.returned
        for outcome in reversed(outcomes):
            message = returned.get(outcome.token)
            if message is None or outcome.result is not Result.UNTOUCHED or self._cut:
                final.append(outcome)
            elif outcome.stage is Stage.CONNECT:
                self._waiting.appendleft(message)
            else:
                final.extend(self._shake(message, outcome.stage))
        return final[::-1]

    def _shake(self, message: Outgoing, stage: Stage) -> list[Outcome]:
        """A connection died while answering this message: perhaps because of it."""
        count = self._shaken[message.token] = self._shaken.get(message.token, 0) + 1
        if count < _TRIES:
            self._waiting.append(message)
            return []
        words = f"The connection ended {count} times while the server was at this message."
        return [Outcome(message.token, Result.DEFERRED, stage, 0, "", words)]

    def _note_effect(self, outcome: Outcome) -> None:
        effect = judge(outcome.stage, outcome.code, outcome.enhanced).effect
        if effect is Effect.NONE:
            return
        self._strikes += _PATIENCE if effect is Effect.PAUSE else 1
        if self._strikes >= _PATIENCE:
            said = " ".join(filter(None, (str(outcome.code), outcome.enhanced, outcome.text)))
            words = f"The server keeps refusing at {outcome.stage.upper()}: {said}"
            self._fall_into_trouble(
                Breakdown(
                    Cause.REFUSED,
                    outcome.stage,
                    words,
                    outcome.code,
                    outcome.enhanced,
                    outcome.text,
                )
            )

    def _note_breakdown(self, connection: Connection, breakdown: Breakdown, *, lost: bool) -> None:
        if breakdown.cause is Cause.OURSELVES:
            self._fall_into_trouble(breakdown)
        elif not connection.was_ready:
            if alive := len(self._alive()):  # it takes no more connections than these
                self._limit = alive
                self._cool_at = self._loop.time() + _COOLING_SECONDS
            else:
                self._fall_into_trouble(breakdown)
        elif lost and not connection.accepted:
            self._strikes += 1
            if self._strikes >= _PATIENCE:
                self._fall_into_trouble(breakdown)

    def _fall_into_trouble(self, breakdown: Breakdown) -> None:
        if self.trouble is None:
            self.trouble = Trouble(breakdown.words, time.time(), breakdown)
        self._hand_back()

    def _hand_back(self) -> None:
        reason = self.trouble.reason if self.trouble else "The engine is stopping."
        stage = self.trouble.breakdown.stage if self.trouble else Stage.CONNECT
        untouched = [
            Outcome(message.token, Result.UNTOUCHED, stage, 0, "", reason)
            for message in self.take_back()
        ]
        self._shaken.clear()
        if untouched:
            self._on_outcome(untouched)

    def _note_end(self) -> None:
        if self._closing and not (self._waiting or self._ready or self._opening):
            if self._ticking is not None:
                self._ticking.cancel()
            self._done.set()
