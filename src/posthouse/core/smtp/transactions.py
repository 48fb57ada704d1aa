"""What the three ways of sending share: the order of replies and the end of a transaction."""

from abc import ABC, abstractmethod
from collections import deque

from posthouse.core.delivery.replies import Stage
from posthouse.core.delivery.states import Result
from posthouse.core.smtp.extensions import Extensions
from posthouse.core.smtp.messages import Outcome, Outgoing, outcome_of


class OutOfStep(Exception):
    """A reply that no command of ours can have: from here on nothing can be matched."""


class Transaction:
    """One message on its way over a connection."""

    __slots__ = ("handed_out", "message", "recipient_taken", "refusal")

    def __init__(self, message: Outgoing) -> None:
        self.message = message
        self.handed_out = False  # its last byte has been given to the owner
        self.refusal: Outcome | None = None  # the first refusal counts; others follow from it
        self.recipient_taken = False  # only kept where MAIL was refused before

    def refuse(self, stage: Stage, code: int, raw: bytes) -> None:
        if not 400 <= code < 600:
            raise OutOfStep(f"{code} in reply to {stage.upper()}")
        if self.refusal is None:
            self.refusal = outcome_of(self.message, stage, code, raw)

    def abandoned(self, awaited: Stage | None, *, closing: bool) -> Outcome:
        """Its outcome when the connection is gone; `awaited` is the reply it waited for.

        `closing`: the last thing the server said was 421, which announces that it executes
        nothing more (RFC 5321 3.8), so what stood behind it in the pipeline did not happen.
        """
        token = self.message.token
        if self.refusal is not None and not (self.handed_out and self.recipient_taken):
            return self.refusal
        if self.handed_out and not closing:
            words = "The connection ended before the final reply."
            return Outcome(token, Result.UNCERTAIN, Stage.END, 0, "", words)
        words = "The connection ended before the message was sent."
        return Outcome(token, Result.UNTOUCHED, awaited or Stage.CONNECT, 0, "", words)


class Transactions(ABC):
    """Commands out, replies in, in the order in which RFC 2920 and RFC 3030 allow them."""

    def __init__(self, extensions: Extensions) -> None:
        self.extensions = extensions
        self.waiting: deque[Transaction] = deque()  # admitted, nothing written yet
        self.expected: deque[Stage] = deque()  # one entry for every reply that is owed

    @property
    @abstractmethod
    def room(self) -> int:
        """How many messages can be admitted now."""

    @abstractmethod
    def output(self, starting: list[int], parts: list[bytes]) -> None:
        """Adds the bytes to write now, and the tokens whose last byte is among them."""

    @abstractmethod
    def reply(self, code: int, raw: bytes, outcomes: list[Outcome]) -> None:
        """Takes the next reply; raises `OutOfStep`."""

    @abstractmethod
    def open(self) -> list[Transaction]:
        """Transactions of which something was written, oldest first."""

    @abstractmethod
    def forget_open(self) -> None:
        """Drops them; the connection is gone."""

    @property
    def idle(self) -> bool:
        return not self.expected and not self.waiting

    def admit(self, message: Outgoing) -> None:
        self.waiting.append(Transaction(message))

    def withhold(self, tokens: frozenset[int]) -> None:
        """What `output` gave for these messages was not written after all."""
        for transaction in self.open():
            if transaction.message.token in tokens:
                transaction.handed_out = False

    def unannounced(self) -> list[Outgoing]:
        """Messages whose last byte was never handed out."""
        return [t.message for t in (*self.open(), *self.waiting) if not t.handed_out]

    def next_stage(self, code: int) -> Stage:
        if not self.expected:
            raise OutOfStep(f"{code} although nothing was asked")
        return self.expected.popleft()

    def abandon(self, *, closing: bool) -> list[Outcome]:
        """Outcomes of everything unfinished; afterwards nothing is open."""
        awaited = self.expected[0] if self.expected else None
        outcomes = []
        for transaction in (*self.open(), *self.waiting):
            outcomes.append(transaction.abandoned(awaited, closing=closing))
            awaited = None  # only the oldest one was being answered
        self.forget_open()
        self.waiting.clear()
        self.expected.clear()
        return outcomes
