"""Messages as files: what stands in one, and what it is called."""

from enum import StrEnum

from posthouse.core.smtp.messages import Outgoing


class Layout(StrEnum):
    """What the file says besides the message."""

    EML = "eml"  # nothing: the bytes as they would have gone to a relay
    POWERMTA = "powermta"  # first the envelope, as PowerMTA's pickup folder reads it


def file_name(message: Outgoing) -> str:
    """The same at every attempt, so that a second one overwrites the first."""
    return f"{message.token:016x}.eml"


def file_content(message: Outgoing, layout: Layout) -> bytes:
    """The file's bytes. The envelope must have passed `messages.objection`."""
    if layout is Layout.EML:
        return message.content
    envelope = f"x-sender: {message.mail_from}\r\nx-receiver: {message.recipient}\r\n"
    return envelope.encode("ascii") + message.content
