"""A strict SMTP server without sockets, which knows what it really took: the tests' oracle."""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

Script = Callable[[str, str], str]  # stage, recipient -> reply without CRLF, "" = its usual one

_COMMAND = re.compile(rb"[A-Z]{4}")


@dataclass
class ServerModel:
    """Takes bytes, gives bytes. `script` overrules a reply; what was taken is in `accepted`."""

    extensions: tuple[str, ...] = ("PIPELINING", "CHUNKING", "8BITMIME")
    script: Script = lambda stage, recipient: ""
    checks_order: bool = True  # answers 503 out of sequence (smtp-sink does not)
    keeps_sender: bool = True  # after a refused BDAT or DATA (Exim does, Postfix does not)
    accepted: list[tuple[str, str, bytes]] = field(default_factory=list)
    commands: list[bytes] = field(default_factory=list)
    pipelined: bool = False  # more than one command ever came in one piece
    sender: str | None = None
    recipient: str | None = None
    _buffer: bytes = b""
    _mode: str = "command"
    _need: int = 0
    _who: str = ""

    def greeting(self) -> bytes:
        return (self.script("connect", "") or "220 model ESMTP").encode() + b"\r\n"

    def feed(self, data: bytes) -> bytes:
        self._buffer += data
        replies: list[bytes] = []
        while self._mode != "closed" and (reply := self._step()) is not None:
            if reply:
                replies.append(reply.encode("latin-1") + b"\r\n")
            if reply.startswith("421"):
                self._mode = "closed"  # executes nothing more (RFC 5321 3.8)
        self.pipelined = self.pipelined or len(replies) > 1
        return b"".join(replies)

    def _step(self) -> str | None:
        return {"command": self._command, "data": self._data, "bdat": self._bdat}[self._mode]()

    def _command(self) -> str | None:
        line, end, rest = self._buffer.partition(b"\r\n")
        if not end:
            return None
        self._buffer = rest
        assert _COMMAND.match(line), f"content was read as a command: {line[:60]!r}"
        self.commands.append(line)
        verb, _, argument = line.decode("ascii").partition(" ")
        return getattr(self, f"_do_{verb.lower()}")(argument)  # type: ignore[no-any-return]

    def _do_ehlo(self, _argument: str) -> str:
        scripted = self.script("ehlo", "")
        return scripted or "\r\n".join(
            ["250-model", *(f"250-{name}" for name in self.extensions), "250 HELP"]
        )

    def _do_helo(self, _argument: str) -> str:
        return "250 model"

    def _do_quit(self, _argument: str) -> str:
        return "221 bye"

    def _do_rset(self, _argument: str) -> str:
        self.sender = self.recipient = None
        return "250 reset"

    def _do_mail(self, argument: str) -> str:
        if self.sender is not None and self.checks_order:
            return "503 5.5.1 nested MAIL"
        address = argument.removeprefix("FROM:<").partition(">")[0]
        self._who = address
        scripted = self.script("mail", address)
        if scripted and not scripted.startswith("2"):
            return scripted
        self.sender, self.recipient = address, None
        return scripted or "250 2.1.0 ok"

    def _do_rcpt(self, argument: str) -> str:
        if self.sender is None and self.checks_order:
            return "503 5.5.1 need MAIL"
        address = argument.removeprefix("TO:<").removesuffix(">")
        scripted = self.script("rcpt", address)
        if scripted and not scripted.startswith("2"):
            return scripted
        self.recipient = address
        return scripted or "250 2.1.5 ok"

    def _do_data(self, _argument: str) -> str:
        if self.recipient is None and self.checks_order:
            return self._drop("503 5.5.1 no valid recipient")
        scripted = self.script("data", self.recipient or "")
        if scripted and not scripted.startswith("3"):
            return self._drop(scripted)
        self._mode = "data"
        return scripted or "354 go on"

    def _drop(self, reply: str) -> str:
        if not self.keeps_sender:
            self.sender = self.recipient = None
        return reply

    def _data(self) -> str | None:
        body, end, rest = (b"\r\n" + self._buffer).partition(b"\r\n.\r\n")
        if not end:
            return None
        self._buffer, self._mode = rest, "command"
        content = body.removeprefix(b"\r\n").replace(b"\r\n..", b"\r\n.")
        if content.startswith(b".."):
            content = content[1:]
        return self._end(content + b"\r\n" if body else b"", ends=True)

    def _do_bdat(self, argument: str) -> str:
        size, last = argument.split()
        assert last == "LAST"
        self._mode, self._need = "bdat", int(size)
        return ""

    def _bdat(self) -> str | None:
        if len(self._buffer) < self._need:
            return None
        content, self._buffer = self._buffer[: self._need], self._buffer[self._need :]
        self._mode = "command"
        if self.recipient is None:
            return self._drop("503 5.5.1 no valid recipient")
        return self._end(content, ends=not self.keeps_sender)

    def _end(self, content: bytes, *, ends: bool) -> str:
        sender, recipient = self.sender or "", self.recipient
        reply = self.script("end", recipient or "") or "250 2.0.0 queued"
        taken = reply.startswith("2")
        if taken and recipient is not None:
            self.accepted.append((sender, recipient, content))
        if taken or ends:
            self.sender = self.recipient = None
        return reply


def split(data: bytes, sizes: deque[int]) -> list[bytes]:
    """`data` in pieces; `sizes` is used up and, once empty, the rest comes in one piece."""
    pieces = []
    while data:
        size = sizes.popleft() if sizes else len(data)
        pieces.append(data[:size])
        data = data[size:]
    return pieces
