"""The server's side of SMTP for demonstrations and tests: takes everything, quickly."""

import asyncio
import re
import ssl
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, cast

from posthouse.core.delivery.replies import Stage
from posthouse.demo.faults import DROP, LOSE, STALL, Fault, find_fault
from posthouse.demo.record import Record

MAX_SIZE = 50 * 1024 * 1024
MAX_LINE = 4096  # an AUTH response may be long (RFC 4954 4)
ALL_EXTENSIONS = (
    "PIPELINING",
    f"SIZE {MAX_SIZE}",
    "8BITMIME",
    "ENHANCEDSTATUSCODES",
    "CHUNKING",
)

_PATH = re.compile(r"(?:FROM|TO):\s*<([^>]*)>", re.IGNORECASE)


@dataclass(slots=True)
class SinkState:
    """What all connections of one sink share."""

    record: Record
    extensions: Sequence[str] = ALL_EXTENSIONS
    faults: list[Fault] = field(default_factory=list)
    tls: ssl.SSLContext | None = None  # offered by STARTTLS
    credentials: tuple[str, str] | None = None  # asked for before MAIL
    connections: int = 0  # ever
    open: set["SmtpSink"] = field(default_factory=set)
    most_open: int = 0
    sources: Counter[str] = field(default_factory=Counter)  # connections by source address


class Hangup(Exception):
    """The connection is to be closed without another word."""


class SmtpSink(asyncio.Protocol):
    """One connection. Replies to one piece of input go out in one write, after the record."""

    def __init__(self, state: SinkState, *, encrypted: bool = False) -> None:
        self._state = state
        self._encrypted = encrypted
        self._signed_in = False
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._at = 0  # up to here the buffer is done with
        self._scanned = 0  # octets from there in which the end of DATA was looked for
        self._mode: Callable[[], bytes | None] = self._command
        self._need = 0
        self._chunks: list[bytes] = []
        self._last_chunk = False
        self._login: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._sender: str | None = None
        self._recipients: list[str] = []

    # ------------------------------------------------------------------ callbacks of asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        state = self._state
        self._transport = cast(asyncio.Transport, transport)
        state.connections += 1
        state.sources[transport.get_extra_info("peername")[0]] += 1
        state.open.add(self)
        state.most_open = max(state.most_open, len(state.open))
        try:
            self._write([self._faulty(Stage.CONNECT, "", b"220 sink.example ESMTP Posthouse")])
        except Hangup:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._state.open.discard(self)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer[self._at :] + data
        self._at = 0
        replies: list[bytes] = []
        hangup = False
        try:
            while (reply := self._mode()) is not None:
                replies.append(reply)
        except Hangup:
            hangup = True
        self._write(replies)
        if hangup and self._transport is not None:
            self._transport.close()

    def _write(self, replies: list[bytes]) -> None:
        """First the record, then the word that we have it."""
        if self._transport is None:
            return
        try:
            self._state.record.flush()
        except OSError:
            self._transport.abort()
            return
        replies = [reply for reply in replies if reply]
        if replies:
            self._transport.write(b"\r\n".join([*replies, b""]))
        if any(reply.startswith((b"421", b"221")) for reply in replies):
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # ---------------------------------------------------------- modes: None = wait for more

    def _stalled(self) -> bytes | None:
        self._at = len(self._buffer)
        return None

    def _held(self) -> bytes | None:
        return None

    def _line(self) -> str | None:
        end = self._buffer.find(b"\r\n", self._at)
        if end < 0:
            if len(self._buffer) - self._at > MAX_LINE:
                raise Hangup
            return None
        line = self._buffer[self._at : end]
        self._at = end + 2
        return line.decode("utf-8", "surrogateescape")

    def _command(self) -> bytes | None:
        line = self._line()
        if line is None:
            return None
        verb, _, argument = line.partition(" ")
        handler = self._VERBS.get(verb.upper())
        return handler(self, argument) if handler else b"500 5.5.2 Command unknown"

    def _data(self) -> bytes | None:
        start = self._at
        if self._buffer.startswith(b".\r\n", start):
            end = start
        else:
            # What was searched already is not searched again, but for a cut-off ending.
            found = self._buffer.find(b"\r\n.\r\n", max(start, start + self._scanned - 4))
            self._scanned = len(self._buffer) - start
            if found < 0:
                if self._scanned > MAX_SIZE:
                    raise Hangup
                return None
            end = found + 2
        body, self._at, self._scanned = self._buffer[start:end], end + 3, 0
        self._mode = self._command
        body = body[1:] if body.startswith(b".") else body
        return self._finish(body.replace(b"\r\n.", b"\r\n"))

    def _chunk(self) -> bytes | None:
        end = self._at + self._need
        if len(self._buffer) < end:
            return None
        self._chunks.append(self._buffer[self._at : end])
        self._at = end
        self._mode = self._command
        if not self._recipients:
            return self._reset(b"503 5.5.1 RCPT first")
        if not self._last_chunk:
            return b"250 2.0.0 Chunk taken"
        return self._finish(b"".join(self._chunks))

    def _login_line(self) -> bytes | None:
        line = self._line()
        if line is None:
            return None
        self._login.append(_unbase64(line))
        if len(self._login) < 2:
            return b"334 UGFzc3dvcmQ6"
        self._mode = self._command
        return self._check(self._login[0], self._login[1])

    # -------------------------------------------------------------------------------- verbs

    def _do_ehlo(self, _argument: str) -> bytes:
        state = self._state
        lines = [*state.extensions]
        if state.tls is not None and not self._encrypted:
            lines.append("STARTTLS")
        elif state.credentials is not None:
            lines.append("AUTH PLAIN LOGIN")
        said = "\r\n".join(["250-sink.example", *(f"250-{line}" for line in lines), "250 HELP"])
        return self._faulty(Stage.HELLO, "", said.encode("ascii"))

    def _do_helo(self, _argument: str) -> bytes:
        return self._faulty(Stage.HELLO, "", b"250 sink.example")

    def _do_starttls(self, _argument: str) -> bytes:
        if self._state.tls is None or self._encrypted:
            return b"503 5.5.1 No STARTTLS here"
        reply = self._faulty(Stage.TLS, "", b"220 2.0.0 Go ahead")
        if not reply.startswith(b"220"):
            return reply
        self._mode = self._held
        task = asyncio.get_running_loop().create_task(self._upgrade(self._state.tls))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return reply

    async def _upgrade(self, context: ssl.SSLContext) -> None:
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        # What came in clear behind STARTTLS is not heard (RFC 3207 4.2). From here on only TLS
        # is read; the first command may come out of it before start_tls returns.
        self._buffer, self._at = b"", 0
        try:
            transport = await loop.start_tls(self._transport, self, context, server_side=True)
        except OSError:
            transport = None
        if transport is None:
            self.abort()
            return
        self._transport = transport
        self._encrypted = True
        self._sender, self._recipients = None, []
        self._mode = self._command
        self.data_received(b"")

    def _do_auth(self, argument: str) -> bytes:
        mechanism, _, first = argument.partition(" ")
        if self._state.credentials is None:
            return b"503 5.5.1 No AUTH here"
        if mechanism.upper() == "PLAIN" and first:
            _, name, password = [*_unbase64(first).split("\0"), "", "", ""][:3]
            return self._check(name, password)
        if mechanism.upper() == "LOGIN":
            self._login = []
            self._mode = self._login_line
            return b"334 VXNlcm5hbWU6"
        return b"504 5.5.4 Mechanism unknown"

    def _check(self, name: str, password: str) -> bytes:
        self._signed_in = (name, password) == self._state.credentials
        usual = b"235 2.7.0 Welcome" if self._signed_in else b"535 5.7.8 User or password wrong"
        return self._faulty(Stage.AUTH, "", usual)

    def _do_mail(self, argument: str) -> bytes:
        if self._state.credentials is not None and not self._signed_in:
            return b"530 5.7.0 Sign in first"
        if self._sender is not None:
            return b"503 5.5.1 MAIL was given already"
        match = _PATH.match(argument)
        if match is None:
            return b"501 5.5.4 MAIL FROM:<address>"
        reply = self._faulty(Stage.MAIL, match[1], b"250 2.1.0 Sender noted")
        if reply.startswith(b"2"):
            self._sender = match[1]
        return reply

    def _do_rcpt(self, argument: str) -> bytes:
        match = _PATH.match(argument)
        if self._sender is None:
            return b"503 5.5.1 MAIL first"
        if match is None or not match[1]:
            return b"501 5.5.4 RCPT TO:<address>"
        reply = self._faulty(Stage.RCPT, match[1], b"250 2.1.5 Recipient noted")
        if reply.startswith(b"2"):
            self._recipients.append(match[1])
        return reply

    def _do_data(self, _argument: str) -> bytes:
        if not self._recipients:
            return b"503 5.5.1 RCPT first"
        reply = self._faulty(Stage.DATA, self._recipients[0], b"354 Go on, end with a dot")
        if reply.startswith(b"354"):
            self._mode = self._data
        return reply

    def _do_bdat(self, argument: str) -> bytes:
        size, _, last = argument.partition(" ")
        if not size.isdecimal() or int(size) > MAX_SIZE:
            raise Hangup  # where the next command begins cannot be known any more
        self._need, self._last_chunk = int(size), last.upper() == "LAST"
        self._mode = self._chunk
        return b""

    def _do_rset(self, _argument: str) -> bytes:
        return self._faulty(Stage.RESET, "", self._reset(b"250 2.0.0 Forgotten"))

    def _do_noop(self, _argument: str) -> bytes:
        return b"250 2.0.0 Nothing done"

    def _do_quit(self, _argument: str) -> bytes:
        return self._faulty(Stage.QUIT, "", b"221 2.0.0 Goodbye")

    # ------------------------------------------------------------------------------- ends

    def _finish(self, content: bytes) -> bytes:
        """The message is complete: take it, or do what the faults say."""
        sender, recipients = self._sender or "", self._recipients

        def keep() -> None:
            self._state.record.append(sender, recipients, content)

        return self._reset(self._faulty(Stage.END, recipients[0], b"250 2.0.0 Taken", keep))

    def _reset(self, reply: bytes) -> bytes:
        self._sender, self._recipients, self._chunks = None, [], []
        return reply

    def _faulty(
        self, stage: Stage, address: str, usual: bytes, keep: Callable[[], None] | None = None
    ) -> bytes:
        """The usual reply, or what a fault puts in its place; `keep` is called with a 2xx."""
        faults = self._state.faults
        action = find_fault(faults, stage, address) if faults else ""
        if keep is not None and (not action or action == DROP or action.startswith("2")):
            keep()
        if action in (DROP, LOSE):
            raise Hangup
        if action == STALL:
            self._mode = self._stalled
            return b""
        return action.encode("utf-8").replace(b"\n", b"\r\n") if action else usual

    _VERBS: ClassVar[dict[str, Callable[["SmtpSink", str], bytes]]] = {
        "EHLO": _do_ehlo,
        "HELO": _do_helo,
        "STARTTLS": _do_starttls,
        "AUTH": _do_auth,
        "MAIL": _do_mail,
        "RCPT": _do_rcpt,
        "DATA": _do_data,
        "BDAT": _do_bdat,
        "RSET": _do_rset,
        "NOOP": _do_noop,
        "QUIT": _do_quit,
    }


def _unbase64(text: str) -> str:
    try:
        return b64decode(text, validate=True).decode("utf-8", "replace")
    except ValueError:
        return ""
