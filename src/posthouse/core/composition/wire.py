"""Checks that the final bytes of a message are safe to hand to any relay."""

import re
from typing import Final

LINE_LIMIT: Final = 998  # RFC 5322 2.1.1, without CRLF

_FLAWS: Final = {
    "an octet above 127": re.compile(rb"[\x80-\xff]"),
    "a NUL": re.compile(rb"\x00"),
    "a CR or LF alone": re.compile(rb"\r(?!\n)|(?<!\r)\n"),
    f"a line over {LINE_LIMIT} octets": re.compile(rb"[^\r\n]{%d}" % (LINE_LIMIT + 1)),
    "a line that starts with a dot": re.compile(rb"^\.", re.MULTILINE),
    "a line that starts with From and a space": re.compile(rb"^From ", re.MULTILINE),
}


def flaws(message: bytes) -> list[str]:
    """What a relay could stumble over in a whole message; empty for every message of ours."""
    found = [flaw for flaw, pattern in _FLAWS.items() if pattern.search(message)]
    return found if message.endswith(b"\r\n") else [*found, "no line end at the end"]
