"""Shows a message as one person will get it: composed as for sending, then read back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from posthouse.content.parts import Parts
from posthouse.core.composition.compile import compile_message
from posthouse.core.composition.content import (
    CompositionRefused,
    NotRendered,
    Recipient,
    Rendered,
    Sender,
)
from posthouse.core.composition.frame import Frame, framed
from posthouse.core.composition.render import render_batch
from posthouse.deliveries.route import Route

# Before a From address is chosen, the rest can be looked at all the same (RFC 2606).
NOBODY = Sender("", "not-chosen-yet@example.invalid", None, "example.invalid")


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as a mailbox shows it; with a ``problem``, there is none."""

    headers: tuple[tuple[str, str], ...] = ()
    html: str = ""
    text: str = ""
    octets: int = 0
    problem: str = ""


def sender_of(route: Route | None) -> Sender:
    """Who the message says that it is from."""
    return NOBODY if route is None else route.sender


def show(
    parts: Parts,
    sender: Sender,
    address: str,
    values: Mapping[str, str],
    now: datetime,
    *,
    frame: Frame,
) -> Shown:
    """The message for one person, with what the account's group puts around it."""
    person = Recipient(address, values, "preview")
    try:
        whole = framed(parts.as_content(), frame)
        compiled = compile_message(whole, sender, extra_headers=frame.header_lines)
        made = render_batch(compiled, [person], date=now)[0]
    except CompositionRefused as refused:
        return Shown(problem=str(refused))
    return Shown(problem=made.sentence) if isinstance(made, NotRendered) else _read(made)


def _read(made: Rendered) -> Shown:
    message = message_from_bytes(made.content, policy=default)
    headers = tuple((name, str(value)) for name, value in message.items())
    return Shown(
        headers=headers,
        html=_part(message, "html"),
        text=_part(message, "plain"),
        octets=len(made.content),
    )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else ""
