"""Encryption: what is demanded is had, or nothing is said (F9, A27)."""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from posthouse.core.delivery.replies import Stage
from posthouse.core.delivery.states import Result
from posthouse.core.smtp.breakdown import Cause
from posthouse.core.smtp.settings import Encryption, ServerSettings
from posthouse.demo.faults import Fault
from posthouse.demo.sink import Sink
from tests.engine.certificates import BAD, GOOD, TRUSTED
from tests.engine.pools import LOCAL, Log, messages, run_on_uvloop, send, with_sink

STARTTLS = replace(
    LOCAL, host="localhost", encryption=Encryption.STARTTLS, extra_authorities=TRUSTED
)
IMPLICIT = replace(STARTTLS, encryption=Encryption.SSL)


def sink_for(settings: ServerSettings, folder: Path, context: ssl.SSLContext, **kw: object) -> Sink:
    implicit = settings.encryption is Encryption.SSL
    return Sink(folder, http_port=None, tls=context, implicit_tls=implicit, **kw)  # type: ignore[arg-type]


@pytest.mark.parametrize("settings", [STARTTLS, IMPLICIT], ids=["starttls", "ssl"])
@pytest.mark.parametrize("runner", [asyncio.run, run_on_uvloop], ids=["asyncio", "uvloop"])
def test_an_encrypted_connection_signs_in_and_delivers(
    settings: ServerSettings, runner: object, tmp_path: Path
) -> None:
    sink = sink_for(settings, tmp_path, GOOD, credentials=("relay", "s3cret"))
    signed = replace(settings, username="relay", password="s3cret")

    async def body() -> Log:
        await sink.start()
        log, pool = await send(sink.smtp_port, messages(60), signed)
        await sink.stop()
        assert pool.trouble is None
        return log

    log: Log = runner(body())  # type: ignore[operator]
    assert log.of(Result.ACCEPTED) == list(range(60))
    assert len(sink.record) == 60


@pytest.mark.parametrize("settings", [STARTTLS, IMPLICIT], ids=["starttls", "ssl"])
@pytest.mark.parametrize("fault", BAD)
@pytest.mark.parametrize("runner", [asyncio.run, run_on_uvloop], ids=["asyncio", "uvloop"])
def test_a_bad_certificate_stops_everything_and_is_named(
    settings: ServerSettings, fault: str, runner: object, tmp_path: Path
) -> None:
    sink = sink_for(settings, tmp_path, BAD[fault])

    async def body() -> None:
        await sink.start()
        log, pool = await send(sink.smtp_port, messages(5), settings)
        await sink.stop()
        assert log.of(Result.UNTOUCHED) == list(range(5))
        assert pool.trouble is not None
        assert pool.trouble.breakdown.cause is Cause.TLS
        assert "certificate of localhost" in pool.trouble.reason
        assert log.started == []

    runner(body())  # type: ignore[operator]


@pytest.mark.parametrize("settings", [STARTTLS, IMPLICIT], ids=["starttls", "ssl"])
def test_the_operator_can_switch_the_check_off(settings: ServerSettings, tmp_path: Path) -> None:
    sink = sink_for(settings, tmp_path, BAD["self-signed"])
    unchecked = replace(settings, verify_certificate=False)
    log, _ = with_sink(sink, lambda: send(sink.smtp_port, messages(5), unchecked))
    assert log.of(Result.ACCEPTED) == list(range(5))


def test_an_authority_that_is_none_is_trouble_and_no_crash(tmp_path: Path) -> None:
    sink = sink_for(STARTTLS, tmp_path, GOOD)
    broken = replace(STARTTLS, extra_authorities="no certificate")
    log, pool = with_sink(sink, lambda: send(sink.smtp_port, messages(2), broken))
    assert log.of(Result.UNTOUCHED) == [0, 1]
    assert pool.trouble is not None
    assert sink.state.connections == 0


def test_a_wrong_password_is_tried_once_for_any_number_of_messages(tmp_path: Path) -> None:
    sink = sink_for(STARTTLS, tmp_path, GOOD, credentials=("relay", "s3cret"))
    wrong = replace(STARTTLS, username="relay", password="guess")
    log, pool = with_sink(sink, lambda: send(sink.smtp_port, messages(100), wrong))
    assert log.of(Result.UNTOUCHED) == list(range(100))
    assert sink.state.connections == 1
    assert pool.trouble is not None
    assert (pool.trouble.breakdown.stage, pool.trouble.breakdown.code) == (Stage.AUTH, 535)


def test_starttls_refused_for_now_pauses_the_server(tmp_path: Path) -> None:
    sink = sink_for(STARTTLS, tmp_path, GOOD, faults=[Fault(Stage.TLS, "454 4.7.0 Not now")])
    log, pool = with_sink(sink, lambda: send(sink.smtp_port, messages(3), STARTTLS))
    assert log.of(Result.UNTOUCHED) == [0, 1, 2]
    assert pool.trouble is not None
    assert pool.trouble.breakdown.code == 454


class RawServer:
    """Says fixed things in clear, one for each line it hears, and keeps what it heard."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = answers
        self.heard = b""
        self.done = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in self.answers:
            writer.write(answer)
            self.heard += await reader.read(4096)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        self.done.set()


def run_raw(raw: RawServer, settings: ServerSettings) -> tuple[Log, str]:
    async def body() -> tuple[Log, str]:
        server = await asyncio.start_server(raw.serve, "127.0.0.1", 0)
        log, pool = await send(server.sockets[0].getsockname()[1], messages(3), settings)
        server.close()
        await server.wait_closed()
        await raw.done.wait()
        assert pool.trouble is not None
        return log, pool.trouble.reason

    return asyncio.run(body())


@pytest.mark.parametrize("offered", [b"250-x\r\n250 AUTH PLAIN\r\n", b"250-x\r\n250 XSTARTTLS\r\n"])
def test_with_starttls_stripped_nothing_but_ehlo_is_said(offered: bytes) -> None:
    raw = RawServer(b"220 hi\r\n", offered)
    signed = replace(STARTTLS, username="u", password="p", auth_in_clear=True)
    log, reason = run_raw(raw, signed)
    assert raw.heard == b"EHLO localhost\r\n"
    assert log.of(Result.UNTOUCHED) == [0, 1, 2]
    assert "does not offer STARTTLS" in reason


def test_replies_injected_behind_starttls_are_not_believed() -> None:
    raw = RawServer(
        b"220 hi\r\n",
        b"250-x\r\n250 STARTTLS\r\n",
        b"220 go\r\n250-x\r\n250 PIPELINING\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n",
    )
    log, _ = run_raw(raw, STARTTLS)
    assert log.of(Result.UNTOUCHED) == [0, 1, 2]
    assert raw.heard.startswith(b"EHLO localhost\r\nSTARTTLS\r\n\x16\x03")
    assert b"MAIL" not in raw.heard


def test_a_connection_cut_in_the_tls_handshake_is_trouble() -> None:
    raw = RawServer(b"220 hi\r\n", b"250-x\r\n250 STARTTLS\r\n", b"220 go\r\n")
    log, reason = run_raw(raw, STARTTLS)
    assert log.of(Result.UNTOUCHED) == [0, 1, 2]
    assert reason


def test_a_port_that_does_not_speak_tls_is_named() -> None:
    raw = RawServer(b"220 hi, this is plain text on the wrong port\r\n")
    log, reason = run_raw(raw, IMPLICIT)
    assert log.of(Result.UNTOUCHED) == [0, 1, 2]
    assert "does not speak TLS" in reason
