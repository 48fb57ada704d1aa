"""What a person should know about a message before it is sent, as sentences beside its parts."""

import difflib
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from posthouse.content.parts import PART_NAMES, Parts
from posthouse.core.composition import merge
from posthouse.core.composition.escaping import Place
from posthouse.core.composition.mergetags import MergeRefused, Slot, scan, slot_of, tags

CLIPPED_AT: Final = 102_000  # octets of HTML; Gmail hides the rest behind a link
_LONG_SUBJECT: Final = 70  # characters that most mailboxes show

_LEAVE = re.compile(
    r"unsubscribe|opt[ -]?out|abmelde|abbestell|d[ée]sabonn|désinscri", re.IGNORECASE
)


class Weight(StrEnum):
    """What a check means for sending."""

    STOPS = "stops"
    ADVICE = "advice"
    FINE = "fine"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding: a sentence, the field that it is about ("" for none), and what it means."""

    field: str
    weight: Weight
    sentence: str


_Checks = Iterator[Check]


def check_parts(parts: Parts, known_fields: Collection[str]) -> list[Check]:
    """Everything about the content; ``known_fields`` are the keys that recipients may have."""
    found = [check for rule in _RULES for check in rule(parts)]
    return found + list(_unknown_fields(parts, known_fields))


def bare_fields(parts: Parts) -> list[str]:
    """Fields that stand somewhere without a default: who has no value there gets a gap."""
    slots = [
        slot for name in PART_NAMES for slot in _slots(getattr(parts, name), html=name == "html")
    ]
    bare = {slot.field for slot in slots if "default" not in dict(slot.filters)}
    return sorted(bare - {"email"})


def _slots(text: str, *, html: bool) -> list[Slot]:
    found = (slot_of(tag, Place.TEXT) for tag in tags(scan(text, html=html)[0]))
    return [slot for slot in found if slot is not None]


def _something(parts: Parts) -> _Checks:
    if not parts.html and not parts.text:
        yield Check("html", Weight.STOPS, "Write the message: HTML, text, or both.")


def _subject(parts: Parts) -> _Checks:
    if not parts.subject:
        yield Check("subject", Weight.STOPS, "Write a subject.")
    elif len(parts.subject) > _LONG_SUBJECT:
        sentence = f"The subject has {len(parts.subject)} characters; many mailboxes show about 70."
        yield Check("subject", Weight.ADVICE, sentence)


def _merge_tags(parts: Parts) -> _Checks:
    for name in PART_NAMES:
        for problem in merge.check(getattr(parts, name), html=name == "html"):
            yield Check(name, Weight.STOPS, problem.sentence)


def _size(parts: Parts) -> _Checks:
    octets = len(parts.html.encode())
    shown = f"The HTML has {octets / 1000:.1f} kB"
    if octets > CLIPPED_AT:
        sentence = (
            f"{shown}. Gmail cuts it off after 102 kB, and the end (often the unsubscribe link) "
            "is hidden. Shorten it."
        )
        yield Check("html", Weight.ADVICE, sentence)
    elif octets:
        yield Check("html", Weight.FINE, f"{shown}; Gmail shows up to 102 kB.")


def _text(parts: Parts) -> _Checks:
    if parts.html and not parts.text:
        sentence = "The text part is made from the HTML; the preview shows it."
        yield Check("text", Weight.FINE, sentence)
    elif parts.text and not parts.html:
        yield Check("html", Weight.FINE, "There is no HTML: the message is text alone.")


def _way_out(parts: Parts) -> _Checks:
    for name in ("html", "text"):
        part = getattr(parts, name)
        if part and not _LEAVE.search(part):
            sentence = (
                f"The {_NAMES[name]} does not say how to unsubscribe. Mailbox providers expect a "
                "link, and people who find none report the message as spam."
            )
            yield Check(name, Weight.ADVICE, sentence)
            return


def _unknown_fields(parts: Parts, known: Collection[str]) -> _Checks:
    for name in PART_NAMES:
        for field in _fields_of(getattr(parts, name), html=name == "html"):
            if field not in known:
                yield Check(name, Weight.ADVICE, _stranger(field, known))


def _fields_of(text: str, *, html: bool) -> list[str]:
    try:
        return sorted(merge.fields_used(text, html=html))
    except MergeRefused:
        return []  # said already, by the check of the tags themselves


def _stranger(field: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(field, known, n=1)
    hint = f" Did you mean “{close[0]}”?" if close else ""
    return f"No subscriber has a field “{field}”: it is filled in as nothing.{hint}"


_NAMES: Final = {"html": "HTML", "text": "text"}
_RULES: Final[tuple[Callable[[Parts], _Checks], ...]] = (
    _something,
    _subject,
    _merge_tags,
    _size,
    _text,
    _way_out,
)
