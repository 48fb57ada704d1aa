"""The three ways of sending, refusals in the middle, and the ends of a conversation."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from posthouse.core.delivery.replies import Blame, Stage
from posthouse.core.delivery.states import Result
from posthouse.core.smtp.breakdown import Cause
from posthouse.core.smtp.dialogue import Dialogue
from posthouse.core.smtp.handshake import Phase
from posthouse.core.smtp.messages import Outcome, Outgoing
from tests.core.smtp.driving import GONE, PLAIN, message, play
from tests.core.smtp.server_model import ServerModel

CHUNKING = b"250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
PIPELINING = b"250-x\r\n250 PIPELINING\r\n"
LOCK_STEP = b"250 x\r\n"


def ready(ehlo: bytes, share: int = 0) -> Dialogue:
    dialogue = Dialogue(replace(PLAIN, messages_per_connection=share))
    dialogue.receive(b"220 hi\r\n")
    dialogue.take_output()
    dialogue.receive(ehlo)
    assert dialogue.take_output() == ([], b"")
    return dialogue


def admit(dialogue: Dialogue, *messages: Outgoing) -> tuple[list[int], bytes]:
    for m in messages:
        assert dialogue.admit(m) is None
    starting, data = dialogue.take_output()
    return list(starting), data


def results(outcomes: list[Outcome]) -> Mapping[int, tuple[str, str, int]]:
    return {o.token: (o.result, o.stage, o.code) for o in outcomes}


def test_chunking_keeps_several_transactions_in_flight() -> None:
    server = ServerModel()
    run = play(server, [message(n) for n in range(20)])
    assert run.largest_write == run.in_flight == 4
    assert run.started == list(range(20))
    assert [n for _, _, n in server.accepted] == [message(n).content for n in range(20)]


def test_pipelining_puts_the_next_envelope_behind_the_body() -> None:
    dialogue = ready(PIPELINING)
    _, envelope = admit(dialogue, message(1))
    assert envelope.endswith(b"DATA\r\n")
    assert dialogue.room == 0
    dialogue.receive(b"250 ok\r\n250 ok\r\n354 go\r\n")
    starting, data = admit(dialogue, message(2))
    assert starting == [1]
    assert data == message(1).content + b".\r\n" + (
        b"MAIL FROM:<b2@sl.mail.example.com>\r\nRCPT TO:<r2@example.org>\r\nDATA\r\n"
    )


def test_without_pipelining_every_command_waits() -> None:
    server = ServerModel(extensions=("CHUNKING",))
    run = play(server, [message(n) for n in range(3)])
    assert not server.pipelined
    assert {o.result for o in run.outcomes} == {Result.ACCEPTED}
    assert b"BDAT" not in run.sent


def test_the_last_byte_is_announced_before_it_is_handed_out() -> None:
    dialogue = ready(LOCK_STEP)
    assert admit(dialogue, message(7))[0] == []
    for reply in (b"250 ok\r\n", b"250 ok\r\n"):
        dialogue.receive(reply)
        assert dialogue.take_output()[0] == []
    dialogue.receive(b"354 go\r\n")
    starting, data = dialogue.take_output()
    assert starting == [7]
    assert data.endswith(b"\r\n.\r\n")


def test_a_refused_recipient_gets_a_lone_dot_not_the_body() -> None:
    dialogue = ready(PIPELINING)
    admit(dialogue, message(1))
    outcomes = dialogue.receive(b"250 ok\r\n550 5.1.1 who\r\n354 go\r\n")
    assert results(outcomes) == {1: ("failed", "rcpt", 550)}
    starting, data = admit(dialogue, message(2))
    assert starting == []
    assert data.startswith(b".\r\nMAIL FROM:<b2@")
    assert dialogue.receive(b"554 no recipients\r\n250 ok\r\n250 ok\r\n354 go\r\n") == []
    assert dialogue.take_output()[0] == [2]


def test_a_refused_data_is_followed_by_rset() -> None:
    dialogue = ready(PIPELINING)
    admit(dialogue, message(1))
    outcomes = dialogue.receive(b"250 ok\r\n250 ok\r\n451 later\r\n")
    assert results(outcomes) == {1: ("deferred", "data", 451)}
    assert admit(dialogue, message(2))[1].startswith(b"RSET\r\nMAIL FROM:<b2@")


def test_a_refused_recipient_in_chunks_does_not_lend_its_envelope_to_the_next() -> None:
    server = ServerModel(
        script=lambda stage, who: "550 5.1.1 who" if who == "r0@example.org" else ""
    )
    run = play(server, [message(n) for n in range(3)])
    assert results(run.outcomes)[0] == ("failed", "rcpt", 550)
    assert [sender for sender, _, _ in server.accepted] == [
        message(1).mail_from,
        message(2).mail_from,
    ]


def test_lines_that_begin_with_a_dot_arrive_whole() -> None:
    content = b".first\r\n\r\n..two\r\n.\r\nlast\r\n"
    for extensions in (("PIPELINING",), (), ("PIPELINING", "CHUNKING")):
        server = ServerModel(extensions=extensions)
        play(server, [Outgoing(1, "", "r@example.org", content), message(2)])
        assert server.accepted[0] == ("", "r@example.org", content)
        assert len(server.accepted) == 2


@pytest.mark.parametrize("ehlo", [CHUNKING, PIPELINING, LOCK_STEP])
@pytest.mark.parametrize(
    "address",
    [
        "a@b>\r\nRCPT TO:<x@example.com",
        "a b@example.com",
        "a@example.com\n",
        "a\x7f@example.com",
        "<a@example.com",
        "ü@example.com",
        "a\0@example.com",
        "x" * 255,
    ],
)
def test_an_address_that_could_carry_a_command_is_never_written(ehlo: bytes, address: str) -> None:
    dialogue = ready(ehlo)
    content = message(1).content
    to = dialogue.admit(Outgoing(1, "b@example.com", address, content))
    sender = dialogue.admit(Outgoing(2, address, "r@example.org", content))
    assert to is not None
    assert sender is not None
    assert (to.result, to.stage, to.blame) == (Result.FAILED, Stage.RCPT, Blame.RECIPIENT)
    assert (sender.result, sender.stage, sender.blame) == (Result.FAILED, Stage.MAIL, Blame.SENDER)
    assert dialogue.take_output() == ([], b"")


def test_an_empty_recipient_is_refused_and_an_empty_return_path_is_not() -> None:
    dialogue = ready(CHUNKING)
    assert dialogue.admit(Outgoing(1, "b@example.com", "", message(1).content)) is not None
    assert dialogue.admit(Outgoing(2, "", "r@example.org", message(1).content)) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a",
        b"a\n",
        b"a\r",
        b"a\rb\r\n",
        b"a\nb\r\n",
        b"a\n.\r\nMAIL\r\n",
        b"a\0\r\n",
        b"\r\r\n",
    ],
)
def test_bare_line_ends_are_refused_before_anything_is_written(content: bytes) -> None:
    dialogue = ready(CHUNKING)
    outcome = dialogue.admit(Outgoing(1, "b@example.com", "r@example.org", content))
    assert outcome is not None
    assert (outcome.result, outcome.blame, outcome.code) == (Result.FAILED, Blame.MESSAGE, 0)
    assert dialogue.take_output() == ([], b"")


def test_size_and_eight_bit_are_declared_and_honoured() -> None:
    dialogue = ready(b"250-x\r\n250-SIZE 20\r\n250-8BITMIME\r\n250 PIPELINING\r\n")
    large = dialogue.admit(Outgoing(1, "", "r@example.org", b"x" * 30 + b"\r\n"))
    assert large is not None
    assert large.enhanced == "5.3.4"
    _, data = admit(dialogue, Outgoing(2, "", "r@example.org", b"\xc3\xa9\r\n"))
    assert data.startswith(b"MAIL FROM:<> SIZE=4 BODY=8BITMIME\r\n")
    narrow = ready(PIPELINING).admit(Outgoing(3, "", "r@example.org", b"\xc3\xa9\r\n"))
    assert narrow is not None
    assert narrow.enhanced == "5.6.3"


def test_421_after_the_envelope_defers_that_message_and_touches_no_other() -> None:
    dialogue = ready(CHUNKING)
    admit(dialogue, *(message(n) for n in range(4)))
    outcomes = dialogue.receive(b"250 a\r\n250 b\r\n250 c\r\n250 r\r\n421 4.3.2 closing\r\n")
    assert dialogue.breakdown is not None
    assert dialogue.breakdown.cause is Cause.CLOSING
    assert dialogue.room == 0
    outcomes += dialogue.lost(GONE)
    assert results(outcomes) == {
        0: ("accepted", "end", 250),
        1: ("deferred", "mail", 421),
        2: ("untouched", "connect", 0),
        3: ("untouched", "connect", 0),
    }


def test_a_server_that_answers_on_after_421_is_taken_by_its_word() -> None:
    dialogue = ready(CHUNKING)
    admit(dialogue, *(message(n) for n in range(3)))
    outcomes = dialogue.receive(
        b"250 a\r\n421 b\r\n503 c\r\n250 r\r\n250 a\r\n250 b\r\n250 c\r\n250 r\r\n"
    )
    outcomes += dialogue.lost(GONE)
    assert results(outcomes) == {
        0: ("deferred", "rcpt", 421),
        1: ("accepted", "end", 250),
        2: ("uncertain", "end", 0),
    }


def test_421_while_idle_ends_the_conversation() -> None:
    dialogue = ready(CHUNKING)
    assert dialogue.receive(b"421 4.4.2 timeout\r\n") == []
    assert dialogue.phase is Phase.ENDED
    assert dialogue.breakdown is not None
    assert dialogue.breakdown.cause is Cause.CLOSING


def test_a_reply_to_nothing_ends_the_conversation() -> None:
    dialogue = ready(CHUNKING)
    dialogue.receive(b"250 surprise\r\n")
    assert dialogue.breakdown is not None
    assert dialogue.breakdown.cause is Cause.UNREADABLE


def test_after_a_lost_connection_only_what_was_handed_out_is_uncertain() -> None:
    dialogue = ready(PIPELINING)
    admit(dialogue, message(1))
    dialogue.receive(b"250 ok\r\n250 ok\r\n354 go\r\n")
    admit(dialogue, message(2))
    assert results(dialogue.lost(GONE)) == {
        1: ("uncertain", "end", 0),
        2: ("untouched", "connect", 0),
    }
    assert dialogue.lost(GONE) == []


def test_the_message_that_was_being_answered_can_be_told_from_those_behind() -> None:
    dialogue = ready(LOCK_STEP)
    admit(dialogue, message(1))
    dialogue.receive(b"250 ok\r\n")
    dialogue.take_output()
    assert results(dialogue.lost(GONE)) == {1: ("untouched", "rcpt", 0)}


def test_a_refused_recipient_is_certain_even_without_the_last_reply() -> None:
    dialogue = ready(CHUNKING)
    admit(dialogue, message(1))
    dialogue.receive(b"250 ok\r\n550 5.1.1 who\r\n")
    assert results(dialogue.lost(GONE)) == {1: ("failed", "rcpt", 550)}


def test_what_the_owner_did_not_write_is_not_uncertain() -> None:
    dialogue = ready(CHUNKING)
    starting, _ = admit(dialogue, message(1), message(2))
    dialogue.withheld(starting)
    assert {o.result for o in dialogue.lost(GONE)} == {Result.UNTOUCHED}


def test_quit_waits_for_the_last_reply() -> None:
    dialogue = ready(CHUNKING)
    admit(dialogue, message(1))
    dialogue.quit()
    assert dialogue.take_output() == ([], b"")
    dialogue.receive(b"250 a\r\n250 b\r\n250 c\r\n")
    assert dialogue.take_output() == ([], b"QUIT\r\n")
    dialogue.receive(b"221 bye\r\n")
    assert dialogue.phase is Phase.ENDED
    assert dialogue.breakdown is None


def test_a_connection_takes_no_more_than_its_share() -> None:
    dialogue = ready(CHUNKING, share=3)
    assert dialogue.room == 3
    admit(dialogue, *(message(n) for n in range(3)))
    dialogue.receive(b"250 a\r\n250 b\r\n250 c\r\n")
    assert dialogue.spent
    assert dialogue.room == 0


def test_a_null_byte_reply_text_reaches_nobody_raw() -> None:
    dialogue = ready(LOCK_STEP)
    admit(dialogue, message(1))
    (outcome,) = dialogue.receive(b"550 <script>\x00\x1b[2J\xff\r\n")
    assert outcome.text == "<script>  [2J�"
