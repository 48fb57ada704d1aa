"""Turns bytes from an SMTP server into replies: code and text, whole and in order."""

import re

# RFC 5321 4.5.3.1.5 says 512 octets a line; real servers write longer ones. Whoever writes more
# than this, or more lines, is not speaking SMTP, and must not be able to fill our memory.
MAX_LINE = 4096
MAX_LINES = 128
MAX_TEXT = 1000  # characters kept of a server's words

_TOO_LONG = f"a reply line is longer than {MAX_LINE} octets"

RawReply = tuple[int, bytes]  # code, text lines without the code, joined by LF

_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(rb"([245]\.\d{1,3}\.\d{1,3})(?:[ \t]+|\Z)")  # RFC 3463 2
_LAST_LINE = {b"%d " % code: code for code in range(200, 600)}


class ReplyReader:
    """Collects bytes, however they are split, and gives back complete replies.

    `broken` says in words what was no SMTP reply; from then on nothing more is read.
    """

    __slots__ = ("_code", "_lines", "_rest", "broken")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forgets everything received so far (after STARTTLS: RFC 3207 4.2)."""
        self._rest = b""
        self._lines: list[bytes] = []
        self._code = 0
        self.broken = ""

    def feed(self, data: bytes) -> list[RawReply]:
        if self.broken:
            return []
        lines = (self._rest + data if self._rest else data).split(b"\n")
        self._rest = lines.pop()
        replies: list[RawReply] = []
        for line in lines:
            code = _LAST_LINE.get(line[:4])
            if code is None or self._lines or len(line) > MAX_LINE:
                self.broken = self._other_line(line, replies)
                if self.broken:
                    break
            else:
                replies.append((code, line[4:]))
        if len(self._rest) > MAX_LINE:
            self.broken = self.broken or _TOO_LONG
        return replies

    def _other_line(self, line: bytes, replies: list[RawReply]) -> str:
        """A line of a multi-line reply, a bare code, or else the reason why it is no reply."""
        match = _LINE.fullmatch(line.removesuffix(b"\r"))
        if len(line) > MAX_LINE:
            return _TOO_LONG
        if match is None:
            return f"not an SMTP reply: {readable(line)[:80]!r}"
        code = int(match[1])
        if self._lines and code != self._code:
            return f"a reply began with {self._code} and went on with {code}"
        if len(self._lines) >= MAX_LINES:
            return f"a reply has more than {MAX_LINES} lines"
        self._code = code
        self._lines.append(match[3] or b"")
        if match[2] != b"-":
            replies.append((code, b"\n".join(self._lines)))
            self._lines = []
        return ""


def explain(raw: bytes) -> tuple[str, str]:
    """Enhanced status code ("" if none) and the server's words, safe to show in one line."""
    match = _ENHANCED.match(raw.rstrip())
    if match is None:
        return "", readable(raw)
    code = match[1]
    lines = (line.strip().removeprefix(code).strip() for line in raw.split(b"\n"))
    return code.decode("ascii"), readable(b" ".join(lines))


def readable(raw: bytes) -> str:
    """A stranger's bytes as one printable line: no control characters, no direction overrides."""
    text = raw.strip().decode("utf-8", "replace")
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return text[:MAX_TEXT].strip()
