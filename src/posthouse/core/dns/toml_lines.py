"""Finds on which line of a TOML text each table stands; the standard library's parser forgets."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field

Path = tuple[str, ...]

_HEADER = re.compile(r"^[ \t]*(\[\[?[^\n]*?\]?\])[ \t]*(?:#[^\n]*)?$", re.MULTILINE)

# Whatever may hold a bracket that opens nothing, and the brackets that do. First match wins.
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[\[\]{}]',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class TomlLines:
    """Lines (from 1) of the table headers, and of the entries in the arrays below them."""

    headers: dict[Path, int] = field(default_factory=dict)
    entries: dict[Path, list[int]] = field(default_factory=dict)

    def of_table(self, path: Path) -> int:
        """The line of the table's header, else of the nearest one around it, else 1."""
        while path:
            if path in self.headers:
                return self.headers[path]
            path = path[:-1]
        return 1

    def of_entry(self, path: Path, number: int) -> int:
        """The line of the entry `number` (from 0) in the records of the table `path`."""
        lines = self.entries.get(path, [])
        return lines[number] if number < len(lines) else self.of_table(path)


def find_lines(text: str) -> TomlLines:
    """The lines of a text that the TOML parser has accepted."""
    found = TomlLines()
    path: Path = ()
    for line, header in _tables(text):
        if header is None:
            found.entries.setdefault(path, []).append(line)
        elif header.startswith("[["):
            path = _path(header)[:-1]
            found.headers.setdefault(path, line)
            found.entries.setdefault(path, []).append(line)
        else:
            path = _path(header)
            found.headers[path] = line
    return found


def _tables(text: str) -> Iterator[tuple[int, str | None]]:
    """Each table as (line, header), an inline table of the outermost level as (line, None)."""
    depth = braces = 0
    for token in _TOKEN.finditer(text):
        sign = token.group()
        if sign in "[{":
            header = _header_at(text, token.start()) if depth == 0 and sign == "[" else None
            braces += sign == "{"
            if header or (sign == "{" and braces == 1):
                yield text.count("\n", 0, token.start()) + 1, header
            depth += 1
        elif sign in "]}":
            depth -= 1
            braces -= sign == "}"


def _header_at(text: str, start: int) -> str | None:
    """The header that begins at `start`: nothing but blanks stands before it on its line."""
    line_start = text.rfind("\n", 0, start) + 1
    match = _HEADER.match(text, line_start)
    return match[1] if match and match.start(1) == start else None


def _path(header: str) -> Path:
    """The keys of a header, read by the TOML parser itself."""
    table: object = tomllib.loads(header)
    path = []
    while isinstance(table, dict) and table:
        key, table = next(iter(table.items()))
        path.append(key)
        if isinstance(table, list):
            break
    return tuple(path)
