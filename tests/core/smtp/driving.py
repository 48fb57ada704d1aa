"""Plays a dialogue against the server model until both are silent."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from posthouse.core.delivery.replies import Stage
from posthouse.core.delivery.states import Result
from posthouse.core.smtp.breakdown import Breakdown, Cause
from posthouse.core.smtp.dialogue import Dialogue
from posthouse.core.smtp.handshake import Phase
from posthouse.core.smtp.messages import Outcome, Outgoing
from posthouse.core.smtp.settings import Encryption, ServerSettings
from tests.core.smtp.server_model import ServerModel, split

PLAIN = ServerSettings(host="relay.example.net", encryption=Encryption.NONE)
GONE = Breakdown(Cause.LOST, Stage.CONNECT, "The connection was lost.")


def message(number: int, recipient: str = "", lines: int = 1) -> Outgoing:
    body = "".join(f"line {line} of {number}\r\n" for line in range(lines))
    return Outgoing(
        number,
        f"b{number}@sl.mail.example.com",
        recipient or f"r{number}@example.org",
        f"Subject: {number}\r\n\r\n{body}".encode(),
    )


@dataclass
class Run:
    dialogue: Dialogue
    outcomes: list[Outcome] = field(default_factory=list)
    started: list[int] = field(default_factory=list)
    largest_write: int = 0  # transactions started in one write
    in_flight: int = 0  # most transactions ever started and unanswered
    sent: bytes = b""

    def by_token(self) -> dict[int, Outcome]:
        tokens = [outcome.token for outcome in self.outcomes]
        assert len(tokens) == len(set(tokens)), "two outcomes for one message"
        return {outcome.token: outcome for outcome in self.outcomes}


def play(
    server: ServerModel,
    messages: Iterable[Outgoing],
    *,
    settings: ServerSettings = PLAIN,
    sizes: Iterable[int] = (),
    cut_after: int | None = None,
    quits: bool = True,
) -> Run:
    """`sizes` split what the server says; after `cut_after` octets of it the connection dies."""
    run = Run(Dialogue(settings))
    queue, pieces = deque(messages), deque(sizes)
    arriving: deque[bytes] = deque(split(server.greeting(), pieces))
    while arriving:
        data = arriving.popleft()
        if cut_after is not None:
            data, cut_after = data[:cut_after], cut_after - len(data)
        run.outcomes += run.dialogue.receive(data)
        if cut_after is not None and cut_after <= 0:
            break
        answer = _answer(run, server, queue, quits=quits)
        arriving.extend(split(answer, pieces))
    run.outcomes += run.dialogue.lost(GONE)
    run.outcomes += [_untouched(m) for m in queue]
    return run


def _answer(run: Run, server: ServerModel, queue: deque[Outgoing], *, quits: bool) -> bytes:
    dialogue = run.dialogue
    while dialogue.room and queue:
        refusal = dialogue.admit(queue.popleft())
        run.outcomes += [refusal] if refusal else []
    if quits and not queue and dialogue.phase is Phase.READY:
        dialogue.quit()
    starting, data = dialogue.take_output()
    run.started += starting
    run.largest_write = max(run.largest_write, len(starting))
    answered = {outcome.token for outcome in run.outcomes}
    run.in_flight = max(run.in_flight, len(set(run.started) - answered))
    run.sent += data
    return server.feed(data)


def _untouched(message: Outgoing) -> Outcome:
    return Outcome(message.token, Result.UNTOUCHED, Stage.CONNECT, 0, "", "never admitted")
