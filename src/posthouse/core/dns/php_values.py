"""Reads the values of a PHP file: texts, arrays, variables, and texts joined by dots."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from posthouse.core.dns.errors import PhpRefused
from posthouse.core.dns.php_strings import said
from posthouse.core.dns.php_tokens import Token

DEEPEST = 20  # arrays in arrays; a file of templates has three
LONGEST = 65_536  # characters of a text; a variable that is put into itself doubles each time
_VALUE = "a text in quotes, a variable or an array"
_CLOSING = {"[": "]", "(": ")"}


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of an array with the line where it begins; "" is the key that PHP would count."""

    key: str
    value: "Value"
    line: int


@dataclass(slots=True)
class Array:
    """A PHP array from its first line to its last, in the order in which it is written."""

    line: int
    last_line: int
    entries: list[Entry] = field(default_factory=list)

    def put(self, entry: Entry) -> Entry | None:
        """Adds the entry; returns the one of the same key that PHP forgets by this."""
        earlier = next((e for e in self.entries if e.key and e.key == entry.key), None)
        if earlier:
            self.entries.remove(earlier)
        self.entries.append(entry)
        return earlier


Value = str | bool | int | None | Array
_WORDS: Mapping[str, Value] = {"true": True, "false": False, "null": None}


class Reader:
    """Walks over tokens; `variables` are known to the values, `forgotten` are keys written twice.

    `comments` are the comments of the whole text.
    """

    def __init__(self, tokens: Iterable[Token]) -> None:
        everything = list(tokens)
        self.comments = [each for each in everything if each.kind == "comment"]
        self.variables: dict[str, Value] = {}
        self.forgotten: list[Entry] = []
        self.place = self._depth = 0
        self._tokens = [each for each in everything if each.kind != "comment"]

    @property
    def now(self) -> Token:
        """The token that is next."""
        return self._tokens[self.place]

    def step(self) -> Token:
        """The next token, which is passed by this; the end is never passed."""
        token = self.now
        self.place = min(self.place + 1, len(self._tokens) - 1)
        return token

    def takes(self, text: str) -> bool:
        """Passes the next token if it is `text`, in whatever letters."""
        if self.now.text.lower() != text:
            return False
        self.step()
        return True

    def demand(self, text: str) -> Token:
        """Passes `text`; PhpRefused if something else is next."""
        token = self.now
        if not self.takes(text):
            raise PhpRefused(token.line, text, token.shown)
        return token

    def value(self) -> Value:
        """One value: an array, a word such as true, or texts joined by dots."""
        token = self.now
        first = self._term()
        if self.now.text != ".":
            return first
        parts = [_text(first, token)]
        while self.takes("."):
            token = self.now
            parts.append(_text(self._term(), token))
        return "".join(parts)

    def text(self) -> str:
        """A value that is a text."""
        token = self.now
        return _text(self.value(), token)

    def variable(self, token: Token) -> Value:
        """What a variable holds."""
        if token.text not in self.variables:
            known = ", ".join(self.variables) or "there is none"
            raise PhpRefused(token.line, f"a variable that is known here ({known})", token.shown)
        return self.variables[token.text]

    def _term(self) -> Value:
        token = self.step()
        if token.kind in {"single", "double"}:
            return said(token, lambda each: _text(self.variable(each), each))
        if token.kind == "variable":
            return self.variable(token)
        if token.kind == "number":
            return int(token.text[:10])
        if token.kind == "word" and token.text.lower() in _WORDS:
            return _WORDS[token.text.lower()]
        if token.text.lower() == "array" and self.now.text == "(":
            return self._enclosed(self.step(), array=True)
        if token.text in _CLOSING:
            return self._enclosed(token, array=token.text == "[")
        raise PhpRefused(token.line, _VALUE, token.shown)

    def _enclosed(self, opening: Token, *, array: bool) -> Value:
        if self._depth >= DEEPEST:
            raise PhpRefused(opening.line, f"at most {DEEPEST} brackets in one another", "one more")
        closing = _CLOSING[opening.text]
        self._depth += 1
        try:
            value = self._entries(opening, closing) if array else self.value()
            last = self.demand(closing)
        finally:
            self._depth -= 1
        if isinstance(value, Array) and array:
            value.last_line = last.line
        return value

    def _entries(self, opening: Token, closing: str) -> Array:
        array = Array(opening.line, opening.line)
        while self.now.text != closing:
            token = self.now
            value, key = self.value(), ""
            if self.takes("=>"):
                key, value = _text(value, token), self.value()
            if earlier := array.put(Entry(key, value, token.line)):
                self.forgotten.append(earlier)
            if not self.takes(","):
                break
        return array


def _text(value: Value, token: Token) -> str:
    if isinstance(value, str):
        if len(value) > LONGEST:
            raise PhpRefused(token.line, f"a text of at most {LONGEST} characters", token.shown)
        return value
    raise PhpRefused(token.line, "a text in quotes", token.shown)
