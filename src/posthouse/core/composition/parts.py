"""Reads the parts of content: the HTML with its preheader, and the text given or made from it."""

from collections.abc import Sequence
from html import escape
from typing import Final

from posthouse.core.composition.content import Content, EmptyContent
from posthouse.core.composition.escaping import Place, clean_content, clean_value
from posthouse.core.composition.frame import body_start
from posthouse.core.composition.merge import Part, mark_part, place_part, read_html, read_plain
from posthouse.core.composition.mergetags import MergeRefused, Piece, Tag, problem, tags
from posthouse.core.composition.places import Kind, split_marks
from posthouse.core.composition.text import text_from_html

_PREHEADER: Final = '<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">{}</div>'
_NO_TEXT_PART: Final = "no text part can be made of this HTML's logic; please write one."


def _with_preheader(content: Content) -> str:
    """The HTML with its preheader, hidden, as the first thing in the body."""
    html = clean_content(content.html or "")
    preheader = clean_value(content.preheader).strip()
    if not preheader:
        return html
    at = body_start(html)
    return html[:at] + _PREHEADER.format(escape(preheader)) + html[at:]


def _block_on_its_own_line(pieces: Sequence[Piece]) -> bool:
    """Whether the last piece is a block tag that began a line: it leaves no line of its own."""
    if not pieces or not isinstance(last := pieces[-1], Tag) or last.kind is Kind.OUTPUT:
        return False
    before = pieces[-2] if len(pieces) > 1 else ""
    return isinstance(before, str) and (not before or before.endswith("\n"))


def _text_of(pieces: Sequence[Piece]) -> Part:
    """The text part that an HTML part's pieces make, merge tags and logic included."""
    found = list(tags(pieces))
    texts: list[Piece] = []
    for word in split_marks(text_from_html(mark_part(pieces))):
        piece = found[word] if isinstance(word, int) else word
        if isinstance(piece, str) and _block_on_its_own_line(texts):
            piece = piece.lstrip("\n")
        texts.append(piece)
    try:
        return place_part(texts, {tag.number: Place.TEXT for tag in found})
    except MergeRefused:
        raise MergeRefused([problem(1, "", _NO_TEXT_PART)]) from None


def read_parts(content: Content) -> tuple[Part, Part | None]:
    """The text part and, unless the message is text alone, the HTML part. Raises MergeRefused."""
    given = read_plain(content.text) if content.text and content.text.strip() else None
    if content.html and content.html.strip():
        html, pieces = read_html(_with_preheader(content))
        return given or _text_of(pieces), html
    if given is None:
        raise EmptyContent
    return given, None
