"""Reads merge tags: fields with defaults, and where more is needed, Liquid tags.

`{{ field }}`, with `default: "..."`, `upcase`, `downcase` or `capitalize` behind it, becomes a slot
between bytes. Any other filter and any `{% tag %}` is logic, for Liquid (see logic.py).
"""

import html as html_module
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from posthouse.core.composition.content import CompositionRefused
from posthouse.core.composition.escaping import ESCAPE, Place, clean_value
from posthouse.core.composition.places import Kind

LONGEST_TAG: Final = 1_000  # characters; also bounds the search for a tag's end

_NAME = r"[^\W\d][\w-]*"
_FILTER = r"""upcase|downcase|capitalize|default\s*:\s*(?:"[^"]*"|'[^']*')"""
_SIMPLE = re.compile(rf"({_NAME})((?:\s*\|\s*(?:{_FILTER}))*)")
_ONE_FILTER = re.compile(r"""\|\s*(\w+)(?:\s*:\s*(?:"([^"]*)"|'([^']*)'))?""")
_FIRST_NAME = re.compile(_NAME)
_OPENING = re.compile(r"\{\{|\{%")
_TAG_NAME = re.compile(r"\w*")

FILTERS: Final[dict[str, Callable[[str, str], str]]] = {
    "default": lambda value, otherwise: value or otherwise,
    "upcase": lambda value, _: value.upper(),
    "downcase": lambda value, _: value.lower(),
    "capitalize": lambda value, _: value.capitalize(),
}

TAG_KINDS: Final = {
    **dict.fromkeys(("if", "unless", "case", "for", "capture"), Kind.OPENS),
    **dict.fromkeys(("else", "elsif", "when"), Kind.BRANCHES),
    **dict.fromkeys(("endif", "endunless", "endcase", "endfor", "endcapture"), Kind.CLOSES),
    **dict.fromkeys(("assign", "break", "continue"), Kind.SILENT),
}
# Both keep or drop what is between them unread.
_VERBATIM = {"raw": re.compile(r"\{%-?\s*endraw\s*-?%\}"),
             "comment": re.compile(r"\{%-?\s*endcomment\s*-?%\}")}  # fmt: skip


@dataclass(frozen=True, slots=True)
class MergeProblem:
    """Something in a merge tag that a person must put right."""

    line: int
    field: str  # the first name in the tag, or ""
    sentence: str


class MergeRefused(CompositionRefused):
    """A text whose merge tags cannot be read."""

    def __init__(self, problems: Sequence[MergeProblem]) -> None:
        super().__init__(" ".join(problem.sentence for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Tag:
    """One `{{ ... }}` or `{% ... %}`: its inside without braces and dashes, and where it stands."""

    number: int  # counted from 0 in its text
    inside: str
    line: int
    kind: Kind

    @property
    def name(self) -> str:
        """The first name in it: the field of an output, or of what a tag is about."""
        inside = self.inside
        if self.kind is not Kind.OUTPUT:
            inside = inside[len(_TAG_NAME.match(inside)[0]) :]  # type: ignore[index]
        found = _FIRST_NAME.search(inside)
        return found[0] if found else ""

    @property
    def source(self) -> str:
        return f"{{{{ {self.inside} }}}}" if self.kind is Kind.OUTPUT else f"{{% {self.inside} %}}"


@dataclass(frozen=True, slots=True)
class Slot:
    """A field, the filters on its value as (name, argument), and the place that it fills."""

    field: str
    filters: tuple[tuple[str, str], ...]
    place: Place

    def value(self, fields: Mapping[str, str]) -> str:
        """The recipient's value: one clean line, filtered, and escaped for its place."""
        return self.shape(fields.get(self.field, ""))

    def shape(self, raw: str) -> str:
        """As `value`, from the field's own value."""
        value = clean_value(raw)
        for name, argument in self.filters:
            value = FILTERS[name](value, argument)
        return ESCAPE[self.place](value)


Piece = str | Tag


def problem(line: int, field: str, what: str) -> MergeProblem:
    return MergeProblem(line, field, f"Line {line}: {what}")


class _Scanner:
    """One pass over a text; collects pieces and problems."""

    def __init__(self, text: str, *, html: bool) -> None:
        self.text, self.html = text, html
        self.pieces: list[Piece] = []
        self.problems: list[MergeProblem] = []
        self._strip_next = False
        self._line, self._line_at, self._count = 1, 0, 0

    def line(self, at: int) -> int:
        self._line += self.text.count("\n", self._line_at, at)
        self._line_at = at
        return self._line

    def literal(self, text: str) -> None:
        if self._strip_next:
            text = text.lstrip()
            self._strip_next = False
        if text:
            self.pieces.append(text)

    def trim_before(self) -> None:
        if self.pieces and isinstance(last := self.pieces[-1], str):
            self.pieces[-1] = last.rstrip()

    def inside(self, raw: str) -> str:
        """What stands between the braces; editors write quotes and spaces there as HTML."""
        inside = raw.strip("-").strip()
        return html_module.unescape(inside).replace("\xa0", " ").strip() if self.html else inside

    def run(self) -> None:
        at = 0
        while match := _OPENING.search(self.text, at):
            self.literal(self.text[at : match.start()])
            at = self.tag(match.start())
        self.literal(self.text[at:])

    def tag(self, start: int) -> int:
        """Takes the tag at `start` in; returns where the text goes on."""
        output = self.text.startswith("{{", start)
        end = self.text.find("}}" if output else "%}", start, start + LONGEST_TAG)
        line = self.line(start)
        if end < 0:
            shown = self.text[start : start + 30].split("\n")[0]
            self.problems.append(problem(line, "", f"“{shown}” is opened but never closed."))
            return len(self.text)
        raw = self.text[start + 2 : end]
        if raw.startswith("-"):
            self.trim_before()
        self._strip_next = raw.endswith("-")
        inside = self.inside(raw)
        if not output and inside in _VERBATIM:
            return self.verbatim(inside, end + 2, line)
        self.add(inside, line, output=output)
        return end + 2

    def verbatim(self, name: str, start: int, line: int) -> int:
        closing = _VERBATIM[name].search(self.text, start)
        if closing is None:
            self.problems.append(problem(line, "", f"“{name}” is opened but never closed."))
            return len(self.text)
        if name == "raw":
            self.literal(self.text[start : closing.start()])
        return closing.end()

    def add(self, inside: str, line: int, *, output: bool) -> None:
        name = _TAG_NAME.match(inside)[0]  # type: ignore[index]
        if not inside:
            self.problems.append(problem(line, "", "a merge tag is empty."))
        elif output or name in TAG_KINDS:
            kind = Kind.OUTPUT if output else TAG_KINDS[name]
            self.pieces.append(Tag(self._count, inside, line, kind))
            self._count += 1
        else:
            self.problems.append(problem(line, name, f"there is no tag “{name}” here."))


def scan(text: str, *, html: bool = False) -> tuple[list[Piece], list[MergeProblem]]:
    """Literal text and tags, in order, and what is wrong; in HTML, tags are unescaped inside."""
    scanner = _Scanner(text, html=html)
    scanner.run()
    return scanner.pieces, scanner.problems


def tags(pieces: Sequence[Piece]) -> Iterator[Tag]:
    return (piece for piece in pieces if isinstance(piece, Tag))


def slot_of(tag: Tag, place: Place) -> Slot | None:
    """The slot that an output is, or None where it needs Liquid."""
    match = _SIMPLE.fullmatch(tag.inside) if tag.kind is Kind.OUTPUT else None
    if match is None:
        return None
    found = _ONE_FILTER.findall(match[2])
    return Slot(match[1], tuple((name, double or single) for name, double, single in found), place)


def needs_logic(pieces: Sequence[Piece]) -> bool:
    """Whether any tag is more than a field with simple filters."""
    return any(slot_of(tag, Place.TEXT) is None for tag in tags(pieces))
