"""Sends messages through a pool and collects what came of them."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import uvloop

from posthouse.core.delivery.states import Result
from posthouse.core.smtp.messages import Outcome, Outgoing
from posthouse.core.smtp.settings import Encryption, ServerSettings
from posthouse.demo.sink import Sink
from posthouse.engine.smtp.pool import Pool

T = TypeVar("T")

GUARD_SECONDS = 60.0  # against hanging; nothing here takes two
LOCAL = ServerSettings(
    host="127.0.0.1", encryption=Encryption.NONE, idle_timeout=30.0, max_connections=4
)


def message(number: int, recipient: str = "") -> Outgoing:
    return Outgoing(
        number,
        f"b{number}@sl.mail.example.com",
        recipient or f"r{number}@example.org",
        f"Subject: {number}\r\n\r\nDear {number}\r\n".encode(),
    )


def messages(count: int, first: int = 0) -> list[Outgoing]:
    return [message(number) for number in range(first, first + count)]


@dataclass
class Log:
    """What a pool told its engine, in order; `before` looks at the world at each start."""

    outcomes: dict[int, Outcome] = field(default_factory=dict)
    starts: list[tuple[int, ...]] = field(default_factory=list)
    before: Callable[[Sequence[int]], None] | None = None

    def start(self, tokens: Sequence[int]) -> None:
        if self.before:
            self.before(tokens)
        self.starts.append(tuple(tokens))

    def outcome(self, outcomes: Sequence[Outcome]) -> None:
        for one in outcomes:
            assert one.token not in self.outcomes, "two outcomes for one message"
            self.outcomes[one.token] = one

    def of(self, result: Result) -> list[int]:
        return sorted(token for token, o in self.outcomes.items() if o.result is result)

    @property
    def started(self) -> list[int]:
        return [token for tokens in self.starts for token in tokens]


def new_pool(log: Log, port: int, settings: ServerSettings = LOCAL) -> Pool:
    return Pool(replace(settings, port=port), log.start, log.outcome)


async def send(
    port: int,
    outgoing: Iterable[Outgoing],
    settings: ServerSettings = LOCAL,
    log: Log | None = None,
) -> tuple[Log, Pool]:
    """Puts everything in at once and waits until every message has its outcome."""
    log = log or Log()
    pool = new_pool(log, port, settings)
    pool.put(outgoing)
    async with asyncio.timeout(GUARD_SECONDS):
        await pool.close(drain=True)
    return log, pool


async def until(condition: Callable[[], object]) -> None:
    """Lets the loop run until something is so."""
    async with asyncio.timeout(GUARD_SECONDS):
        while not condition():  # noqa: ASYNC110  (there is no event to wait for)
            await asyncio.sleep(0.001)


def with_sink(sink: Sink, body: Callable[[], Awaitable[T]]) -> T:
    """Runs `body` while the sink listens."""

    async def whole() -> T:
        await sink.start()
        try:
            return await body()
        finally:
            await sink.stop()

    return asyncio.run(whole())


def run_on_uvloop(body: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(body)
