"""Has the standard library build the MIME structure of a message, with marks for its parts."""

import re
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

_TEXT: Final = "the-text-part-goes-here"
_HTML: Final = "the-html-part-goes-here"
_NEXT_HEADER = re.compile(rb"\r\n(?![ \t])")


def skeleton(*, html: bool, boundary: str) -> tuple[list[bytes], list[bytes]]:
    """Whole header lines (MIME-Version, Content-*), and the body cut where its parts belong.

    With `html` the body is three pieces, around the text and the HTML part (multipart/alternative,
    text first); without, two empty ones around the text. Parts are quoted-printable in UTF-8.
    """
    message = EmailMessage(policy=SMTP)
    message.set_content(f"{_TEXT}\n", cte="quoted-printable")
    if html:
        message.add_alternative(f"{_HTML}\n", subtype="html", cte="quoted-printable")
        message.set_boundary(boundary)
        for part in message.iter_parts():
            del part["MIME-Version"]  # the library repeats it; it belongs at the top (RFC 2045 4)
    head, _, body = message.as_bytes().partition(b"\r\n\r\n")
    lines = [line + b"\r\n" for line in _NEXT_HEADER.split(head)]
    # MIME-Version first, as people expect it; the library appends it after the content headers.
    lines.sort(key=lambda line: not line.startswith(b"MIME-Version"))
    return lines, re.split(rf"{_TEXT}\r\n|{_HTML}\r\n".encode(), body)
