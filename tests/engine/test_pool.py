"""A pool brings every message to a server once, within its limits, in all three ways."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from posthouse.core.delivery.replies import Stage
from posthouse.core.delivery.states import Result
from posthouse.core.smtp.messages import Outgoing
from posthouse.demo.faults import Fault
from posthouse.demo.record import read_record
from posthouse.demo.sink import Sink
from posthouse.demo.sink_server import ALL_EXTENSIONS
from tests.engine.pools import (
    LOCAL,
    Log,
    message,
    messages,
    new_pool,
    run_on_uvloop,
    send,
    until,
    with_sink,
)

MODES = {
    "chunking": ALL_EXTENSIONS,
    "pipelining": ("PIPELINING", "8BITMIME"),
    "lock-step": (),
}


@pytest.mark.parametrize("loop", [asyncio.run, run_on_uvloop], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("mode", MODES)
def test_every_message_arrives_once_and_is_announced_before(
    mode: str, loop: Callable[[Coroutine[Any, Any, None]], None], tmp_path: Path
) -> None:
    sink = Sink(tmp_path, http_port=None, extensions=MODES[mode])

    def not_there_yet(tokens: Sequence[int]) -> None:
        for token in tokens:
            arrived.update(m.recipient for m in list(sink_messages())[len(arrived) :])
            assert f"r{token}@example.org" not in arrived

    def sink_messages() -> list[Any]:
        return [sink.record[n] for n in range(len(arrived), len(sink.record))]

    arrived: set[str] = set()

    async def body() -> None:
        await sink.start()
        log, pool = await send(sink.smtp_port, messages(300), log=Log(before=not_there_yet))
        await sink.stop()
        assert log.of(Result.ACCEPTED) == list(range(300))
        assert sorted(log.started) == list(range(300))
        assert pool.trouble is None
        assert pool.bytes_out > 300 * 40
        assert pool.bytes_in > 300 * 20

    loop(body())
    record = sorted((m.mail_from, m.recipient, m.content) for m in read_record(tmp_path))
    assert record == sorted((m.mail_from, m.recipient, m.content) for m in messages(300))


def test_connections_and_messages_on_them_are_limited(tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None)
    settings = replace(LOCAL, max_connections=3, messages_per_connection=7)
    log, pool = with_sink(sink, lambda: send(sink.smtp_port, messages(100), settings))
    assert log.of(Result.ACCEPTED) == list(range(100))
    assert sink.state.most_open <= 3
    assert pool.opened == sink.state.connections >= 100 / 7


def test_few_messages_do_not_open_many_connections(tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None)
    _, pool = with_sink(sink, lambda: send(sink.smtp_port, messages(4)))
    assert pool.opened == 1


def test_the_source_address_is_used(tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None)
    settings = replace(LOCAL, source_ip="127.0.0.2")
    with_sink(sink, lambda: send(sink.smtp_port, messages(3), settings))
    assert sink.state.sources == {"127.0.0.2": 1}


def test_what_no_connection_has_taken_can_be_taken_back(tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None, faults=[Fault(Stage.END, "stall", times=4)])

    async def body() -> None:
        log = Log()
        pool = new_pool(log, sink.smtp_port, replace(LOCAL, max_connections=1))
        pool.put(messages(10))
        await until(lambda: len(log.started) == 4)
        assert pool.waiting == 6
        assert [m.token for m in pool.take_back({5, 7, 3})] == [5, 7]
        assert [m.token for m in pool.take_back()] == [4, 6, 8, 9]
        await pool.close(drain=False)
        assert log.of(Result.UNCERTAIN) == [0, 1, 2, 3]
        assert set(log.outcomes) == {0, 1, 2, 3}

    with_sink(sink, body)


def test_closing_at_once_hands_back_what_was_not_started(tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None, faults=[Fault(Stage.CONNECT, "stall")])

    async def body() -> None:
        log = Log()
        pool = new_pool(log, sink.smtp_port)
        pool.put(messages(3))
        await pool.close(drain=False)
        assert log.of(Result.UNTOUCHED) == [0, 1, 2]
        pool.put(messages(1, first=9))
        assert log.of(Result.UNTOUCHED) == [0, 1, 2, 9]

    with_sink(sink, body)


def test_an_idle_connection_is_kept_for_the_next_messages_then_given_up(tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None)

    async def body() -> None:
        log = Log()
        pool = new_pool(log, sink.smtp_port, replace(LOCAL, idle_timeout=0.2))
        pool.put(messages(3))
        await until(lambda: len(log.outcomes) == 3)
        pool.put(messages(3, first=3))
        await until(lambda: len(log.outcomes) == 6)
        assert sink.state.connections == 1
        await until(lambda: not sink.state.open)
        assert pool.connections == 0
        pool.put(messages(1, first=6))
        await until(lambda: len(log.outcomes) == 7)
        assert sink.state.connections == 2
        await pool.close(drain=True)
        assert log.of(Result.ACCEPTED) == list(range(7))

    with_sink(sink, body)


def test_a_server_that_closes_idle_connections_is_not_in_trouble(tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None)

    async def body() -> None:
        log = Log()
        pool = new_pool(log, sink.smtp_port)
        for number in range(8):
            pool.put([message(number)])
            await until(lambda n=number: n in log.outcomes)  # type: ignore[misc]
            for connection in tuple(sink.state.open):
                connection.abort()
            await until(lambda: pool.connections == 0)
        assert pool.trouble is None
        await pool.close(drain=True)
        assert log.of(Result.ACCEPTED) == list(range(8))

    with_sink(sink, body)


def test_messages_that_can_never_be_sent_do_not_stop_the_others(tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None)
    bad = [
        Outgoing(100, "b@example.com", "a b@example.org", b"x\r\n"),
        Outgoing(101, "b@example.com", "r@example.org", b"bare\nline\r\n"),
    ]
    mixed = [*messages(5), *bad, *messages(5, first=5)]
    log, _ = with_sink(sink, lambda: send(sink.smtp_port, mixed))
    assert log.of(Result.FAILED) == [100, 101]
    assert log.of(Result.ACCEPTED) == list(range(10))
    assert not {100, 101} & set(log.started)


@pytest.mark.parametrize("mode", MODES)
def test_nothing_leaves_when_the_start_cannot_be_recorded(mode: str, tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None, extensions=MODES[mode])

    def full(_tokens: Sequence[int]) -> None:
        raise OSError(28, "No space left on device")

    async def body() -> None:
        log, pool = await send(sink.smtp_port, messages(20), log=Log(before=full))
        assert log.of(Result.UNTOUCHED) == list(range(20))
        assert pool.trouble is not None
        assert "No space left" in pool.trouble.reason
        assert len(sink.record) == 0

    with_sink(sink, body)


class Turnstile:
    """A gate that lets so many through until it is opened again."""

    def __init__(self) -> None:
        self.left = 0

    def allowed(self) -> int:
        return self.left

    def use(self) -> None:
        self.left -= 1


def test_a_closed_gate_lets_nothing_start_and_opens_no_connection(tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None)

    async def body() -> None:
        log, gate = Log(), Turnstile()
        pool = new_pool(log, sink.smtp_port)
        pool.gate = gate
        pool.put(messages(60))
        assert (pool.waiting, pool.opened) == (60, 0)
        gate.left = 25
        pool.wake()
        await until(lambda: len(log.outcomes) == 25)
        assert (pool.waiting, gate.left) == (35, 0)
        assert len(log.started) == 25
        gate.left = 100
        await pool.close(drain=True)
        assert len(log.of(Result.ACCEPTED)) == 60

    with_sink(sink, body)


def test_a_smaller_share_sends_connections_home_after_what_they_are_at(tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None)

    async def body() -> None:
        log = Log()
        pool = new_pool(log, sink.smtp_port)
        pool.put(messages(200))
        await until(lambda: pool.connections == LOCAL.max_connections)
        pool.share(1)
        pool.put(messages(400, first=200))
        await until(lambda: pool.connections == 1)
        await pool.close(drain=True)
        assert log.of(Result.ACCEPTED) == list(range(600))

    with_sink(sink, body)
