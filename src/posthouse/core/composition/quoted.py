"""Writes text as quoted-printable pieces that fit together wherever they are joined.

Every piece starts in column 0 and ends in column 0 (by a soft break, where its text ends inside a
line), so that a value of any length moves nothing around it. Besides RFC 2045 6.7 a piece keeps
four promises: lines of at most 76 octets; no line starts with "." (SMTP needs no dot-stuffing) or
"F" (nobody rewrites "From "); no two spaces together, no tab and no space at a line's end (so it
is its own relaxed canonical form, RFC 6376 3.4.4); no "=_", so no boundary can occur in it.
"""

import re
from typing import Final

LINE_LIMIT: Final = 76  # RFC 2045 6.7 (5), the soft break's "=" included

_PLAIN = re.compile(r"(?![.F])(?:[!-<>-~]| (?! )){1,75}")  # goes as it is
_TO_ENCODE = re.compile(r"[^ -<>-~]+|(?<= ) +")
_NOT_FIRST: Final = {".": "=2E", "F": "=46"}


def _escaped(match: re.Match[str]) -> str:
    return "=" + match[0].encode().hex("=").upper()


def _soft_lines(line: str) -> list[str]:
    """Cuts an encoded line into pieces of at most 75 octets, none inside an "=XX"."""
    pieces = []
    at = 0
    while at < len(line):
        first = _NOT_FIRST.get(line[at], "")
        end = at + LINE_LIMIT - 1 - max(len(first) - 1, 0)
        if end < len(line):
            end -= (line[end - 1] == "=") + 2 * (line[end - 2] == "=")
        piece = line[at:end]
        pieces.append(first + piece[1:] if first else piece)
        at = end
    return pieces


def _hard_line(line: str) -> str:
    """One whole line, ended by a hard break."""
    encoded = _TO_ENCODE.sub(_escaped, line)
    if encoded.endswith(" "):
        encoded = encoded[:-1] + "=20"
    return "=\r\n".join(_soft_lines(encoded)) + "\r\n"


def quote(text: str) -> bytes:
    """A piece of a part in quoted-printable; line ends in `text` are LF and become hard breaks."""
    if _PLAIN.fullmatch(text):
        return text.encode("ascii") + b"=\r\n"
    *lines, rest = text.split("\n")
    out = [_hard_line(line) for line in lines]
    if rest:
        out += [f"{piece}=\r\n" for piece in _soft_lines(_TO_ENCODE.sub(_escaped, rest))]
    return "".join(out).encode("ascii")
