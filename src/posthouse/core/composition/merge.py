"""Turns a part with merge tags into literal text and what is filled in; reports on its fields."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from posthouse.core.composition.content import Content
from posthouse.core.composition.escaping import Place, clean_content
from posthouse.core.composition.logic import Logic, build_logic
from posthouse.core.composition.mergetags import (
    MergeProblem,
    MergeRefused,
    Piece,
    Slot,
    Tag,
    needs_logic,
    problem,
    scan,
    slot_of,
    tags,
)
from posthouse.core.composition.places import Kind, mark, places, without_marks


@dataclass(frozen=True, slots=True)
class Island:
    """Where the n-th output of a part's logic goes."""

    number: int


@dataclass(frozen=True, slots=True)
class Part:
    """Literal text and what is filled in between, in order."""

    pieces: tuple[str | Slot | Island, ...]
    logic: Logic | None

    @property
    def fields(self) -> set[str]:
        """The recipient's fields that it asks for."""
        slots = {piece.field for piece in self.pieces if isinstance(piece, Slot)}
        return slots | set(self.logic.fields if self.logic else ())

    def text(self, values: Mapping[str, str], now: datetime) -> str:
        """The part for one recipient, as text. Raises MergeFailed."""
        made = self.logic.run(values, now) if self.logic else []
        return "".join(_filled(piece, values, made) for piece in self.pieces)


def _filled(piece: str | Slot | Island, values: Mapping[str, str], made: Sequence[str]) -> str:
    if isinstance(piece, str):
        return piece
    return piece.value(values) if isinstance(piece, Slot) else made[piece.number]


def _groups(pieces: Sequence[Piece]) -> Iterator[str | list[Piece]]:
    """Text that stands still, and the islands between: an output, or a whole block."""
    block: list[Piece] = []
    depth = 0
    for piece in pieces:
        kind = piece.kind if isinstance(piece, Tag) else None
        depth += (kind is Kind.OPENS) - (kind is Kind.CLOSES)
        if not block and isinstance(piece, str):
            yield piece
            continue
        block.append(piece)
        if depth <= 0:
            yield block
            block, depth = [], 0
    if block:
        yield block


def _with_logic(pieces: Sequence[Piece], where: Mapping[int, Place]) -> Part:
    filled: list[str | Slot | Island] = []
    islands: list[Sequence[Piece]] = []
    for group in _groups(pieces):
        if isinstance(group, str):
            filled.append(group)
        else:
            filled.append(Island(len(islands)))
            islands.append(group)
    return Part(tuple(filled), build_logic(islands, where))


def place_part(pieces: Sequence[Piece], where: Mapping[int, Place]) -> Part:
    """A part whose outputs, by number, have these places. Raises MergeRefused."""
    if needs_logic(pieces):
        return _with_logic(pieces, where)
    slots = (slot_of(piece, where[piece.number]) if isinstance(piece, Tag) else piece
             for piece in pieces)  # fmt: skip
    return Part(tuple(slot for slot in slots if slot is not None), None)


def mark_part(pieces: Sequence[Piece]) -> str:
    """A part with a plain word for each tag, for reading it as HTML."""
    return mark([piece if isinstance(piece, str) else piece.number for piece in pieces])


def _scanned(text: str, *, html: bool) -> list[Piece]:
    pieces, problems = scan(clean_content(text), html=html)
    if problems:
        raise MergeRefused(problems)
    return pieces


def read_plain(text: str, place: Place = Place.TEXT) -> Part:
    """A text part or a header value. Raises MergeRefused."""
    pieces = _scanned(text, html=False)
    return place_part(pieces, {tag.number: place for tag in tags(pieces)})


def read_html(text: str) -> tuple[Part, list[Piece]]:
    """An HTML part, each output escaped for its place, and its pieces. Raises MergeRefused."""
    pieces = _scanned(without_marks(text), html=True)
    found = list(tags(pieces))
    where = places(mark_part(pieces), [tag.kind for tag in found])
    unsafe = [tag for tag in found if tag.kind is Kind.OUTPUT and where[tag.number] is None]
    if unsafe:
        what = "no value would be safe here (inside a script, a tag's or an attribute's name)."
        raise MergeRefused([problem(tag.line, tag.name, f"{tag.source}: {what}") for tag in unsafe])
    safe = {number: place for number, place in where.items() if place is not None}
    return place_part(pieces, safe), pieces


def _read(text: str, *, html: bool) -> Part:
    return read_html(text)[0] if html else read_plain(text)


def check(text: str, *, html: bool = False) -> list[MergeProblem]:
    """What a person must put right in a part's merge tags; empty if it can be sent."""
    try:
        _read(text, html=html)
    except MergeRefused as refused:
        return list(refused.problems)
    return []


def fields_used(text: str, *, html: bool = False) -> frozenset[str]:
    """The fields that a part asks for. Raises MergeRefused."""
    return frozenset(_read(text, html=html).fields)


def missing_fields(content: Content, known: Collection[str]) -> list[str]:
    """The fields that content asks for and nobody has, sorted; they are filled in as nothing."""
    asked = {*fields_used(content.subject), *fields_used(content.preheader)}
    asked |= fields_used(content.html or "", html=True) | fields_used(content.text or "")
    return sorted(asked - set(known))
