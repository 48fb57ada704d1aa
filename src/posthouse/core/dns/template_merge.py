"""Puts templates into the text of a template file, and leaves everything else in it as it was."""

from collections.abc import Sequence

from posthouse.core.dns.errors import DnsError
from posthouse.core.dns.php_import import Converted
from posthouse.core.dns.template_file import parse
from posthouse.core.dns.toml_lines import Path, find_lines


class TemplatesThere(DnsError):
    """The file has templates of these names already."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"The file has {', '.join(names)} already.")
        self.names = tuple(names)


def merged(text: str, templates: Sequence[Converted], *, replace: bool = False) -> str:
    """`text` with the templates at its end; `replace`: instead of those of the same name.

    Comments and everything that is not replaced stay. Raises TemplateError if the text cannot be
    used before, TemplatesThere where nothing may be replaced.
    """
    known = parse(text)
    there = [each for each in templates if each.name in getattr(known, each.section)]
    if there and not replace:
        raise TemplatesThere([f'{each.section} "{each.name}"' for each in there])
    for each in there:
        text = _without(text, (each.section, each.name))
    result = "\n\n".join([text.rstrip("\n"), *(each.text.rstrip("\n") for each in templates)])
    parse(result + "\n")
    return result + "\n"


def _without(text: str, path: Path) -> str:
    """The text without the table and those below it; comments before the next one stay."""
    headers = sorted((line, found) for found, line in find_lines(text).headers.items())
    lines = text.splitlines(keepends=True)
    starts = [line for line, _ in headers] + [len(lines) + 1]
    gone: set[int] = set()
    for (line, found), following in zip(headers, starts[1:], strict=True):
        if found[: len(path)] == path:
            gone |= set(range(line, _end(lines, line, following)))
    return "".join(text for number, text in enumerate(lines, 1) if number not in gone)


def _end(lines: Sequence[str], start: int, following: int) -> int:
    """The line after the table's last; blank lines and comments before the next belong to that."""
    end = following
    while end > start + 1 and (not lines[end - 2].strip() or lines[end - 2].startswith("#")):
        end -= 1
    return end
