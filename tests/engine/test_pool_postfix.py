"""The same promises against Postfix's smtp-sink and its faults (F5, F6, F8)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from posthouse.core.delivery.replies import Blame
from posthouse.core.delivery.states import Result
from posthouse.engine.smtp.pool import Pool
from tests.engine.pools import LOCAL, Log, messages, send
from tests.engine.postfix_sink import dumped, postfix_sink

ONE = replace(LOCAL, max_connections=1)


def through(dump: Path, options: Sequence[str], count: int = 60) -> tuple[Log, Pool]:
    with postfix_sink(dump, *options) as port:
        return asyncio.run(send(port, messages(count), ONE))


@pytest.mark.parametrize("options", [(), ("-p",), ("-e",), ("-8", "-E")], ids=repr)
def test_everything_arrives_once_whatever_it_offers(
    options: tuple[str, ...], tmp_path: Path
) -> None:
    log, pool = through(tmp_path / "dump", options)
    assert log.of(Result.ACCEPTED) == list(range(60))
    assert dumped(tmp_path / "dump") == list(range(60))
    assert pool.trouble is None


@pytest.mark.parametrize("options", [(), ("-p",)], ids=["pipelining", "lock-step"])
@pytest.mark.parametrize(
    ("fault", "command", "result"),
    [
        ("-r", "MAIL", Result.DEFERRED),
        ("-r", "RCPT", Result.DEFERRED),
        ("-r", "DATA", Result.DEFERRED),
        ("-r", ".", Result.DEFERRED),
        ("-f", "RCPT", Result.FAILED),
        ("-f", "DATA", Result.FAILED),
        ("-f", ".", Result.FAILED),
        ("-f", "MAIL", Result.DEFERRED),  # never the recipient's fault
    ],
)
def test_a_refused_command_refuses_messages_and_keeps_step(
    options: tuple[str, ...], fault: str, command: str, result: Result, tmp_path: Path
) -> None:
    # It takes RCPT and DATA even after it refused what came before: lone dots must follow.
    replies = ("-b", "450 4.3.0 Later", "-B", "550 5.1.1 No")
    log, _ = through(tmp_path / "dump", [*options, *replies, fault, command])
    assert set(log.outcomes) == set(range(60))
    assert set(log.of(result)) | set(log.of(Result.UNTOUCHED)) == set(range(60))
    assert log.of(result)
    assert all(o.code in {450, 550} for o in log.outcomes.values() if o.result is result)
    assert {o.stage.value for o in log.outcomes.values() if o.result is result} == {
        {".": "end"}.get(command, command.lower())
    }


def test_a_command_that_it_does_not_understand_is_the_servers_trouble(tmp_path: Path) -> None:
    log, pool = through(tmp_path / "dump", ["-B", "500 5.5.2 What?", "-f", "RCPT"])
    assert log.of(Result.FAILED) == []
    assert pool.trouble is not None
    assert {o.blame for o in log.outcomes.values()} == {Blame.SERVER, Blame.NOBODY}


@pytest.mark.parametrize("command", ["CONNECT", "EHLO"])
@pytest.mark.parametrize("fault", ["-Q", "-q", "-r", "-f"])
def test_without_a_conversation_nobody_is_touched(fault: str, command: str, tmp_path: Path) -> None:
    if (fault, command) == ("-f", "EHLO"):
        command = "EHLO,HELO"
    log, pool = through(tmp_path / "dump", [fault, command])
    assert log.of(Result.UNTOUCHED) == list(range(60))
    assert pool.trouble is not None
    assert dumped(tmp_path / "dump") == []


def test_ehlo_refused_for_good_is_followed_by_helo(tmp_path: Path) -> None:
    log, _ = through(tmp_path / "dump", ["-f", "EHLO"])
    assert log.of(Result.ACCEPTED) == list(range(60))


@pytest.mark.parametrize("options", [(), ("-p",)], ids=["pipelining", "lock-step"])
def test_a_lost_final_reply_is_uncertain_and_the_message_did_arrive(
    options: tuple[str, ...], tmp_path: Path
) -> None:
    log, pool = through(tmp_path / "dump", [*options, "-q", "."])
    uncertain = log.of(Result.UNCERTAIN)
    assert dumped(tmp_path / "dump") == uncertain
    assert 1 <= len(uncertain) <= 5
    assert len(log.of(Result.UNTOUCHED)) == 60 - len(uncertain)
    assert pool.trouble is not None


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "."])
@pytest.mark.parametrize("fault", ["-q", "-Q"])
def test_a_connection_that_ends_in_the_middle_loses_nothing(
    fault: str, command: str, tmp_path: Path
) -> None:
    log, pool = through(tmp_path / "dump", [fault, command])
    assert set(log.outcomes) == set(range(60))
    assert log.of(Result.FAILED) == log.of(Result.ACCEPTED) == []
    assert pool.trouble is not None
    sent = set(dumped(tmp_path / "dump"))
    known = set(log.of(Result.UNCERTAIN)) | set(log.of(Result.DEFERRED))
    assert sent <= known


def test_a_slow_server_gets_its_time(tmp_path: Path) -> None:
    log, _ = through(tmp_path / "dump", ["-w", "1"], count=1)
    assert log.of(Result.ACCEPTED) == [0]
