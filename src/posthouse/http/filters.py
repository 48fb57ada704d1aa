"""What narrows and sorts a list of rows on a page: a state by tabs, words by the search field."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
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
    """The chosen state ("" for all), words and order ("" for the usual), as the address says."""

    state: str
    words: str
    tabs: tuple[Tab, ...] = ()
    sort: str = ""

    @property
    def narrowed(self) -> bool:
        return bool(self.state or self.words)

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the search field carries along."""
        return [(name, value) for name, value in self._chosen if value and name != "q"]

    def href(self, state: str) -> str:
        """The address of another state, with the same words and order."""
        asked = {**dict(self._chosen), "state": state}
        return f"?{urlencode({name: value for name, value in asked.items() if value})}"

    @property
    def _chosen(self) -> list[tuple[str, str]]:
        return [("state", self.state), ("q", self.words), ("sort", self.sort)]


def chosen(asked: QueryDict, labels: Mapping[str, str], sorts: Collection[str] = ()) -> Filters:
    """What the address asks for; states and orders that there are not, and NULs, are no wish."""
    state, sort = asked.get("state", ""), asked.get("sort", "")
    words = asked.get("q", "").replace("\x00", "").strip()
    return Filters(state if state in labels else "", words, sort=sort if sort in sorts else "")


def with_tabs(filters: Filters, labels: Mapping[str, str], counts: Mapping[str, int]) -> Filters:
    """The same with a tab for all, and one for each state that some row is in, or is chosen."""
    shown = {"": "All"} | {
        state: label
        for state, label in labels.items()
        if counts.get(state) or state == filters.state
    }
    totals = {"": sum(counts.values()), **counts}
    tabs = tuple(
        Tab(label, filters.href(state), totals.get(state, 0), state == filters.state)
        for state, label in shown.items()
    )
    return replace(filters, tabs=tabs)
