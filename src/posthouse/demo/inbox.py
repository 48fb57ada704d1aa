"""A small read-only web inbox over the sink's record: list, search, one message, its source."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from posthouse.demo.inbox_pages import PER_PAGE, STYLE, error_page, framed, listing, message_page
from posthouse.demo.letters import parse, summary
from posthouse.demo.record import StoredMessage
from posthouse.demo.sink_server import SinkState

_MAX_REQUEST = 16 * 1024
_REQUEST_SECONDS = 30.0

_PAGES = (
    "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'"
)
# The message's own HTML: no scripts, no forms, nothing from elsewhere, an origin of its own.
_FRAMED = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'self'"
)
_NOTHING = "sandbox; default-src 'none'"


@dataclass(frozen=True, slots=True)
class Answer:
    body: bytes
    kind: str = "text/html; charset=utf-8"
    status: str = "200 OK"
    policy: str = _PAGES

    def head(self) -> bytes:
        lines = (
            f"HTTP/1.1 {self.status}",
            f"Content-Type: {self.kind}",
            f"Content-Length: {len(self.body)}",
            f"Content-Security-Policy: {self.policy}",
            "X-Content-Type-Options: nosniff",
            "Referrer-Policy: no-referrer",
            "Cache-Control: no-store",
            "Connection: close",
        )
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


_View = Callable[["Inbox", re.Match[str], Mapping[str, list[str]]], Answer]


class Inbox:
    """Answers one GET a connection. Subjects are read when first needed, and kept."""

    def __init__(self, state: SinkState) -> None:
        self._state = state
        self._subjects: list[str] = []
        self._searchable: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_REQUEST_SECONDS):
                request = await reader.readuntil(b"\r\n\r\n")
                method, target = request.split(b"\r\n")[0].decode("ascii").split(" ")[:2]
                answer = self.answer(method, target)
                writer.write(answer.head() + (b"" if method == "HEAD" else answer.body))
                await writer.drain()
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the browser went away, or it was none
        finally:
            writer.close()

    def answer(self, method: str, target: str) -> Answer:
        if method not in {"GET", "HEAD"}:
            return _error("405 Method Not Allowed", "This inbox can only be looked at.")
        url = urlsplit(target)
        for pattern, view in self._ROUTES.items():
            if match := re.fullmatch(pattern, url.path):
                return view(self, match, parse_qs(url.query))
        return _error("404 Not Found", "There is no such page.")

    def _list(self, _match: re.Match[str], query: Mapping[str, list[str]]) -> Answer:
        words = query.get("q", [""])[0].strip()[:200]
        asked = query.get("page", ["1"])[0]
        page = max(1, int(asked)) if asked.isdecimal() and len(asked) < 9 else 1
        numbers = self._search(words.casefold())
        shown = numbers[(page - 1) * PER_PAGE : page * PER_PAGE]
        rows = [(n, self._state.record[n], self._subject(n)) for n in shown]
        total = len(self._state.record)
        return _html(listing(rows, query=words, page=page, found=len(numbers), total=total))

    def _search(self, words: str) -> range | list[int]:
        newest = range(len(self._state.record) - 1, -1, -1)
        if not words:
            return newest
        for number in range(len(self._searchable), len(newest)):
            message = self._state.record[number]
            known = summary(message.content)
            fields = (message.mail_from, message.recipient, *known.values())
            self._searchable.append("\n".join(fields).casefold())
        return [number for number in newest if words in self._searchable[number]]

    def _subject(self, number: int) -> str:
        return summary(self._state.record[number].content).get("subject", "")

    def _message(self, match: re.Match[str], _query: object) -> Answer:
        message = self._find(match)
        if message is None:
            return _error("404 Not Found", "There is no such message.")
        return _html(message_page(int(match[1]), message, parse(message.content)))

    def _html_part(self, match: re.Match[str], _query: object) -> Answer:
        message = self._find(match)
        if message is None:
            return _error("404 Not Found", "There is no such message.")
        html = framed(parse(message.content).html)
        return Answer(html.encode("utf-8", "replace"), policy=_FRAMED)

    def _source(self, match: re.Match[str], _query: object) -> Answer:
        message = self._find(match)
        if message is None:
            return _error("404 Not Found", "There is no such message.")
        return Answer(message.content, kind="text/plain; charset=utf-8", policy=_NOTHING)

    def _style(self, _match: re.Match[str], _query: object) -> Answer:
        return Answer(STYLE.encode(), kind="text/css; charset=utf-8", policy=_NOTHING)

    def _counts(self, _match: re.Match[str], _query: object) -> Answer:
        state = self._state
        counts = {
            "messages": len(state.record),
            "connections": state.connections,
            "open": len(state.open),
            "most_open": state.most_open,
        }
        return Answer(json.dumps(counts).encode(), kind="application/json", policy=_NOTHING)

    def _find(self, match: re.Match[str]) -> StoredMessage | None:
        number = int(match[1])
        return self._state.record[number] if number < len(self._state.record) else None

    _ROUTES: ClassVar[Mapping[str, _View]] = {
        r"/": _list,
        r"/message/(\d{1,12})": _message,
        r"/message/(\d{1,12})/html": _html_part,
        r"/message/(\d{1,12})/source": _source,
        r"/inbox\.css": _style,
        r"/counts\.json": _counts,
    }


def _html(page: str) -> Answer:
    return Answer(page.encode("utf-8", "replace"))


def _error(status: str, words: str) -> Answer:
    return Answer(error_page(status[4:], words).encode(), status=status)
