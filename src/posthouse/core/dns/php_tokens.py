"""Cuts PHP text into tokens, as far as a file of DNS templates needs them; runs nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from posthouse.core.dns.errors import PhpRefused

_TOKEN = re.compile(
    r"""
    (?P<blank>\s+)
  | (?P<comment>//[^\n]*|\#(?!\[)[^\n]*|/\*.*?\*/)
  | (?P<tag><\?(?:php\b|=)?|\?>)
  | (?P<variable>\$[A-Za-z_]\w*)
  | (?P<single>'(?:\\.|[^'\\])*')
  | (?P<double>"(?:\\.|[^"\\])*")
  | (?P<number>\d+)
  | (?P<word>\\?[A-Za-z_][\w\\]*)
  | (?P<sign>=>|\.=|\.\.\.|.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text: its kind (a group of the pattern above, or "end") and its line."""

    kind: str
    text: str
    line: int

    @property
    def shown(self) -> str:
        """The token as an error names it."""
        if self.kind == "end":
            return "the end of the file"
        short = self.text.partition("\n")[0][:30]
        return short if short == self.text else f"{short}…"


def tokens(text: str) -> Iterator[Token]:
    """All tokens but blanks and tags, the last of them of the kind "end".

    Comments are among them. Text before the first tag is no PHP and is passed over.
    """
    start = max(text.find("<?"), 0)
    line = text.count("\n", 0, start) + 1
    for match in _TOKEN.finditer(text, start):
        kind, piece = str(match.lastgroup), match.group()
        if kind == "sign" and piece in "'\"":
            raise PhpRefused(line, f"the {piece} that ends this text", "the end of the file")
        if kind not in {"blank", "tag"}:
            yield Token(kind, piece, line)
        line += piece.count("\n")
    yield Token("end", "", line)
