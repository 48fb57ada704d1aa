"""Runs templates with conditions, loops and filters in Liquid, within fixed bounds.

Bounds are counted in steps, not seconds, so a template ends the same way on every machine. Fields
are text: no attribute, file, clock or other template can be reached from one.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Final

from liquid import BoundTemplate, Environment, RenderContext, Token
from liquid.builtin.content import Literal as LiteralTag
from liquid.builtin.illegal import Illegal
from liquid.builtin.output import Output
from liquid.builtin.tags.assign_tag import AssignTag
from liquid.builtin.tags.capture_tag import CaptureNode, CaptureTag
from liquid.builtin.tags.case_tag import CaseTag
from liquid.builtin.tags.for_tag import BreakTag, ContinueTag, ForTag
from liquid.builtin.tags.if_tag import IfTag
from liquid.builtin.tags.unless_tag import UnlessTag
from liquid.exceptions import LiquidError, LiquidSyntaxError, ResourceLimitError
from liquid.stringify import to_liquid_string
from liquid.tag import Tag as LiquidTag

from posthouse.core.composition.content import CompositionRefused
from posthouse.core.composition.escaping import ESCAPE, Place, clean_value
from posthouse.core.composition.filters import FILTERS, format_date, within_bounds
from posthouse.core.composition.logictree import MOST_TAGS, MOST_TAGS_IN_LOOP, prepare_tree
from posthouse.core.composition.mergetags import (
    MergeProblem,
    MergeRefused,
    Piece,
    Tag,
    problem,
)
from posthouse.core.composition.places import Kind

STEPS: Final = 200_000  # a fraction of a second on any machine; a plain newsletter takes some 500
OUTPUT_OCTETS: Final = 500_000
NAMESPACE_OCTETS: Final = 1_000_000
# No value, part or filter can make one of these, and neither counts as white space.
_BETWEEN: Final = "\x01"  # ends an island
_SPLIT_BRACE: Final = "{\x02"  # a literal "{", which must not begin a tag


class MergeFailed(CompositionRefused):
    """A template with logic that could not be run for one recipient."""


class _Captured(str):
    """What {% capture %} made: its values are escaped already."""

    __slots__ = ()


class _CaptureNode(CaptureNode):
    def _assign(self, context: RenderContext, buf: object) -> None:
        context.assign(self.name, _Captured(buf.getvalue()))  # type: ignore[attr-defined]


class _CaptureTag(CaptureTag):
    node_class = _CaptureNode


_TAGS: Final[tuple[type[LiquidTag], ...]] = (
    *(LiteralTag, Output, Illegal, AssignTag, _CaptureTag),
    *(IfTag, UnlessTag, CaseTag, ForTag, BreakTag, ContinueTag),
)


class _Context(RenderContext):
    """A run that counts its steps."""

    __slots__ = ("steps",)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.steps = STEPS

    def _spend(self, steps: int) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise ResourceLimitError("the template takes too many steps", token=None)

    def raise_for_loop_limit(self, length: int = 1) -> None:
        self._spend(length * MOST_TAGS_IN_LOOP)

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        return partial(self._run, super().filter(name, token))

    def _run(self, function: Callable[..., object], *values: object, **named: object) -> object:
        for value in (*values, *named.values()):
            self._weigh(value)
        result = function(*values, **named)
        self._weigh(result)
        return result

    def _weigh(self, value: object) -> None:
        if not within_bounds(value):
            raise ResourceLimitError("a value in the template is too large", token=None)
        self._spend(5 + (len(value) // 10 if isinstance(value, (str, list, tuple)) else 0))


class _Template(BoundTemplate):
    context_class = _Context


class _Environment(Environment):
    template_class = _Template
    output_stream_limit = OUTPUT_OCTETS
    local_namespace_limit = NAMESPACE_OCTETS

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Only what is listed here exists; nothing that loads, includes or unescapes."""
        for tag in _TAGS:
            self.add_tag(tag)
        self.filters.update(FILTERS)
        self.filters["date"] = _date
        self.filters.update({_filter_name(place): partial(_placed, place) for place in Place})


def _date(value: object, pattern: object = "%Y-%m-%d", *, context: RenderContext) -> str:
    return format_date(value, pattern, context.globals["now"])  # type: ignore[arg-type]


_date.with_context = True  # type: ignore[attr-defined]


def _filter_name(place: Place) -> str:
    return f"place_{place}"


def _placed(place: Place, value: object) -> str:
    """The last filter of every output: text, escaped for the place where it stands."""
    text = to_liquid_string(value, autoescape=False)
    if place is Place.HTML and type(value) is _Captured:
        return str(text)
    return ESCAPE[place](str(text))


@cache
def _environment() -> Environment:
    return _Environment()


@dataclass(frozen=True, slots=True, eq=False)
class Logic:
    """A parsed template whose output falls into so many islands."""

    template: BoundTemplate
    islands: int
    fields: tuple[str, ...]

    def run(self, values: Mapping[str, str], now: datetime) -> list[str]:
        """The text of each island for one recipient; an empty value counts as none.

        Raises MergeFailed.
        """
        given = {name: clean_value(values.get(name, "")) for name in self.fields}
        known = {name: value for name, value in given.items() if value}
        try:
            made = self.template.render({**known, "now": now, "today": now})
        except LiquidError as error:
            raise MergeFailed(f"The merge tags cannot be filled in: {error.message}.") from error
        except Exception as error:
            # A person's template in a foreign interpreter: no failure may reach other recipients.
            raise MergeFailed("The merge tags cannot be filled in for this person.") from error
        islands = made.replace(_SPLIT_BRACE, "{").split(_BETWEEN)
        if len(islands) != self.islands + 1:
            raise MergeFailed("The merge tags cannot be filled in: the template ends too early.")
        return islands[:-1]


def _source(piece: Piece, places: Mapping[int, Place]) -> str:
    if isinstance(piece, str):
        return piece.replace("{", _SPLIT_BRACE)
    if piece.kind is Kind.OUTPUT:
        return f"{{{{ {piece.inside} | {_filter_name(places[piece.number])} }}}}"
    return piece.source


def _located(error: LiquidError, starts: Sequence[int], found: Sequence[Tag]) -> MergeProblem:
    """A parse error as a problem at the tag where Liquid found it."""
    at = error.token.start_index if error.token else -1
    tag = found[max(bisect_right(starts, at) - 1, 0)] if at >= 0 else found[-1]
    return problem(tag.line, tag.name, f"“{tag.source[:60]}” cannot be read: {error.message}.")


def build_logic(islands: Sequence[Sequence[Piece]], places: Mapping[int, Place]) -> Logic:
    """One template of all islands of a part, so that what one assigns the next can use.

    `places` has the place of every output by its number. Raises MergeRefused.
    """
    source, starts, found = "", [], []
    for island in islands:
        for piece in island:
            if isinstance(piece, Tag):
                starts.append(len(source))
                found.append(piece)
            source += _source(piece, places)
        source += _BETWEEN
    try:
        if len(found) > MOST_TAGS:
            raise LiquidSyntaxError(f"there are more than {MOST_TAGS:,} merge tags", token=None)
        template = _environment().from_string(source)
        prepare_tree(template.nodes, _environment().filters)
    except LiquidError as error:
        raise MergeRefused([_located(error, starts, found)]) from error
    names = set(template.global_variables()) - {"now", "today"}
    return Logic(template, len(islands), tuple(sorted(names)))
