"""F9, A27: whatever is wrong with TLS, no password and no mail ever crosses the wire in clear."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from posthouse.core.delivery.replies import Stage
from posthouse.core.delivery.states import Result
from posthouse.core.smtp.breakdown import Cause
from posthouse.core.smtp.settings import ServerSettings
from posthouse.demo.faults import Fault
from posthouse.demo.sink import Sink
from posthouse.servers.probe import probe
from tests.engine.certificates import BAD, GOOD, outdated
from tests.engine.pools import messages, send, with_sink
from tests.engine.test_pool_tls import IMPLICIT, STARTTLS, sink_for

NOT_NOW = Fault(Stage.TLS, "454 4.7.0 Not now")
# What is wrong: the server's certificate and versions, the fault, whether it offers STARTTLS.
FAULTS: dict[str, tuple[ssl.SSLContext | None, list[Fault]]] = {
    **{name: (context, []) for name, context in BAD.items()},
    "TLS 1.0 only": (outdated(), []),
    "STARTTLS not offered": (None, []),
    "STARTTLS refused": (GOOD, [NOT_NOW]),
}
CASES = [
    pytest.param(settings, name, id=f"{settings.encryption}-{name}")
    for settings in (STARTTLS, IMPLICIT)
    for name in FAULTS
    if settings is STARTTLS or "refused" not in name
]


@dataclass
class Wire:
    """Everything that the client writes, as whoever listens on the way reads it."""

    target: int
    port: int = 0
    read: bytearray = field(default_factory=bytearray)
    calls: list[asyncio.Task[None]] = field(default_factory=list)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls.append(asyncio.current_task())  # type: ignore[arg-type]
        there, back = await asyncio.open_connection("127.0.0.1", self.target)
        await asyncio.gather(self._pass_on(reader, back, self.read), self._pass_on(there, writer))

    async def _pass_on(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        record: bytearray | None = None,
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if record is not None:
                    record.extend(data)
                writer.write(data)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def overheard(sink: Sink) -> AsyncIterator[Wire]:
    """A wire to the sink; at the end everything on it has closed."""
    wire = Wire(sink.smtp_port)
    server = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    yield wire
    server.close()
    await asyncio.gather(*wire.calls)


def assert_nothing_in_clear(wire: Wire) -> None:
    assert wire.read, "nobody called"
    for secret in (b"AUTH", b"MAIL", b"RCPT", b"s3cret", b"Dear"):
        assert secret not in wire.read.upper() if secret.isupper() else secret not in wire.read


@pytest.mark.parametrize(("settings", "fault"), CASES)
def test_the_engine_says_nothing_in_clear_and_touches_no_message(
    settings: ServerSettings, fault: str, tmp_path: Path
) -> None:
    context, faults = FAULTS[fault]
    sink = _sink(settings, tmp_path, context, faults)
    signed = replace(settings, username="relay", password="s3cret", auth_in_clear=True)

    async def body() -> None:
        async with overheard(sink) as wire:
            log, pool = await send(wire.port, messages(5), signed)
        assert_nothing_in_clear(wire)
        assert log.of(Result.UNTOUCHED) == list(range(5))
        assert log.started == []
        assert pool.trouble is not None
        assert pool.trouble.breakdown.stage is Stage.TLS
        assert pool.trouble.breakdown.cause in {Cause.TLS, Cause.MISSING, Cause.REFUSED}

    with_sink(sink, body)
    assert len(sink.record) == 0


@pytest.mark.parametrize(("settings", "fault"), CASES)
def test_the_connection_test_says_nothing_in_clear_and_names_the_step(
    settings: ServerSettings, fault: str, tmp_path: Path
) -> None:
    context, faults = FAULTS[fault]
    sink = _sink(settings, tmp_path, context, faults)
    signed = replace(settings, username="relay", password="s3cret", auth_in_clear=True)

    async def body() -> None:
        async with overheard(sink) as wire:
            report = await asyncio.to_thread(probe, replace(signed, port=wire.port))
        assert_nothing_in_clear(wire)
        last = report.steps[-1]
        assert (last.name, last.ok) == ("TLS", False)
        assert last.advice

    with_sink(sink, body)


def _sink(
    settings: ServerSettings, folder: Path, context: ssl.SSLContext | None, faults: list[Fault]
) -> Sink:
    if context is None:
        return Sink(folder, http_port=None, credentials=("relay", "s3cret"))
    return sink_for(settings, folder, context, faults=faults, credentials=("relay", "s3cret"))
