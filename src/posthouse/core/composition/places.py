"""Finds out where in an HTML part each merge field stands, by asking a real HTML tokenizer."""

import re
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from typing import Final

from turbohtml import Token, TokenType, tokenize

from posthouse.core.composition.escaping import Place


class Kind(Enum):
    """What a merge tag does to the text around it."""

    OUTPUT = auto()
    OPENS = auto()  # {% if %}, {% for %}
    BRANCHES = auto()  # {% else %}, {% when %}
    CLOSES = auto()
    SILENT = auto()  # {% assign %}, {% break %}


# Stands for tag number N while the HTML is read: between two noncharacters, which no text of a
# person's has (Unicode 23.7) and which no token of HTML begins or ends with.
_MARK: Final = "\ufdd0{}\ufdd1"
MARKS = re.compile("\ufdd0(\\d+)\ufdd1")
_LIKE_A_MARK = re.compile(
    r"[\ufdd0\ufdd1]|&#(?:x0*fdd[01]|0*6497[67])(?![0-9a-f]);?", re.IGNORECASE
)

_LINKING = "href src action formaction background cite poster longdesc srcset xlink:href"
_URL_ATTRIBUTES: Final = frozenset(_LINKING.split())
# Elements whose content is text, not markup (HTML 13.2.5): what a field may be inside each.
_RAW: Final[dict[str, Place | None]] = {
    "style": Place.STYLE,
    "title": Place.HTML,
    "textarea": Place.HTML,
    "script": None,
    "xmp": None,
    "iframe": None,
    "noembed": None,
    "noframes": None,
    "plaintext": None,
}

_Found = Iterator[tuple[int, Place | None]]


def without_marks(html: str) -> str:
    """HTML in which nothing can be mistaken for a mark, however it is spelt."""
    return _LIKE_A_MARK.sub("\ufffd", html)


def mark(pieces: Sequence[str | int]) -> str:
    """Joins literal text and tag numbers, each number as a mark that is read as a plain word."""
    return "".join(piece if isinstance(piece, str) else _MARK.format(piece) for piece in pieces)


def split_marks(text: str) -> list[str | int]:
    """What `mark` joined: literal text and tag numbers in turn."""
    return [int(part) if at % 2 else part for at, part in enumerate(MARKS.split(text))]


def _numbers(text: str | None) -> list[int]:
    return [int(number) for number in MARKS.findall(text or "")]


def _attribute_place(name: str, before: str) -> Place | None:
    """The place of a field in an attribute's value, from what stands before it there."""
    if name.startswith("on") or name == "srcdoc":
        return None  # scripts and documents of their own: no escaping makes these safe
    if name == "style":
        return Place.STYLE
    if name in _URL_ATTRIBUTES:
        return Place.URL_PART if before.strip() else Place.URL
    return Place.ATTRIBUTE


def _with_prefixes(value: str, kinds: Sequence[Kind]) -> Iterator[tuple[int, str]]:
    """Each output in a value with what stands before it, on its own branch of an {% if %}."""
    before, opened, at = "", [""], 0
    for match in MARKS.finditer(value):
        before += value[at : match.start()]
        at = match.end()
        number = int(match[1])
        match kinds[number]:
            case Kind.OUTPUT:
                yield number, before
                before += "value"
            case Kind.OPENS:
                opened.append(before)
            case Kind.BRANCHES:
                before = opened[-1]
            case Kind.CLOSES if len(opened) > 1:
                opened.pop()
            case _:
                pass


def _in_attributes(token: Token, kinds: Sequence[Kind]) -> _Found:
    for marked_name, value in token.attrs or ():
        name = MARKS.sub("", marked_name).lower()
        for number, before in _with_prefixes(value or "", kinds):
            yield number, _attribute_place(name, before)


def _in_comment(token: Token, kinds: Sequence[Kind], *, nested: bool) -> _Found:
    """Judges a comment as markup, as Outlook reads "<!--[if mso]> ... <![endif]-->"."""
    data = token.data or ""
    found = {} if nested else _places(data, kinds, nested=True)
    yield from ((number, found.get(number, Place.HTML)) for number in _numbers(data))


def _in_token(token: Token, kinds: Sequence[Kind], inside: str | None, *, nested: bool) -> _Found:
    match token.type:
        case TokenType.TEXT:
            place = _RAW[inside] if inside else Place.HTML
            yield from ((number, place) for number in _numbers(token.data))
        case TokenType.START_TAG:
            yield from _in_attributes(token, kinds)
        case TokenType.COMMENT:
            yield from _in_comment(token, kinds, nested=nested)
        case _:
            pass


def _places(html: str, kinds: Sequence[Kind], *, nested: bool) -> dict[int, Place | None]:
    found: dict[int, Place | None] = {}
    inside: str | None = None
    for token in tokenize(html, capture_source=True):
        places = dict(_in_token(token, kinds, inside, nested=nested))
        for number in _numbers(token.data if token.source is None else token.source):
            found[number] = places.get(number)
        if token.type == TokenType.START_TAG:
            inside = token.tag if token.tag in _RAW else None
        elif token.type == TokenType.END_TAG:
            inside = None
    return found


def places(marked: str, kinds: Sequence[Kind]) -> dict[int, Place | None]:
    """For each output's number the place where it stands; None where no value could be safe."""
    found = _places(marked, kinds, nested=False)
    return {n: found.get(n) for n, kind in enumerate(kinds) if kind is Kind.OUTPUT}
