"""Sending with DATA: the next envelope behind the last body (RFC 2920), or step by step."""

from posthouse.core.delivery.replies import Stage
from posthouse.core.smtp.extensions import Extensions
from posthouse.core.smtp.messages import (
    Outcome,
    mail_command,
    outcome_of,
    rcpt_command,
    stuffed,
)
from posthouse.core.smtp.transactions import OutOfStep, Transaction, Transactions

_ENVELOPE = (Stage.MAIL, Stage.RCPT, Stage.DATA)


class _WithData(Transactions):
    """One transaction has its envelope out, one its body; `_due` is what must be written next."""

    def __init__(self, extensions: Extensions) -> None:
        super().__init__(extensions)
        self._current: Transaction | None = None  # its envelope is being answered
        self._closing: Transaction | None = None  # its body is out, or due
        self._due: tuple[bytes, ...] = ()
        self._due_stage = Stage.END  # the reply that `_due` asks for

    @property
    def idle(self) -> bool:
        return not (self.expected or self.waiting or self._due)

    def open(self) -> list[Transaction]:
        return [t for t in (self._closing, self._current) if t is not None]

    def forget_open(self) -> None:
        self._closing = self._current = None
        self._due = ()

    def _write_due(self, starting: list[int], parts: list[bytes]) -> None:
        if not self._due:
            return
        parts.extend(self._due)
        self.expected.append(self._due_stage)
        self._due = ()
        if self._due_stage is Stage.END and self._closing is not None:
            starting.append(self._closing.message.token)
            self._closing.handed_out = True

    def _owe(self, stage: Stage, *data: bytes) -> None:
        self._due = data
        self._due_stage = stage

    def _owe_body(self, transaction: Transaction) -> None:
        self._closing = transaction
        self._owe(Stage.END, stuffed(transaction.message.content), b".\r\n")

    def _refused(self, transaction: Transaction, outcomes: list[Outcome]) -> None:
        assert transaction.refusal is not None
        self._current = None
        outcomes.append(transaction.refusal)

    def _finish(self, code: int, raw: bytes, outcomes: list[Outcome]) -> None:
        """The reply to the end of DATA, which ends the transaction (RFC 5321 4.1.1.4)."""
        transaction = self._closing
        if transaction is None:
            return  # it answers the lone dot of a message that was refused before
        if 200 <= code < 300:
            outcomes.append(outcome_of(transaction.message, Stage.END, code, raw))
        else:
            transaction.refuse(Stage.END, code, raw)
            assert transaction.refusal is not None
            outcomes.append(transaction.refusal)
        self._closing = None


class Overlapped(_WithData):
    """PIPELINING: one write and one round trip a message in the steady state."""

    @property
    def room(self) -> int:
        return 0 if self._current is not None or self.waiting else 1

    def output(self, starting: list[int], parts: list[bytes]) -> None:
        self._write_due(starting, parts)
        if self.waiting and self._current is None:
            self._current = self.waiting.popleft()
            message = self._current.message
            parts.append(mail_command(message, self.extensions))
            parts.append(rcpt_command(message) + b"DATA\r\n")
            self.expected.extend(_ENVELOPE)

    def reply(self, code: int, raw: bytes, outcomes: list[Outcome]) -> None:
        stage = self.next_stage(code)
        if stage is Stage.END:
            self._finish(code, raw, outcomes)
        elif stage is Stage.RESET:
            if not 200 <= code < 300:
                raise OutOfStep(f"{code} in reply to RSET")
        elif stage is Stage.DATA:
            self._answer_data(code, raw, outcomes)
        elif not 200 <= code < 300:
            assert self._current is not None
            self._current.refuse(stage, code, raw)

    def _answer_data(self, code: int, raw: bytes, outcomes: list[Outcome]) -> None:
        transaction = self._current
        assert transaction is not None
        if code != 354:
            transaction.refuse(Stage.DATA, code, raw)
            # The server may keep the sender of the refused transaction (RFC 5321 3.3).
            self._owe(Stage.RESET, b"RSET\r\n")
            self._refused(transaction, outcomes)
        elif transaction.refusal is not None:
            # It waits for a body although it refused the envelope: nobody must get this one.
            self._owe(Stage.END, b".\r\n")
            self._refused(transaction, outcomes)
        else:
            self._current = None
            self._owe_body(transaction)


class LockStep(_WithData):
    """Neither extension: each command waits for the reply to the one before."""

    @property
    def room(self) -> int:
        busy = self._current is not None or self.expected or self._due or self.waiting
        return 0 if busy else 1

    def output(self, starting: list[int], parts: list[bytes]) -> None:
        if self.waiting and not (self.expected or self._due):
            self._current = self.waiting.popleft()
            self._owe(Stage.MAIL, mail_command(self._current.message, self.extensions))
        self._write_due(starting, parts)

    def reply(self, code: int, raw: bytes, outcomes: list[Outcome]) -> None:
        stage = self.next_stage(code)
        if stage is Stage.END:
            self._finish(code, raw, outcomes)
        elif stage is Stage.RESET:
            if not 200 <= code < 300:
                raise OutOfStep(f"{code} in reply to RSET")
        else:
            self._answer(stage, code, raw, outcomes)

    def _answer(self, stage: Stage, code: int, raw: bytes, outcomes: list[Outcome]) -> None:
        transaction = self._current
        assert transaction is not None
        if code == 354 if stage is Stage.DATA else 200 <= code < 300:
            self._go_on(stage, transaction)
            return
        transaction.refuse(stage, code, raw)
        if stage is not Stage.MAIL:
            self._owe(Stage.RESET, b"RSET\r\n")
        self._refused(transaction, outcomes)

    def _go_on(self, stage: Stage, transaction: Transaction) -> None:
        if stage is Stage.MAIL:
            self._owe(Stage.RCPT, rcpt_command(transaction.message))
        elif stage is Stage.RCPT:
            self._owe(Stage.DATA, b"DATA\r\n")
        else:
            self._current = None
            self._owe_body(transaction)
