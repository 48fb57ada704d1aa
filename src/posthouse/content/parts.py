"""The four parts of a message as a person writes them, and what each of them may hold."""

import re
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from hashlib import sha256
from typing import Any, Final

from django.core.exceptions import ValidationError

from posthouse.core.composition.content import Content

LONGEST_SUBJECT: Final = 998  # RFC 5322 2.1.1: a line; mailboxes show some 70
LONGEST_PREHEADER: Final = 250
LONGEST_PART: Final = 1_000_000  # characters; ten times what Gmail shows

# Controls and what some reader takes for a line end; half surrogate pairs cannot be stored.
_NOT_IN_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NOT_IN_PART = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Parts:
    """Subject, preview text, HTML and text; empty where nothing was written."""

    subject: str = ""
    preheader: str = ""
    html: str = ""
    text: str = ""

    @property
    def digest(self) -> str:
        """The same for the same parts, and for no others."""
        lengths = [len(part) for part in astuple(self)]
        return sha256(repr((lengths, astuple(self))).encode()).hexdigest()

    def as_content(self) -> Content:
        """For composition: an empty text is made from the HTML, empty HTML leaves text alone."""
        return Content(
            subject=self.subject,
            html=self.html if self.html.strip() else None,
            text=self.text if self.text.strip() else None,
            preheader=self.preheader,
        )


PART_NAMES: Final = ("subject", "preheader", "html", "text")


def line(text: str, longest: int) -> str:
    """One trimmed line, or a sentence as ValidationError."""
    typed = text.strip()
    if found := _NOT_IN_LINE.search(typed):
        raise ValidationError(
            f"This is one line, but it contains {_named(found[0])}; type it anew without."
        )
    if len(typed) > longest:
        raise ValidationError(
            f"This has {len(typed):,} characters; {longest:,} is the limit. Shorten it."
        )
    return typed


def body(text: str) -> str:
    """A part with LF line ends, or a sentence as ValidationError."""
    typed = text.replace("\r\n", "\n").replace("\r", "\n")
    if found := _NOT_IN_PART.search(typed):
        at = typed.count("\n", 0, found.start()) + 1
        raise ValidationError(
            f"Line {at} contains {_named(found[0])}, which no mail may; delete it."
        )
    if len(typed) > LONGEST_PART:
        raise ValidationError(
            f"This has {len(typed):,} characters; {LONGEST_PART:,} is the limit. Shorten it."
        )
    return typed if typed.strip() else ""


def _named(character: str) -> str:
    names = {"\n": "a line break", "\r": "a line break", "\t": "a tab", "\x00": "a NUL character"}
    return names.get(character, f"the control character U+{ord(character):04X}")


RULES: Final[Mapping[str, Callable[[str], str]]] = {
    "subject": lambda text: line(text, LONGEST_SUBJECT),
    "preheader": lambda text: line(text, LONGEST_PREHEADER),
    "html": body,
    "text": body,
}


def cleaned(values: Mapping[str, Any], rules: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """The values in the form in which they are kept; raises one ValidationError by field."""
    kept: dict[str, Any] = {}
    wrong: dict[str, list[str]] = {}
    for name, value in values.items():
        try:
            kept[name] = rules[name](value)
        except ValidationError as refused:
            wrong[name] = refused.messages
    if wrong:
        raise ValidationError(wrong)
    return kept
