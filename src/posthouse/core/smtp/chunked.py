"""Sending with CHUNKING: whole transactions in flight, several at a time (RFC 3030)."""

from collections import deque

from posthouse.core.delivery.replies import Stage
from posthouse.core.smtp.extensions import Extensions
from posthouse.core.smtp.messages import Outcome, mail_command, outcome_of, rcpt_command
from posthouse.core.smtp.transactions import OutOfStep, Transaction, Transactions

_REPLIES = (Stage.MAIL, Stage.RCPT, Stage.END)


class Chunked(Transactions):
    """MAIL, RCPT, BDAT LAST in one piece; the server answers each, also those it refuses.

    After a refused RCPT some servers keep the sender (Exim does) and would put the next
    message under the previous envelope, answering 503 only to its MAIL. So a transaction that
    is written while another is unanswered, or after a refused one, begins with RSET.
    """

    def __init__(self, extensions: Extensions, depth: int) -> None:
        super().__init__(extensions)
        self._depth = depth
        self._open: deque[Transaction] = deque()
        self._unclean = False  # the last answered transaction was refused

    @property
    def room(self) -> int:
        return self._depth - len(self._open) - len(self.waiting)

    def open(self) -> list[Transaction]:
        return list(self._open)

    def forget_open(self) -> None:
        self._open.clear()

    def output(self, starting: list[int], parts: list[bytes]) -> None:
        while self.waiting:
            transaction = self.waiting.popleft()
            message = transaction.message
            if self._open or self._unclean:
                parts.append(b"RSET\r\n")
                self.expected.append(Stage.RESET)
            parts.append(mail_command(message, self.extensions))
            parts.append(rcpt_command(message))
            parts.append(b"BDAT %d LAST\r\n" % len(message.content))
            parts.append(message.content)
            self.expected.extend(_REPLIES)
            starting.append(message.token)
            transaction.handed_out = True
            self._open.append(transaction)

    def reply(self, code: int, raw: bytes, outcomes: list[Outcome]) -> None:
        stage = self.next_stage(code)
        accepted = 200 <= code < 300
        if stage is Stage.END:
            self._finish(code, raw, outcomes)
        elif stage is Stage.RESET:
            if not accepted and self._unclean:
                raise OutOfStep(f"{code} in reply to RSET")
        elif not accepted:
            self._open[0].refuse(stage, code, raw)
        elif stage is Stage.RCPT and self._open[0].refusal is not None:
            self._open[0].recipient_taken = True

    def _finish(self, code: int, raw: bytes, outcomes: list[Outcome]) -> None:
        transaction = self._open[0]
        if not 200 <= code < 300:
            transaction.refuse(Stage.END, code, raw)
        elif transaction.refusal is None or transaction.recipient_taken:
            # Recipient and content taken: the server has the message, whatever it said to MAIL.
            transaction.refusal = None
        self._unclean = transaction.refusal is not None
        outcomes.append(
            transaction.refusal or outcome_of(transaction.message, Stage.END, code, raw)
        )
        self._open.popleft()
