"""Checks and adjusts a parsed Liquid template before it is ever run."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final, TypeGuard

from liquid import Node, RenderContext
from liquid.builtin.expressions.logical import (
    EqExpression,
    GeExpression,
    GtExpression,
    LeExpression,
    LtExpression,
    NeExpression,
)
from liquid.builtin.expressions.primitive import IntegerLiteral, RangeLiteral
from liquid.builtin.tags.for_tag import ForNode
from liquid.exceptions import LiquidSyntaxError
from liquid.expression import Expression
from liquid.undefined import is_undefined

MOST_TAGS: Final = 2_000  # in a part with logic
MOST_TAGS_IN_LOOP: Final = 200
LONGEST_RANGE: Final = 1_000

_COMPARISONS = (EqExpression, NeExpression, LtExpression, LeExpression, GtExpression, GeExpression)


class _Operand(Expression):
    """One side of a comparison, read as what stands on the other side.

    Fields are text, so text beside a number is a number; a field that a person lacks is "" beside
    text (and beside `blank` and `empty`), and nothing beside a number.
    """

    __slots__ = ("other", "own")

    def __init__(self, own: Expression, other: Expression) -> None:
        super().__init__(own.token)
        self.own, self.other = own, other

    def evaluate(self, context: RenderContext) -> object:
        value = self.own.evaluate(context)
        if not isinstance(value, str) and not is_undefined(value):
            return value
        beside = self.other.evaluate(context)
        if isinstance(beside, (int, float)) and not isinstance(beside, bool):
            return _number(value)
        if is_undefined(value):
            return None if beside is None or is_undefined(beside) else ""
        return value

    def children(self) -> list[Expression]:
        return [self.own]


def _number(value: object) -> float | None:
    """None, which compares false with every number, where the value is none."""
    try:
        return float(str(value))
    except ValueError:
        return None


def _below(node: Node) -> Iterator[Node]:
    """A node and all nodes in it."""
    yield node
    for child in node.children(None):  # type: ignore[arg-type]  # only includes would ask for a context
        yield from _below(child)


def _expressions(expression: Expression) -> Iterator[Expression]:
    yield expression
    for child in expression.children():
        yield from _expressions(child)


def _is_number(expression: Expression) -> TypeGuard[IntegerLiteral]:
    return isinstance(expression, IntegerLiteral)


def _check_range(expression: RangeLiteral) -> None:
    """Ends must be written out: a value could ask for a list of a billion."""
    ends = [end.value for end in (expression.start, expression.stop) if _is_number(end)]
    if len(ends) < 2 or ends[1] - ends[0] >= LONGEST_RANGE:
        what = f"a range goes from one number to another, at most {LONGEST_RANGE:,} apart"
        raise LiquidSyntaxError(what, token=expression.token)


def _prepare(expression: Expression, filters: Collection[str]) -> None:
    for each in getattr(expression, "filters", None) or ():
        if each.name not in filters:
            raise LiquidSyntaxError(f"there is no filter “{each.name}” here", token=each.token)
    if isinstance(expression, RangeLiteral):
        _check_range(expression)
    if isinstance(expression, _COMPARISONS):
        left, right = expression.left, expression.right
        expression.left, expression.right = _Operand(left, right), _Operand(right, left)


def prepare_tree(nodes: Sequence[Node], filters: Collection[str]) -> None:
    """Lets comparisons read text as numbers. Raises LiquidSyntaxError for what must not run."""
    every = [node for top in nodes for node in _below(top)]
    for node in every:
        if isinstance(node, ForNode) and sum(1 for _ in _below(node)) > MOST_TAGS_IN_LOOP:
            what = f"a loop holds more than {MOST_TAGS_IN_LOOP} merge tags"
            raise LiquidSyntaxError(what, token=node.token)
        for top in node.expressions():
            for expression in list(_expressions(top)):
                _prepare(expression, filters)
