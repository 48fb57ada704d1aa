"""What a PHP text in quotes says: its escapes, and the variables between double quotes."""

import re
from collections.abc import Callable

from posthouse.core.dns.errors import PhpRefused
from posthouse.core.dns.php_tokens import Token

_SINGLE_ESCAPE = re.compile(r"\\([\\'])")
_IN_DOUBLE = re.compile(
    r"""
    \\(?P<sign>[nrtvef\\$"])
  | \\(?P<octal>[0-7]{1,3})
  | \\x(?P<hex>[0-9A-Fa-f]{1,2})
  | \\u\{(?P<point>[0-9A-Fa-f]{1,6})\}
  | \{(?P<braced>\$[A-Za-z_]\w*)\}
  | \$\{(?P<named>[A-Za-z_]\w*)\}
  | (?P<plain>\$[A-Za-z_]\w*)
  | (?P<complex>\{\$|\$\{)
    """,
    re.VERBOSE,
)
_SIGNS = {"n": "\n", "r": "\r", "t": "\t", "v": "\v", "e": "\x1b", "f": "\f"}

Lookup = Callable[[Token], str]  # the text of a variable, given as a token


def said(token: Token, value_of: Lookup) -> str:
    """The text that a token of the kind "single" or "double" stands for."""
    inside = token.text[1:-1]
    if token.kind == "single":
        return _SINGLE_ESCAPE.sub(r"\1", inside)
    return _IN_DOUBLE.sub(lambda match: _part(match, token, value_of), inside)


def _part(match: re.Match[str], token: Token, value_of: Lookup) -> str:
    found = {name: text for name, text in match.groupdict().items() if text is not None}
    kind, text = found.popitem()
    line = token.line + token.text.count("\n", 0, match.start() + 1)
    if kind == "sign":
        return _SIGNS.get(text, text)
    if kind in {"octal", "hex", "point"}:
        return _character(int(text, 8 if kind == "octal" else 16), line, match.group())
    if kind == "complex":
        raise PhpRefused(line, "a variable alone between braces", match.group())
    return value_of(Token("variable", f"${text.removeprefix('$')}", line))


def _character(number: int, line: int, written: str) -> str:
    # PHP makes octets of these; beyond ASCII none of them belongs into a DNS record.
    if number < 0x80:
        return chr(number)
    raise PhpRefused(line, "a character of ASCII", written)
