"""Values as the worst people type them, and content around them."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from typing import cast

from hypothesis import strategies as st

from posthouse.core.composition.content import Recipient, Rendered, Sender

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SENDER = Sender("Posthouse News", "news@mail.example.com", None, "mail.example.com")

KNOWN = [
    "=?utf-8?q?hi=0d=0aBcc:_x@example.org?=",
    "=?utf-8?b?aGkNCkJjYzogeEBleGFtcGxlLm9yZw==?=",
    "a\r\nBcc: eve@example.net",
    "a\nBcc: eve@example.net\n\nbody",
    "a\rSubject: b",
    "\r\n.\r\nMAIL FROM:<x@example.net>\r\n",
    "\x00",
    "a\x0bb\x0cc\x1cd\x1ee\x85f\u2028g\u2029h",
    "{{ first_name }}",
    "{{",
    "{% if %}",
    '{{ x | default: "{{" }}',
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "--> <b>",
    "x" * 10_000,
    "ž" * 10_000,
    "wörd " * 2_000,
    "👩‍👩‍👧‍👦🏳️‍🌈" * 20,
    "\ud800 lone \udc00 halves",
    "שלום עולם \u202e txt",
    "مرحبا بالعالم",
    "नमस्ते สวัสดี 你好 Привет Γειά",
    ".",
    ".hidden",
    "From here on",
    "F",
    "=",
    "=20",
    "=_boundary",
    "--=_",
    "  two  spaces  ",
    "\ttabs\t\t",
    "a=\r\n",
    "%0d%0aBcc:",
    '\\"',
    "a, b; c: <d> (e) [f] @ g",
    "x@example.net, y@example.net",
    "\ufeff\u200b\u00ad",
]  # fmt: skip

# Every code point there is, half pairs included.
_ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)
VALUES = st.sampled_from(KNOWN) | _ANY | st.lists(st.sampled_from(KNOWN[:30]), max_size=4).map(
    lambda parts: "".join(part[:200] for part in parts)
)  # fmt: skip


def person(**fields: str) -> Recipient:
    return Recipient("anna.bell@example.org", fields, "abcdefghijklmnopqrstuvwxyz")


def read(content: bytes | Rendered) -> EmailMessage:
    """A message as the standard library reads it."""
    raw = content.content if isinstance(content, Rendered) else content
    return cast(EmailMessage, message_from_bytes(raw, policy=default))


def defects(message: EmailMessage) -> list[object]:
    """Everything the standard library finds wrong with a message, its parts and their headers."""
    parts = list(message.walk())
    found = [defect for part in parts for defect in part.defects]
    for part in parts:
        found += [d for value in part.values() for d in getattr(value, "defects", ())]
    return found


def decoded(message: EmailMessage, name: str) -> str:
    """A header's text by the older decoder, which joins encoded words as RFC 2047 6.2 says.

    In 3.11 the newer one leaves the space between two words of a display name.
    """
    raw = dict(message.raw_items())[name]
    return str(make_header(decode_header(raw.replace("\r\n ", " ").replace("\n ", " "))))


def part(message: EmailMessage, subtype: str) -> str:
    """The decoded text of a part, LF line ends."""
    found = message.get_body((subtype,))
    assert found is not None
    return cast(str, found.get_content()).replace("\r\n", "\n")


def display_name(message: EmailMessage) -> str:
    """The name in From, by whichever decoder reads its form right."""
    if "=?" in dict(message.raw_items())["From"]:
        return decoded(message, "From").rpartition(" <")[0]
    return cast(str, message["From"].addresses[0].display_name)
