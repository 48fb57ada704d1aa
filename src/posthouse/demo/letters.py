"""Reads a stored message for showing: headers, text, HTML, names of attachments."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.policy import compat32

_SUMMARY = re.compile(rb"^(From|To|Subject):(.*(?:\r?\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Letter:
    headers: Sequence[tuple[str, str]]
    text: str
    html: str
    attachments: Sequence[str]


def summary(content: bytes) -> dict[str, str]:
    """`from`, `to` and `subject` as a person reads them, without parsing the whole message."""
    head = content.partition(b"\r\n\r\n")[0]
    return {
        name.decode("ascii").lower(): readable(value.decode("utf-8", "replace"))
        for name, value in reversed(_SUMMARY.findall(head))
    }


def readable(value: str) -> str:
    """A header value unfolded and decoded (RFC 2047); as it stands where that fails."""
    plain = " ".join(value.split())
    try:
        return str(make_header(decode_header(plain)))
    except (HeaderParseError, LookupError, ValueError):
        return plain


def parse(content: bytes) -> Letter:
    """Never raises on what a message holds; a part that cannot be read is left out."""
    try:
        return _parse(content)
    except RecursionError:  # parts in parts in parts: nothing that we send
        return Letter([("Subject", summary(content).get("subject", ""))], "", "", [])


def _parse(content: bytes) -> Letter:
    message = message_from_bytes(content, policy=compat32)
    bodies = {"text/plain": "", "text/html": ""}
    attachments = []
    for part in message.walk():
        kind = part.get_content_type()
        if part.get_content_disposition() == "attachment":
            attachments.append(readable(str(part.get_filename("without a name"))))
        elif kind in bodies and not bodies[kind]:
            bodies[kind] = _body(part)
    headers = [(name, readable(str(value))) for name, value in message.items()]
    return Letter(headers, bodies["text/plain"], bodies["text/html"], attachments)


def _body(part: "Message[str, str]") -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        return payload.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:  # a character set that nobody knows
        return payload.decode("utf-8", "replace")
