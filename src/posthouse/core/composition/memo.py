"""Remembers what frequent values were turned into, within a bound."""

from collections.abc import Callable
from typing import Final

MOST_ENTRIES: Final = 1_024


def remembered(make: Callable[[str], bytes], longest: int) -> Callable[[str], bytes]:
    """As `make`, remembering up to 1,024 values of at most `longest` characters.

    A full memo is emptied, which is cheaper than keeping an order of use.
    """
    known: dict[str, bytes] = {}

    def look_up(value: str) -> bytes:
        found = known.get(value)
        if found is None:
            found = make(value)
            if len(value) <= longest:
                if len(known) >= MOST_ENTRIES:
                    known.clear()
                known[value] = found
        return found

    return look_up
