"""What goes into a message and what comes out: the values that composition works on."""

from collections.abc import Mapping
from dataclasses import dataclass


class CompositionRefused(Exception):
    """Content, a sender or a recipient that no message can be made of."""


class EmptyContent(CompositionRefused):
    """Neither an HTML nor a text part."""

    def __init__(self) -> None:
        super().__init__("The message has neither an HTML nor a text part: write one of them.")


class UnfitAddress(CompositionRefused):
    """An address that must not stand in a header or an envelope as it is."""

    def __init__(self, address: str) -> None:
        super().__init__(f"“{address[:60]}” cannot stand in a header: not a plain ASCII address.")
        self.address = address


class UnfitHeader(CompositionRefused):
    """A header whose name or value cannot be sent."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"The header “{name[:60]}” cannot be sent: {reason}.")
        self.name, self.reason = name, reason


@dataclass(frozen=True, slots=True)
class Content:
    """One immutable version of what is said. Subject, parts and preheader may hold merge fields.

    `text=None` has the text part made from the HTML; `html=None` makes a message of text alone.
    """

    subject: str
    html: str | None
    text: str | None
    preheader: str = ""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a message comes from. Addresses are ASCII (A-label domains); nothing here is merged."""

    from_name: str
    from_address: str
    reply_to: str | None
    message_id_domain: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person's address and values, and the left side of the message's own Message-ID."""

    address: str
    fields: Mapping[str, str]
    message_id_token: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A whole message as it goes on the wire (CRLF, 7-bit, no dot-stuffing needed)."""

    content: bytes
    body_at: int  # offset of the first octet after the empty line

    @property
    def headers(self) -> bytes:
        """The header block, without the empty line."""
        return self.content[: self.body_at - 2]

    @property
    def body(self) -> bytes:
        return self.content[self.body_at :]


@dataclass(frozen=True, slots=True)
class NotRendered:
    """A recipient whose message could not be made; the others of the batch are not touched."""

    reason: str  # a key: recipient, merge, headers
    sentence: str
