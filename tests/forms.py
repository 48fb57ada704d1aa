"""Reads the forms of a page as a browser would, so that tests can send them back, altered."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_UNTICKED = frozenset({"checkbox", "radio"})
_NO_VALUE = frozenset({"submit", "button", "image", "reset", "file"})


@dataclass
class PageForm:
    """A form: where it goes, what it would send, and what each field offers to choose from."""

    action: str
    method: str
    values: dict[str, list[str]] = field(default_factory=dict)
    offered: dict[str, list[str]] = field(default_factory=dict)

    def put(self, name: str, value: str) -> None:
        self.values.setdefault(name, []).append(value)

    def offer(self, name: str, value: str) -> None:
        self.offered.setdefault(name, []).append(value)


def forms_of(page: str, address: str) -> list[PageForm]:
    """The forms of a page that is at ``address``."""
    reader = _Reader(address)
    reader.feed(page)
    return reader.forms


class _Reader(HTMLParser):
    def __init__(self, address: str) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self._address = address
        self._open: PageForm | None = None
        self._select = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            action = given.get("action", "").partition("#")[0]
            self._open = PageForm(action or self._address, given.get("method", "get").lower())
            self.forms.append(self._open)
        elif self._open is not None:
            self._take(self._open, tag, given)

    def _take(self, form: PageForm, tag: str, given: dict[str, str]) -> None:
        name, kind = given.get("name", ""), given.get("type", "text")
        if tag == "select":
            self._select = name
        elif tag == "textarea":
            self._area = name
            form.values.setdefault(name, [""])
        elif tag == "option" and self._select:
            form.offer(self._select, given.get("value", ""))
            if "selected" in given:
                form.put(self._select, given["value"])
        elif tag == "input" and name and kind not in _NO_VALUE:
            if kind in _UNTICKED:
                form.offer(name, given.get("value", "on"))
            if kind not in _UNTICKED or "checked" in given:
                form.put(name, given.get("value", "on" if kind in _UNTICKED else ""))

    def handle_data(self, data: str) -> None:
        if self._open is not None and self._area:
            self._open.values[self._area][0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""
