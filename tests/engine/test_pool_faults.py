"""Whatever a server does at whatever stage: nothing is lost, nothing is blamed wrongly (F5-F8)."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from posthouse.core.delivery.replies import Blame, Stage
from posthouse.core.delivery.states import Result
from posthouse.core.smtp.breakdown import Cause
from posthouse.demo.faults import DROP, LOSE, STALL, Fault
from posthouse.demo.sink import Sink
from tests.engine.pools import LOCAL, Log, message, messages, new_pool, send, until, with_sink
from tests.engine.test_pool import MODES

ONE = replace(LOCAL, max_connections=1)
REPLIES = {
    "421": "421 4.3.2 Closing",
    "450": "450 4.2.0 Later",
    "451": "451 4.3.0 Trouble here",
    "452": "452 4.3.1 Full",
    "550": "550 5.1.1 No such user",
    "552": "552 5.2.2 Mailbox full",
    "554": "554 5.7.1 Denied",
    "garbage": "%$&!",
    "multi-line": "550-5.1.1 No\n550 5.1.1 such user",
    "8-bit": "550 5.1.1 Empfänger unbekannt \xff",
    "script": "550 5.1.1 <script>alert(1)</script>",
}
PLACES = [
    (mode, stage)
    for mode in MODES
    for stage in (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.END)
    if (mode, stage) != ("chunking", Stage.DATA)
]


def delivered(sink: Sink) -> list[int]:
    """Tokens in the record; one twice if it was taken twice."""
    return sorted(int(sink.record[n].recipient[1:].split("@")[0]) for n in range(len(sink.record)))


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize(("mode", "stage"), PLACES)
def test_one_reply_at_one_stage_concerns_one_message(
    mode: str, stage: Stage, reply: str, tmp_path: Path
) -> None:
    address = "b3@sl.mail.example.com" if stage is Stage.MAIL else "r3@example.org"
    fault = Fault(stage, REPLIES[reply], address, times=1)
    sink = Sink(tmp_path, http_port=None, extensions=MODES[mode], faults=[fault])

    log, pool = with_sink(sink, lambda: send(sink.smtp_port, messages(12), ONE))

    assert set(log.outcomes) == set(range(12))
    assert pool.trouble is None
    taken = delivered(sink)
    assert len(taken) == len(set(taken))
    certain = set(range(12)) - set(log.of(Result.UNCERTAIN))
    assert set(log.of(Result.ACCEPTED)) == set(taken) & certain
    others = {o.result for token, o in log.outcomes.items() if token != 3}
    outcome = log.outcomes[3]
    if reply == "garbage":
        # Where the step is lost, what was on the wire is uncertain, at most its depth.
        assert len(log.of(Result.UNCERTAIN)) <= 4
        assert Result.FAILED not in others
        return
    assert others <= {Result.ACCEPTED, Result.UNTOUCHED}
    assert outcome.stage == stage
    assert outcome.result is (
        Result.DEFERRED
        if reply in {"421", "450", "451", "452"} or (stage is Stage.MAIL and reply != "552")
        else Result.FAILED
    )
    assert outcome.text.isprintable()
    if stage is Stage.MAIL or reply in {"421", "554"}:
        assert outcome.blame is not Blame.RECIPIENT


@pytest.mark.parametrize("reply", ["421 4.3.2 Busy", "554 5.7.1 Go away", "garbage"])
@pytest.mark.parametrize("stage", [Stage.CONNECT, Stage.HELLO])
def test_a_refused_conversation_pauses_the_server_and_touches_nobody(
    stage: Stage, reply: str, tmp_path: Path
) -> None:
    sink = Sink(tmp_path, http_port=None, faults=[Fault(stage, reply)])
    log, pool = with_sink(sink, lambda: send(sink.smtp_port, messages(50)))
    assert log.of(Result.UNTOUCHED) == list(range(50))
    assert pool.opened == 1
    assert pool.trouble is not None
    assert pool.trouble.breakdown.stage == stage
    assert log.started == []


@pytest.mark.parametrize(
    "reply", ["421 4.3.2 Busy", "454 4.7.0 Later", "535 5.7.8 Who?", "554 5.7.1 No", "garbage"]
)
def test_a_refused_sign_in_pauses_the_server_and_touches_nobody(reply: str, tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None, credentials=("u", "p"), faults=[Fault(Stage.AUTH, reply)])
    signed = replace(LOCAL, username="u", password="p", auth_in_clear=True)
    log, pool = with_sink(sink, lambda: send(sink.smtp_port, messages(20), signed))
    assert log.of(Result.UNTOUCHED) == list(range(20))
    assert log.started == []
    assert pool.trouble is not None
    assert pool.trouble.breakdown.stage is Stage.AUTH
    assert sink.state.connections == 1


def test_after_the_trouble_a_new_pool_sends_everything(tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None, faults=[Fault(Stage.CONNECT, "421 Busy", times=1)])

    async def body() -> None:
        first, _ = await send(sink.smtp_port, messages(10))
        assert first.of(Result.UNTOUCHED) == list(range(10))
        second, _ = await send(sink.smtp_port, messages(10))
        assert second.of(Result.ACCEPTED) == list(range(10))

    with_sink(sink, body)


def test_in_trouble_what_is_put_comes_back_at_once(tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None, faults=[Fault(Stage.CONNECT, "554 No")])

    async def body() -> None:
        log = Log()
        pool = new_pool(log, sink.smtp_port)
        pool.put(messages(1))
        await until(lambda: pool.trouble)
        pool.put(messages(2, first=1))
        assert log.of(Result.UNTOUCHED) == [0, 1, 2]
        assert log.outcomes[2].text == pool.trouble.reason if pool.trouble else False
        assert pool.opened == 1
        await pool.close(drain=True)

    with_sink(sink, body)


def test_nothing_listening_is_said_in_words() -> None:
    import asyncio

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        log, pool = asyncio.run(send(taken.getsockname()[1], messages(3)))
    assert log.of(Result.UNTOUCHED) == [0, 1, 2]
    assert pool.trouble is not None
    assert pool.trouble.breakdown.cause is Cause.UNREACHABLE
    assert "refuses connections" in pool.trouble.reason


@pytest.mark.parametrize("mode", MODES)
def test_a_drop_after_the_last_byte_is_uncertain_and_no_more(mode: str, tmp_path: Path) -> None:
    fault = Fault(Stage.END, DROP, "r5@example.org", times=1)
    sink = Sink(tmp_path, http_port=None, extensions=MODES[mode], faults=[fault])
    log, pool = with_sink(sink, lambda: send(sink.smtp_port, messages(40), ONE))
    uncertain = log.of(Result.UNCERTAIN)
    assert 5 in uncertain
    assert len(uncertain) <= (4 if mode == "chunking" else 1)
    assert log.of(Result.ACCEPTED) == sorted(set(range(40)) - set(uncertain))
    assert set(range(40)) >= set(delivered(sink)) >= set(log.of(Result.ACCEPTED)) | {5}
    assert pool.trouble is None


def test_a_server_that_always_drops_is_paused_before_all_are_uncertain(tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None, faults=[Fault(Stage.END, LOSE)])
    log, pool = with_sink(sink, lambda: send(sink.smtp_port, messages(500)))
    assert pool.trouble is not None
    assert pool.trouble.breakdown.cause is Cause.LOST
    assert len(log.of(Result.UNCERTAIN)) + len(log.of(Result.UNTOUCHED)) == 500
    assert len(log.of(Result.UNCERTAIN)) <= pool.opened * 4 <= 9 * 4
    assert delivered(sink) == []


def test_a_server_that_refuses_everybody_for_its_own_reasons_is_paused(tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None, faults=[Fault(Stage.MAIL, "550 5.7.1 You may not")])
    log, pool = with_sink(sink, lambda: send(sink.smtp_port, messages(500)))
    assert pool.trouble is not None
    assert "5.7.1 You may not" in pool.trouble.reason
    assert log.of(Result.FAILED) == []
    assert len(log.of(Result.DEFERRED)) <= 4 * 4 + 5
    assert {o.blame for o in log.outcomes.values()} <= {Blame.SERVER, Blame.NOBODY}


def test_recipients_that_do_not_exist_never_pause_the_server(tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None, faults=[Fault(Stage.RCPT, "550 5.1.1 Who?")])
    log, pool = with_sink(sink, lambda: send(sink.smtp_port, messages(100)))
    assert pool.trouble is None
    assert log.of(Result.FAILED) == list(range(100))


def test_sign_in_asked_for_at_mail_pauses_at_once(tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None, credentials=("u", "p"))
    log, pool = with_sink(sink, lambda: send(sink.smtp_port, messages(50), ONE))
    assert pool.trouble is not None
    assert "530 5.7.0" in pool.trouble.reason
    assert len(log.of(Result.DEFERRED)) <= 4
    assert len(log.of(Result.UNTOUCHED)) >= 46


def test_a_message_that_kills_connections_does_not_keep_the_others(tmp_path: Path) -> None:
    sink = Sink(
        tmp_path, http_port=None, extensions=("PIPELINING",),
        faults=[Fault(Stage.RCPT, DROP, "r0@example.org")],
    )  # fmt: skip
    log, pool = with_sink(sink, lambda: send(sink.smtp_port, messages(30), ONE))
    assert log.of(Result.ACCEPTED) == list(range(1, 30))
    assert log.of(Result.DEFERRED) == [0]
    assert pool.trouble is None


def test_a_refused_further_connection_is_no_trouble(tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None)

    async def body() -> None:
        log = Log()
        pool = new_pool(log, sink.smtp_port)
        pool.put([message(0)])
        await until(lambda: 0 in log.outcomes)
        sink.state.faults.append(Fault(Stage.CONNECT, "421 4.7.0 Too many connections"))
        pool.put(messages(200, first=1))
        await pool.close(drain=True)
        assert log.of(Result.ACCEPTED) == list(range(201))
        assert pool.trouble is None
        assert sink.state.connections <= 4

    with_sink(sink, body)


@pytest.mark.parametrize(
    ("mode", "stage", "result"),
    [
        ("chunking", Stage.END, Result.UNCERTAIN),
        ("pipelining", Stage.END, Result.UNCERTAIN),
        ("lock-step", Stage.END, Result.UNCERTAIN),
        ("lock-step", Stage.RCPT, Result.DEFERRED),
        ("pipelining", Stage.DATA, Result.DEFERRED),
    ],
)
def test_a_silent_server_is_waited_for_only_so_long(
    mode: str, stage: Stage, result: Result, tmp_path: Path
) -> None:
    sink = Sink(
        tmp_path, http_port=None, extensions=MODES[mode],
        faults=[Fault(stage, STALL, "r0@example.org")],
    )  # fmt: skip
    impatient = replace(ONE, command_timeout=0.2, final_timeout=0.2)
    log, _ = with_sink(sink, lambda: send(sink.smtp_port, messages(1), impatient))
    assert log.of(result) == [0]


def test_a_silent_greeting_is_waited_for_only_so_long(tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None, faults=[Fault(Stage.CONNECT, STALL)])
    impatient = replace(ONE, timeout=0.2)
    log, pool = with_sink(sink, lambda: send(sink.smtp_port, messages(2), impatient))
    assert log.of(Result.UNTOUCHED) == [0, 1]
    assert pool.trouble is not None
    assert "said nothing at CONNECT" in pool.trouble.reason
