"""Why a conversation ended before we ended it."""

from dataclasses import dataclass
from enum import StrEnum

from posthouse.core.delivery.replies import Stage
from posthouse.core.smtp.replies import explain


class Cause(StrEnum):
    """The kinds of breakdown, by what has to be looked at."""

    REFUSED = "refused"  # the server answered no
    MISSING = "missing"  # the server does not offer what the settings ask for
    CLOSING = "closing"  # 421
    UNREADABLE = "unreadable"  # not SMTP, or out of step
    LOST = "lost"  # the connection ended or timed out
    UNREACHABLE = "unreachable"  # no connection in the first place
    TLS = "tls"  # certificate or handshake
    OURSELVES = "ourselves"  # something failed on our side


@dataclass(frozen=True, slots=True)
class Breakdown:
    """What ended the conversation: our sentence, and the server's own words where it spoke."""

    cause: Cause
    stage: Stage
    words: str
    code: int = 0
    enhanced: str = ""
    text: str = ""


class BrokenOff(Exception):
    """The conversation cannot go on."""

    def __init__(self, breakdown: Breakdown) -> None:
        super().__init__(breakdown.words)
        self.breakdown = breakdown


def answered(stage: Stage, words: str, code: int, raw: bytes) -> Breakdown:
    """A breakdown that the server's reply at `stage` brought about."""
    enhanced, text = explain(raw)
    cause = Cause.CLOSING if code == 421 else Cause.REFUSED
    said = " ".join(part for part in (str(code), enhanced, text) if part)
    return Breakdown(cause, stage, f"{words}: {said}", code, enhanced, text)
