"""Keeps a spreadsheet from taking a cell for a formula (CSV injection), and takes that back."""

import re

# What Excel, LibreOffice and Google Sheets may read as the beginning of a formula. A quote in front
# of one is doubled, so that guard and unguard undo each other exactly.
_RISKY = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def guard(cell: str) -> str:
    """The cell with a ``'`` in front if a spreadsheet might calculate it."""
    return f"'{cell}" if _RISKY.match(cell) else cell


def unguard(cell: str) -> str:
    """The cell as it was before ``guard``."""
    return cell[1:] if cell[:1] == "'" and _GUARDED.match(cell) else cell
