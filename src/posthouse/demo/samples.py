"""Writes a CSV file of invented subscribers, the same for the same seed, with all that lists have.

Names in many scripts, quotes, commas and line breaks, duplicates in another case, and rows that an
import has to refuse. All addresses are under the names that RFC 2606 keeps for examples.
"""

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from posthouse.demo.people import AWKWARD, BAD_ADDRESSES, PEOPLE

COLUMNS: Final = ("email", "first_name", "last_name", "city", "birthday", "plan")
PLANS: Final = ("free", "reader", "silver", "gold")
_DOMAINS: Final = (
    "mail.example.com", "post.example.net", "people.example.org", "inbox.example.com",
    "university.example.org", "works.example.net", "bücher.example.org", "MAIL.Example.com",
)  # fmt: skip
_PEOPLE_FOR_ONE_DUPLICATE: Final = 100
_PEOPLE_FOR_ONE_AWKWARD: Final = 25

Row = tuple[str, str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Sample:
    """How many rows of each kind a file holds; `people` differ from each other."""

    people: int
    duplicates: int
    bad: int


def _name(dice: random.Random, number: int) -> tuple[str, str, str]:
    """First name, last name and city of one invented person."""
    first, last, city = (dice.choice(words.split(" ")) for words in dice.choice(PEOPLE))
    if number % _PEOPLE_FOR_ONE_AWKWARD == _PEOPLE_FOR_ONE_AWKWARD - 1:
        first, last = AWKWARD[number // _PEOPLE_FOR_ONE_AWKWARD % len(AWKWARD)]
    return first, last, city.replace("_", " ")


def _row(dice: random.Random, number: int) -> Row:
    first, last, city = _name(dice, number)
    # The number makes the address the person's own, whatever the name is written in.
    word = "".join(letter for letter in first.lower() if letter.isascii() and letter.isalpha())
    address = f"{word[:12] or 'reader'}{dice.choice('._-+')}{number}@{dice.choice(_DOMAINS)}"
    birthday = f"{dice.randint(1940, 2008)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"
    return address, first, last, city, dice.choice((birthday, birthday, "")), dice.choice(PLANS)


def _in_another_case(dice: random.Random, row: Row) -> Row:
    return (dice.choice((row[0].upper(), row[0].title())), *row[1:])


def _rows(dice: random.Random, sample: Sample) -> Iterator[Row]:
    """The people, with the duplicates and the bad rows spread among them."""
    people = [_row(dice, number) for number in range(sample.people)]
    rows = list(people)
    for number in range(sample.bad):
        bad = (BAD_ADDRESSES[number % len(BAD_ADDRESSES)], *_row(dice, number)[1:])
        rows.insert(dice.randint(0, len(rows)), bad)
    yield from rows
    for _ in range(sample.duplicates):
        yield _in_another_case(dice, dice.choice(people))


def write_subscribers_csv(
    path: Path, count: int, seed: int, *, bad_rows: int = 12, duplicates: int | None = None
) -> Sample:
    """Writes `count` different people, some of them twice (one in a hundred), and bad rows.

    Duplicates and bad rows come on top of `count`. UTF-8, CRLF, a heading of `COLUMNS`.
    """
    if duplicates is None:
        duplicates = count // _PEOPLE_FOR_ONE_DUPLICATE
    sample = Sample(count, duplicates if count else 0, bad_rows)
    dice = random.Random(seed)  # noqa: S311  (the same file for the same seed is the point)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_rows(dice, sample))
    return sample
