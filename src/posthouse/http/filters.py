"""What narrows a list of rows on a page: a state by tabs, words by the search field."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict


@dataclass(frozen=True, slots=True)
class Tab:
    """A state to choose, with how many rows stand in it."""

    label: str
    href: str
    count: int
    active: bool


@dataclass(frozen=True, slots=True)
class Filters:
    """The chosen state ("" for all) and words, as the address gives them."""

    state: str
    words: str
    tabs: tuple[Tab, ...] = ()

    @property
    def narrowed(self) -> bool:
        return bool(self.state or self.words)

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the search field carries along."""
        return [("state", self.state)] if self.state else []


def chosen(asked: QueryDict, labels: Mapping[str, str]) -> Filters:
    """What the address asks for; states that there are not, and NULs, are no wish."""
    state = asked.get("state", "")
    words = asked.get("q", "").replace("\x00", "").strip()
    return Filters(state if state in labels else "", words)


def with_tabs(filters: Filters, labels: Mapping[str, str], counts: Mapping[str, int]) -> Filters:
    """The same with a tab for all, and one for each state that some row is in, or is chosen."""
    shown = {"": "All"} | {
        state: label
        for state, label in labels.items()
        if counts.get(state) or state == filters.state
    }
    totals = {**counts, "": sum(counts.values())}
    tabs = tuple(
        Tab(label, _href(state, filters.words), totals.get(state, 0), state == filters.state)
        for state, label in shown.items()
    )
    return Filters(filters.state, filters.words, tabs)


def _href(state: str, words: str) -> str:
    asked = {name: value for name, value in (("state", state), ("q", words)) if value}
    return f"?{urlencode(asked)}"
