"""Writes the file of rejected rows: the original columns, and why each row was not imported."""

import csv
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from posthouse.audience.formulas import guard


class Rejects:
    """A CSV file that can be mended and imported again. Use it in a ``with`` block."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._width = len(columns)
        self._file = path.open("w", encoding="utf-8-sig", newline="", errors="replace")
        self._writer = csv.writer(self._file, quoting=csv.QUOTE_ALL)
        self._write([*columns, "reason"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, row: Sequence[str], reason: str) -> None:
        """Values beyond the last column go into it, so that the reason has a column of its own."""
        cells = [*row[: self._width], *[""] * (self._width - len(row))]
        if len(row) > self._width:
            cells[-1] = ", ".join(row[self._width - 1 :])
        self._write([*cells, reason])

    def _write(self, cells: Sequence[str]) -> None:
        self._writer.writerow([guard(cell.replace("\x00", "")) for cell in cells])
