"""Says what the columns of a file mean: which holds the address, which fields the others fill."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.text import slugify

from posthouse.audience.errors import FileRefused

LONGEST_LABEL: Final = 60
LONGEST_KEY: Final = 40
MOST_FIELDS: Final = 100  # custom fields of an account, and columns of a file

# Merge fields with a meaning of their own, which a custom field must not hide.
RESERVED_KEYS: Final = frozenset({"email", "list", "account", "unsubscribe", "unsubscribe_url"})
KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")

# Letters and digits only, in lower case, as `_bare` makes them.
_EMAIL_NAMES: Final = frozenset(
    """
    email emails emailaddress emailaddresses emailaddr mail mailaddress emailid emailadress
    email1value primaryemail workemail useremail contactemail subscriberemail youremail
    emailadresse mailadresse epost epostadresse adresseemail adressemail courriel mél
    correo correoelectronico correoelectrónico indirizzoemail postaelettronica endereçodeemail
    emailcím adresemail почта электроннаяпочта элпочта メールアドレス メール 电子邮件 邮箱
    """.split()  # noqa: SIM905 (forty quoted words are harder to read)
)
# The column that our own file of rejected rows adds.
_OWN_COLUMN: Final = "reason"

# What can be chosen for a column besides the key of a field.
LEAVE_OUT: Final = "-"
NEW_FIELD: Final = "+"


class TwoForOne(ValueError):
    """Two columns were chosen to fill one field; ``index`` is the second one's."""

    def __init__(self, index: int, first: str, label: str) -> None:
        super().__init__(f"“{first}” fills {label} already; choose one column for it.")
        self.index = index


@dataclass(frozen=True, slots=True)
class Field:
    """A custom field of the account: its key, label and kind."""

    key: str
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class Column:
    """What becomes of one column, counted from 0; a ``field`` of None: it is left out."""

    index: int
    header: str
    field: Field | None
    is_new: bool = False


def find_email(headers: Sequence[str]) -> int | None:
    """The first column whose name is one of the usual ones for an address."""
    return next((i for i, name in enumerate(headers) if _bare(name) in _EMAIL_NAMES), None)


def demand_email(headers: Sequence[str]) -> int:
    """As ``find_email``; raises FileRefused when there is none."""
    found = find_email(headers)
    if found is not None:
        return found
    names = ", ".join(f"“{name}”" for name in headers[:20] if name) or "without names"
    more = f" and {len(headers) - 20} more" if len(headers) > 20 else ""
    advice = "Call the column with the addresses “email” and try again."
    if any(re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", name) for name in headers):
        advice = "The first line must hold the names of the columns: put such a line above it."
    raise FileRefused(f"There is no e-mail column; the columns are {names}{more}. {advice}")


def map_columns(headers: Sequence[str], email: int, known: Iterable[Field]) -> list[Column]:
    """Every column but the address's, with the known field that it fills or a new one."""
    unused = {field.key: field for field in known}
    taken = set(unused) | RESERVED_KEYS
    columns = []
    for index, header in enumerate(headers):
        if index == email:
            continue
        last = index == len(headers) - 1
        if not header or (last and header.lower() == _OWN_COLUMN):
            columns.append(Column(index, header, None))
        elif field := _known(header, unused):
            del unused[field.key]
            columns.append(Column(index, header, field))
        else:
            key = _free_key(header, index, taken)
            taken.add(key)
            columns.append(Column(index, header, Field(key, _label(header, index), "text"), True))
    return columns


def choose(
    columns: Sequence[Column], known: Iterable[Field], choices: Mapping[int, str]
) -> list[Column]:
    """The columns as a person chose, by column number: LEAVE_OUT, NEW_FIELD or a field's key.

    Columns that nothing was chosen for stay as they are. Raises TwoForOne or KeyError.
    """
    by_key = {field.key: field for field in known}
    chosen = [_chosen(column, choices.get(column.index), by_key, columns) for column in columns]
    filled: dict[str, str] = {}
    for column in chosen:
        if column.field is None:
            continue
        if first := filled.get(column.field.key):
            raise TwoForOne(column.index, first, column.field.label)
        filled[column.field.key] = column.header
    return chosen


def suggest_key(name: str) -> str:
    """``First name`` as ``first_name``; "" where nothing of the name can stand in a key."""
    key = slugify(name).replace("-", "_").strip("_")[:LONGEST_KEY].strip("_")
    return f"f_{key}"[:LONGEST_KEY] if key[:1].isdigit() else key


def _chosen(
    column: Column, choice: str | None, known: Mapping[str, Field], all_columns: Sequence[Column]
) -> Column:
    if choice is None or (choice == NEW_FIELD and column.is_new):
        return column
    if choice == LEAVE_OUT:
        return Column(column.index, column.header, None)
    if choice != NEW_FIELD:
        return Column(column.index, column.header, known[choice])
    taken = RESERVED_KEYS | set(known) | {c.field.key for c in all_columns if c.field}
    key = _free_key(column.header, column.index, taken)
    field = Field(key, _label(column.header, column.index), "text")
    return Column(column.index, column.header, field, is_new=True)


def _known(header: str, fields: dict[str, Field]) -> Field | None:
    if field := fields.get(suggest_key(header)):
        return field
    wanted = header.casefold()
    return next((field for field in fields.values() if field.label.casefold() == wanted), None)


def _label(header: str, index: int) -> str:
    """The column's name; one written like a key, ``first_name``, becomes ``First name``."""
    words = header.replace("_", " ").capitalize() if KEY.fullmatch(header) else header
    return words[:LONGEST_LABEL] or f"Column {index + 1}"


def _free_key(header: str, index: int, taken: Collection[str]) -> str:
    stem = suggest_key(header) or f"column_{index + 1}"
    keys = [stem, *(f"{stem[: LONGEST_KEY - 4]}_{number}" for number in range(2, 1_000))]
    return next(key for key in keys if key not in taken)


def _bare(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())
