"""Renders a compiled message for each recipient: a join of bytes."""

import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

from posthouse.core.composition.compile import CompiledMessage
from posthouse.core.composition.content import (
    CompositionRefused,
    NotRendered,
    Recipient,
    Rendered,
    UnfitAddress,
)
from posthouse.core.composition.headers import HeadersDiffer, check_final, mailbox_header
from posthouse.core.composition.logic import MergeFailed

_TOKEN = re.compile(r"[A-Za-z0-9._-]{1,100}")

_REASONS = {UnfitAddress: "recipient", MergeFailed: "merge", HeadersDiffer: "headers"}


def _values(message: CompiledMessage, person: Recipient, date: bytes, now: datetime) -> list[bytes]:
    """What is filled in, in the order that `CompiledMessage.pick` expects after the statics."""
    if not _TOKEN.fullmatch(person.message_id_token):
        raise UnfitAddress(person.message_id_token)
    fields = person.fields
    identifier = f"Message-ID: <{person.message_id_token}@{message.message_id_domain}>\r\n"
    values = [date, mailbox_header("To", person.address), identifier.encode("ascii")]
    values += [line.line(fields, now) for line in message.lines]
    values += [fill(fields.get(name, "")) for name, fill in message.slots]
    for logic, fill in message.logic:
        values += map(fill, logic.run(fields, now))
    return values


def _render(
    message: CompiledMessage, person: Recipient, date: bytes, now: datetime
) -> Rendered | NotRendered:
    try:
        values = _values(message, person, date, now)
        content = b"".join(message.pick((*message.statics, *values)))
        head = content.index(b"\r\n\r\n") + 2
        check_final(content[:head], message.header_names)
    except CompositionRefused as refused:
        return NotRendered(_REASONS.get(type(refused), "headers"), str(refused))
    return Rendered(content, head + 2)


def render_batch(
    message: CompiledMessage, recipients: Sequence[Recipient], *, date: datetime
) -> list[Rendered | NotRendered]:
    """Each recipient's whole message, in order; `date` (with a zone) is when the batch was made.

    A recipient whose message cannot be made gets a NotRendered; the others are not touched by it.
    """
    line = f"Date: {format_datetime(date)}\r\n".encode("ascii")
    return [_render(message, person, line, date) for person in recipients]
