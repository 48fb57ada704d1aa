"""The client's side of one SMTP connection, without the connection: bytes in, bytes out.

The owner feeds what it receives, admits messages while there is `room`, and writes what
`take_output` gives. Every admitted message comes back as exactly one `Outcome`.
"""

from collections.abc import Iterable, Sequence

from posthouse.core.delivery.replies import Stage
from posthouse.core.smtp.breakdown import Breakdown, BrokenOff, Cause, answered
from posthouse.core.smtp.chunked import Chunked
from posthouse.core.smtp.extensions import Extensions
from posthouse.core.smtp.handshake import STAGE_OF_PHASE, Handshake, Phase
from posthouse.core.smtp.messages import Outcome, Outgoing, objection
from posthouse.core.smtp.overlapped import LockStep, Overlapped
from posthouse.core.smtp.replies import ReplyReader
from posthouse.core.smtp.settings import ServerSettings
from posthouse.core.smtp.transactions import OutOfStep, Transactions


class Dialogue:
    """Greeting to QUIT. `breakdown` says why it ended, if it was not we who ended it."""

    def __init__(self, settings: ServerSettings, *, encrypted: bool = False) -> None:
        self._settings = settings
        self._reader = ReplyReader()
        self._handshake = Handshake(settings, encrypted=encrypted)
        self._transactions: Transactions | None = None
        self._unsent: list[bytes] = []
        self._quitting = False
        self._closing = False  # the last reply was 421
        self._left = settings.messages_per_connection or -1
        self.phase = Phase.GREETING
        self.breakdown: Breakdown | None = None
        self.returned: dict[int, Outgoing] = {}  # by token: see _end

    @property
    def extensions(self) -> Extensions:
        return self._handshake.extensions

    @property
    def room(self) -> int:
        """How many messages it would take now."""
        if self._transactions is None or self._quitting or self.breakdown is not None:
            return 0
        room = self._transactions.room
        return room if self._left < 0 else min(room, self._left)

    @property
    def idle(self) -> bool:
        """Nothing is admitted and no reply is owed."""
        return self._transactions is not None and self._transactions.idle

    @property
    def awaiting(self) -> Stage | None:
        """The stage whose reply comes next, None when none is owed."""
        if self._transactions is not None and self.phase is Phase.READY:
            expected = self._transactions.expected
            return expected[0] if expected else None
        return STAGE_OF_PHASE.get(self.phase)

    @property
    def owes_final(self) -> bool:
        """The server may be busy with a whole message: RFC 5321 4.5.3.2.6 gives it long."""
        return self._transactions is not None and Stage.END in self._transactions.expected

    @property
    def spent(self) -> bool:
        """It has sent as many messages as one connection may."""
        return self._left == 0

    def admit(self, message: Outgoing) -> Outcome | None:
        """Takes a message while there is `room`, or says why it can never be sent here."""
        assert self._transactions is not None
        refusal = objection(message, self.extensions)
        if refusal is None:
            self._transactions.admit(message)
            self._left -= 1 if self._left > 0 else 0
        return refusal

    def receive(self, data: bytes) -> list[Outcome]:
        """Takes bytes from the server; afterwards look at `phase`, and call `take_output`."""
        outcomes: list[Outcome] = []
        if self._deaf():
            return outcomes
        try:
            for code, raw in self._reader.feed(data):
                self._take(code, raw, outcomes)
                if self._deaf():
                    # What came in clear behind the reply to STARTTLS is never read (A27,
                    # RFC 3207 6).
                    self._reader.clear()
                    return outcomes
            if self._reader.broken:
                raise OutOfStep(self._reader.broken)
        except BrokenOff as broken:
            outcomes += self._end(broken.breakdown)
        except OutOfStep as surprise:
            stage = self.awaiting or Stage.CONNECT
            words = f"The server's answer makes no sense: {surprise}."
            outcomes += self._end(Breakdown(Cause.UNREADABLE, stage, words))
        return outcomes

    def take_output(self) -> tuple[Sequence[int], bytes]:
        """Bytes to write now, and the tokens of the messages whose last byte is among them."""
        starting: list[int] = []
        parts, self._unsent = self._unsent, []
        if self._transactions is not None and self.breakdown is None:
            self._transactions.output(starting, parts)
            if self._quitting and self.phase is Phase.READY and self._transactions.idle:
                parts.append(b"QUIT\r\n")
                self.phase = Phase.LEAVING
        return starting, b"".join(parts)

    def secured(self) -> None:
        """The owner has made the TLS handshake that phase UPGRADING asked for."""
        assert self.phase is Phase.UPGRADING
        self._unsent.append(self._handshake.secured())
        self.phase = self._handshake.phase

    def quit(self) -> None:
        """Takes no more messages, and says QUIT as soon as everything is answered."""
        self._quitting = True

    def lost(self, breakdown: Breakdown) -> list[Outcome]:
        """The connection is gone, or the owner gives it up; what was unfinished comes back."""
        return self._end(breakdown)

    def withheld(self, tokens: Iterable[int]) -> None:
        """The owner did not write what the last `take_output` gave for `tokens`."""
        if self._transactions is not None:
            self._transactions.withhold(frozenset(tokens))

    def _deaf(self) -> bool:
        return self.phase is Phase.UPGRADING or self.phase is Phase.ENDED

    def _take(self, code: int, raw: bytes, outcomes: list[Outcome]) -> None:
        if self.phase is Phase.READY:
            assert self._transactions is not None
            self._closing = code == 421
            if code == 421:
                self._hear_closing(raw)
                if self._transactions.idle:
                    self.phase = Phase.ENDED
                    return
            self._transactions.reply(code, raw, outcomes)
        elif self.phase is Phase.LEAVING:
            self.phase = Phase.ENDED
        else:
            self._unsent.append(self._handshake.reply(code, raw))
            self.phase = self._handshake.phase
            if self.phase is Phase.READY:
                self._transactions = self._choose_transactions()

    def _hear_closing(self, raw: bytes) -> None:
        """421: nothing more is written; what the server still answers is read."""
        stage = self.awaiting or Stage.CONNECT
        words = "The server is closing the connection"
        self.breakdown = self.breakdown or answered(stage, words, 421, raw)

    def _choose_transactions(self) -> Transactions:
        names = self.extensions.names
        if "PIPELINING" not in names:
            return LockStep(self.extensions)
        if "CHUNKING" not in names:
            return Overlapped(self.extensions)
        return Chunked(self.extensions, max(1, self._settings.pipeline_depth))

    def _end(self, breakdown: Breakdown) -> list[Outcome]:
        """Outcomes of what is unfinished; messages never announced are in `returned` as well."""
        if self.phase not in (Phase.ENDED, Phase.LEAVING):
            self.breakdown = self.breakdown or breakdown
        self.phase = Phase.ENDED
        if self._transactions is None:
            return []
        self.returned.update((m.token, m) for m in self._transactions.unannounced())
        return self._transactions.abandon(closing=self._closing)
