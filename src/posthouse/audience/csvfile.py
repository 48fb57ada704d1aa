"""Reads CSV files of any size in flat memory: encoding, delimiter, columns, then row by row."""

import codecs
import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple, Self

from posthouse.audience.columns import MOST_FIELDS, demand_email, find_email
from posthouse.audience.errors import FileRefused

# A12: what one row may hold. csv itself stops at 131,072 characters a value.
LONGEST_LINE: Final = 65_536
LONGEST_ROW: Final = 100_000
MOST_LINES: Final = 200  # of one row, whose quoted values may hold line ends
# A quote that is never closed swallows a whole LONGEST_ROW before it shows. The lines after it are
# read again, so often and no oftener: a file made of such quotes would never end.
MOST_REPAIRS: Final = 100
MOST_COLUMNS: Final = MOST_FIELDS + 2  # the address, and the reason in a file of rejected rows
SAMPLE_ROWS: Final = 5

_CHUNK: Final = 2**20
_DELIMITERS: Final = (",", ";", "\t")
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NOT_TEXT: Final = (
    (b"PK\x03\x04", "an Excel workbook or a ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x1f\x8b", "a compressed file"),
    (b"%PDF", "a PDF"),
)
_SAVE_AS = (
    "In Excel choose “Save as” and “CSV UTF-8”, in LibreOffice “Save as”, “Text CSV” and the "
    "character set “Unicode (UTF-8)”. Nothing was imported."
)
_BAD_QUOTES = "A quotation mark is opened and not closed, or text stands behind a closing one."
_BAD_LINE = f"The line is longer than {LONGEST_LINE:,} characters."
_BAD_ROW = f"A quotation mark is opened and not closed within {MOST_LINES} lines."


@dataclass(frozen=True, slots=True)
class Head:
    """How a file is written, its column names, the first rows, and the column of the address."""

    encoding: str
    delimiter: str
    preamble: int  # lines before the column names: Excel's "sep=;"
    columns: tuple[str, ...]
    email: int
    sample: tuple[tuple[str, ...], ...]


class Row(NamedTuple):
    """One row: the line it begins on, its values as written, and what is wrong with it, if so."""

    line: int
    values: list[str]
    problem: str = ""


class Rows:
    """The rows of a file below its column names; ``position`` tells how many bytes were read."""

    def __init__(self, path: Path, encoding: str, delimiter: str, preamble: int = 0) -> None:
        self._binary = path.open("rb")
        self._lines = _Lines(TextIOWrapper(self._binary, encoding, newline=""))
        for _ in range(preamble):
            next(self._lines, None)
        self._reader = csv.reader(self._lines, delimiter=delimiter, strict=True)
        self._repairs = MOST_REPAIRS

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._binary.close()

    @property
    def position(self) -> int:
        return self._binary.tell()

    def __iter__(self) -> Iterator[Row]:
        lines = self._lines
        while True:
            line = lines.begin_row()
            try:
                values = next(self._reader)
            except StopIteration:
                return
            except (csv.Error, _TooLong) as error:
                yield self._broken(line, error)
                continue
            if any(map(str.strip, values)):
                yield Row(line, values)

    def _broken(self, line: int, error: Exception) -> Row:
        """The row that cannot be read; the lines that a stray quote swallowed are read again."""
        text = self._lines.taken[0][:1_000].strip()
        if self._repairs and len(self._lines.taken) > 1:
            self._repairs -= 1
            self._lines.give_back()
        return Row(line, [text], str(error) if isinstance(error, _TooLong) else _BAD_QUOTES)


def read_head(path: Path) -> Head:
    """What the beginning of a file says; raises FileRefused when it cannot be imported."""
    encoding = _encoding(path)
    declared = _declared_delimiter(path, encoding)
    preamble = 1 if declared else 0
    tried = [
        (delimiter, _first_rows(path, encoding, delimiter, preamble))
        for delimiter in ([declared] if declared else _DELIMITERS)
    ]
    delimiter, rows = max(tried, key=lambda one: _likeness(one[1]))
    if not rows:
        raise FileRefused("The file is empty. Choose the file with the subscribers.")
    columns = _column_names(rows[0])
    email = demand_email(columns)
    if len(rows) == 1:
        raise FileRefused("The file has a line of column names and no rows below it.")
    sample = tuple(tuple(row.values) for row in rows[1:] if not row.problem)
    return Head(encoding, delimiter, preamble, columns, email, sample)


def check_encoding(path: Path, encoding: str) -> None:
    """Reads the whole file once; raises FileRefused at the first byte that is not in its encoding.

    A file in another encoding is refused before its first row is imported, not in the middle.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            try:
                line += decoder.decode(chunk, final=not chunk).count("\n")
            except UnicodeDecodeError as error:
                line += error.object[: error.start].count(b"\n")
                raise FileRefused(_not_in_encoding(line, error)) from None
            if not chunk:
                return


def rows_of(path: Path, head: Head) -> Rows:
    """The rows below the column names. Use it in a ``with`` block."""
    rows = Rows(path, head.encoding, head.delimiter, head.preamble)
    next(iter(rows), None)  # the column names
    return rows


class _TooLong(Exception):
    """A row or a line that does not end within the limits."""


class _Lines:
    """The lines of a text, bounded; remembers those of the row being read."""

    def __init__(self, text: TextIOWrapper) -> None:
        self._text = text
        self._again: deque[str] = deque()
        self._number = 0
        self._size = 0
        self.taken: list[str] = []

    def begin_row(self) -> int:
        """Forgets the row before; the number of the line that comes next."""
        self.taken = []
        self._size = 0
        return self._number + 1

    def give_back(self) -> None:
        """All lines of the row but its first are to be read again."""
        self._again.extendleft(reversed(self.taken[1:]))
        self._number -= len(self.taken) - 1

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        fresh = not self._again
        line = self._text.readline(LONGEST_LINE) if fresh else self._again.popleft()
        if not line:
            raise StopIteration
        self._number += 1
        self._size += len(line)
        self.taken.append(line)
        if len(line) == LONGEST_LINE and line[-1] not in "\r\n":
            if fresh:
                self._skip_line()
            raise _TooLong(_BAD_LINE)
        if self._size > LONGEST_ROW or len(self.taken) > MOST_LINES:
            raise _TooLong(_BAD_ROW)
        return line

    def _skip_line(self) -> None:
        while (rest := self._text.readline(_CHUNK)) and rest[-1] not in "\r\n":
            pass


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(8_192)
    for magic, kind in _NOT_TEXT:
        if start.startswith(magic):
            raise FileRefused(f"This is {kind}, not a CSV file. {_SAVE_AS}")
    encoding = next((name for bom, name in _BOMS if start.startswith(bom)), "utf-8")
    # One zero byte is a row's trouble; a tenth of the text is another encoding, or no text.
    if encoding.startswith("utf-8") and start.count(0) * 10 > len(start):
        raise FileRefused(f"The file is full of zero bytes: it is not UTF-8 text. {_SAVE_AS}")
    return encoding


def _declared_delimiter(path: Path, encoding: str) -> str:
    """The delimiter that Excel wrote into a first line ``sep=;``, or ""."""
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        name, _, delimiter = file.readline(20).rstrip("\r\n").partition("=")
    return delimiter if name.lower() == "sep" and delimiter in {*_DELIMITERS, "|"} else ""


def _first_rows(path: Path, encoding: str, delimiter: str, preamble: int) -> list[Row]:
    try:
        with Rows(path, encoding, delimiter, preamble) as rows:
            return list(islice(rows, SAMPLE_ROWS + 1))
    except UnicodeDecodeError:
        check_encoding(path, encoding)  # knows the line
        raise


def _likeness(rows: list[Row]) -> tuple[bool, int]:
    """How much the first rows look as if cut by the right delimiter."""
    if not rows or rows[0].problem:
        return False, 0
    return find_email(rows[0].values) is not None, len(rows[0].values)


def _column_names(row: Row) -> tuple[str, ...]:
    if row.problem:
        raise FileRefused(f"Line {row.line}, which should name the columns: {row.problem}")
    names = [" ".join(name.split()) for name in row.values]
    while names and not names[-1]:
        names.pop()  # Excel writes empty columns at the end
    if len(names) > MOST_COLUMNS:
        raise FileRefused(
            f"The file has {len(names):,} columns; {MOST_COLUMNS} is the limit. Leave out those "
            "that no message needs."
        )
    return tuple(names)


def _not_in_encoding(line: int, error: UnicodeDecodeError) -> str:
    if error.encoding.startswith("utf-8"):
        byte = f"{error.object[error.start]:02X}"
        return f"Line {line:,} is not UTF-8 text (byte {byte}). {_SAVE_AS}"
    return f"Line {line:,} is not {error.encoding.upper()} text, as the file begins. {_SAVE_AS}"
