"""The connection test names the step that failed, why, and what to do (R13)."""

import asyncio
import json
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from posthouse.core.delivery.replies import Stage
from posthouse.core.smtp.settings import Encryption, ServerSettings
from posthouse.demo.faults import STALL, Fault
from posthouse.demo.sink import Sink
from posthouse.servers.probe import ProbeReport, probe
from tests.engine.certificates import BAD, GOOD, TRUSTED
from tests.engine.pools import LOCAL, with_sink

PLAIN = replace(LOCAL, host="127.0.0.1")
STARTTLS = replace(
    LOCAL, host="localhost", encryption=Encryption.STARTTLS, extra_authorities=TRUSTED
)
SSL = replace(STARTTLS, encryption=Encryption.SSL)


def probed(
    folder: Path,
    settings: ServerSettings,
    *,
    tls: ssl.SSLContext | None = None,
    credentials: tuple[str, str] | None = None,
    fault: Fault | None = None,
) -> ProbeReport:
    sink = Sink(
        folder,
        http_port=None,
        tls=tls,
        implicit_tls=settings.encryption is Encryption.SSL,
        credentials=credentials,
        faults=[fault] if fault else [],
    )

    async def body() -> ProbeReport:
        return await asyncio.to_thread(probe, replace(settings, port=sink.smtp_port))

    report = with_sink(sink, body)
    assert len(sink.record) == 0
    return report


def names(report: ProbeReport) -> list[str]:
    return [step.name for step in report.steps]


@pytest.mark.parametrize(
    ("settings", "tls", "steps"),
    [
        (PLAIN, None, "resolve connect greeting EHLO AUTH QUIT"),
        (STARTTLS, GOOD, "resolve connect greeting TLS EHLO AUTH QUIT"),
        (SSL, GOOD, "resolve connect TLS greeting EHLO AUTH QUIT"),
    ],
    ids=["plain", "starttls", "ssl"],
)
def test_a_working_server_passes_every_step(
    settings: ServerSettings, tls: ssl.SSLContext | None, steps: str, tmp_path: Path
) -> None:
    signed = replace(settings, username="relay", password="s3cret", auth_in_clear=True)
    report = probed(tmp_path, signed, tls=tls, credentials=("relay", "s3cret"))
    assert report.ok
    assert names(report) == steps.split()
    words = {step.name: step.words for step in report.steps}
    assert "PIPELINING" in words["EHLO"]
    assert "CHUNKING" in words["EHLO"]
    assert words["AUTH"] == "Signed in as relay."
    if tls:
        assert "certificate for localhost, valid until " in words["TLS"]
    assert all(not step.advice and step.milliseconds >= 0 for step in report.steps)


def test_without_credentials_nobody_signs_in(tmp_path: Path) -> None:
    assert "AUTH" not in names(probed(tmp_path, PLAIN))


def test_the_conversation_is_shown_without_the_password(tmp_path: Path) -> None:
    signed = replace(STARTTLS, username="relay", password="s3cret")
    report = probed(tmp_path, signed, tls=GOOD, credentials=("relay", "s3cret"))
    said = [line for line in report.conversation if line.startswith("C: ")]
    assert said == [
        "C: EHLO localhost",
        "C: STARTTLS",
        "C: EHLO localhost",
        "C: AUTH PLAIN ***",
        "C: QUIT",
    ]
    assert "S: 235 2.7.0 Welcome" in report.conversation


def starttls(**changes: object) -> ServerSettings:
    return replace(STARTTLS, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "tls", "fault", "step", "words", "todo"),
    [
        (PLAIN, None, Fault(Stage.CONNECT, "554 5.7.1 No"), "greeting", "554 5.7.1 No", "list"),
        (PLAIN, None, Fault(Stage.CONNECT, "SSH-2.0"), "greeting", "SSH-2.0", "choose SSL"),
        (PLAIN, None, Fault(Stage.HELLO, "450 no"), "EHLO", "450 no", "host name"),
        (PLAIN, None, Fault(Stage.CONNECT, STALL), "greeting", "did not answer", "choose SSL"),
        (PLAIN, None, Fault(Stage.HELLO, "drop"), "EHLO", "ended the connection", "Try again"),
        (STARTTLS, None, None, "TLS", "does not offer STARTTLS", "465"),
        (STARTTLS, GOOD, Fault(Stage.TLS, "454 4.7.0 no"), "TLS", "454", "just now"),
        (STARTTLS, BAD["expired"], None, "TLS", "expired", "valid today"),
        (STARTTLS, BAD["self-signed"], None, "TLS", "certificate of localhost", "authority"),
        (SSL, BAD["wrong name"], None, "TLS", "localhost", "made for localhost"),
        (starttls(username="u", password="x"), GOOD, None, "AUTH", "535 5.7.8", "password"),
        (replace(PLAIN, username="u"), None, None, "AUTH", "unencrypted", "STARTTLS or SSL"),
    ],
)
def test_a_failure_names_its_step_and_what_to_do(  # noqa: PLR0917  (one column a parameter)
    settings: ServerSettings,
    tls: ssl.SSLContext | None,
    fault: Fault | None,
    step: str,
    words: str,
    todo: str,
    tmp_path: Path,
) -> None:
    quick = replace(settings, timeout=0.5) if fault and fault.action == STALL else settings
    report = probed(tmp_path, quick, tls=tls, credentials=("u", "right"), fault=fault)
    assert not report.ok
    failed = report.steps[-1]
    assert failed.name == step
    assert words in failed.words
    assert todo in failed.advice
    assert all(earlier.ok for earlier in report.steps[:-1])


def test_an_unchecked_certificate_is_said_to_be_so(tmp_path: Path) -> None:
    report = probed(tmp_path, replace(SSL, verify_certificate=False), tls=BAD["wrong name"])
    assert report.ok
    words = next(step.words for step in report.steps if step.name == "TLS")
    assert "for other.example.org" in words
    assert words.endswith("not checked.")


@pytest.mark.parametrize(
    ("change", "step", "words"),
    [
        (lambda s: replace(s, host="no-such-host.invalid"), "resolve", "has no address"),
        (lambda s: replace(s, host="a" * 300), "resolve", "a" * 300),
        (lambda s: s, "connect", "refuses connections"),
        (lambda s: replace(s, source_ip="192.0.2.1"), "connect", "cannot be reached"),
    ],
    ids=["unknown", "no name", "refused", "foreign source"],
)
def test_what_cannot_be_reached_is_told_apart(
    change: Callable[[ServerSettings], ServerSettings], step: str, words: str
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        settings = replace(PLAIN, port=taken.getsockname()[1])
        report = probe(change(settings))
    failed = report.steps[-1]
    assert (failed.name, failed.ok) == (step, False)
    assert words in failed.words
    assert failed.advice


def test_a_chattering_stranger_neither_fills_memory_nor_gets_through() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def chatter() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"220-<script>\x1b[2J\r\n" * 5000)

        async def body() -> ProbeReport:
            settings = replace(PLAIN, port=server.getsockname()[1])
            report, _ = await asyncio.gather(
                asyncio.to_thread(probe, settings),
                asyncio.to_thread(chatter),
                return_exceptions=True,
            )
            assert isinstance(report, ProbeReport)
            return report

        report = asyncio.run(body())
    assert not report.ok
    assert len(report.conversation) <= 200
    assert json.dumps(report.conversation).isprintable()
    assert all(line.isprintable() for line in report.conversation)
