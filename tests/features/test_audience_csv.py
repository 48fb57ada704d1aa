"""Reading CSV files: encodings, delimiters, columns, rows that break the rules, hostile files."""

import csv
import io
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.audience import csvfile
from posthouse.audience.columns import (
    LEAVE_OUT,
    NEW_FIELD,
    Field,
    TwoForOne,
    choose,
    find_email,
    map_columns,
)
from posthouse.audience.errors import FileRefused
from posthouse.audience.formulas import guard, unguard
from posthouse.audience.rejects import Rejects


@pytest.fixture
def written(tmp_path: Path) -> "Writer":
    return Writer(tmp_path)


class Writer:
    """Writes files and reads them as an import does."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "people.csv"

    def __call__(self, content: str | bytes) -> Path:
        self.path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.path

    def rows(self, content: str | bytes) -> list[csvfile.Row]:
        path = self(content)
        head = csvfile.read_head(path)
        csvfile.check_encoding(path, head.encoding)
        with csvfile.rows_of(path, head) as rows:
            return list(rows)

    def refusal(self, content: str | bytes) -> str:
        with pytest.raises(FileRefused) as refused:
            self.rows(content)
        return str(refused.value)


# --- encodings -----------------------------------------------------------------------------------
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_text_in_any_unicode_encoding_is_read(written: Writer, encoding: str) -> None:
    rows = written.rows("email,name\nanna@example.com,Ärnä 王\n".encode(encoding))

    assert [row.values for row in rows] == [["anna@example.com", "Ärnä 王"]]


def test_big_endian_utf16_with_its_mark_is_read(written: Writer) -> None:
    rows = written.rows(b"\xfe\xff" + "email\nanna@example.com\n".encode("utf-16-be"))

    assert [row.values for row in rows] == [["anna@example.com"]]


def test_latin1_is_refused_with_its_line_and_what_to_do(written: Writer) -> None:
    said = written.refusal("email,name\na@example.com,Anna\nb@example.com,Jörg\n".encode("latin-1"))

    assert said.startswith("Line 3 is not UTF-8 text (byte F6).")
    assert "CSV UTF-8" in said
    assert said.endswith("Nothing was imported.")


def test_latin1_far_down_is_refused_with_its_line(written: Writer) -> None:
    good = "".join(f"person{n}@example.com,x\n" for n in range(90_000))  # several chunks
    said = written.refusal(f"email,name\n{good}b@example.com,é\n".encode("latin-1"))

    assert said.startswith("Line 90,002 is not UTF-8 text (byte E9).")


def test_latin1_in_the_column_names_is_refused(written: Writer) -> None:
    assert "Line 1 is not UTF-8" in written.refusal(
        "email,größe\na@example.com,1\n".encode("latin-1")
    )


@pytest.mark.parametrize(
    ("start", "word"),
    [(b"PK\x03\x04", "Excel workbook"), (b"\x1f\x8b\x08", "compressed"), (b"%PDF-1.7", "PDF")],
)
def test_files_that_are_no_text_are_named_for_what_they_are(
    written: Writer, start: bytes, word: str
) -> None:
    assert word in written.refusal(start + b"\x00" * 50)


def test_utf16_without_its_mark_is_refused(written: Writer) -> None:
    assert "zero bytes" in written.refusal("email\na@example.com\n".encode("utf-16-le"))


# --- columns -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "name",
    ["email", "E-Mail", "Email Address", "e-mail-adresse", " EMAIL ", "E-mail 1 - Value", "Mail",
     "Adresse e-mail", "Correo electrónico", "Электронная почта", "email_address"],
)  # fmt: skip
def test_the_address_column_is_found_in_many_spellings(name: str) -> None:
    assert find_email(["Name", name, "City"]) == 1


def test_without_an_address_column_the_columns_are_named(written: Writer) -> None:
    said = written.refusal("Name,City\nAnna,Köln\n")

    assert said.startswith("There is no e-mail column; the columns are “Name”, “City”.")
    assert "“email”" in said


def test_a_file_without_a_line_of_names_is_told_so(written: Writer) -> None:
    assert "first line must hold the names" in written.refusal("anna@example.com,Anna\n")


@pytest.mark.parametrize("content", ["", "\n\n", " \n  \n", "\ufeff"])
def test_an_empty_file_is_refused(written: Writer, content: str) -> None:
    assert written.refusal(content).startswith("The file is empty.")


def test_a_file_with_names_only_is_refused(written: Writer) -> None:
    assert "no rows below" in written.refusal("email,name\n")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_seen(written: Writer, delimiter: str) -> None:
    line = delimiter.join(["{}", '"Doe, Jane; x"'])
    rows = written.rows(f"{line.format('email')}\n{line.format('a@example.com')}\n")

    assert rows[0].values == ["a@example.com", "Doe, Jane; x"]


def test_excels_own_delimiter_line_is_obeyed(written: Writer) -> None:
    rows = written.rows("sep=;\r\nemail;name\r\na@example.com;Anna, Eva\r\n")

    assert [(row.line, row.values) for row in rows] == [(3, ["a@example.com", "Anna, Eva"])]


def test_too_many_columns_are_refused(written: Writer) -> None:
    said = written.refusal("email," + ",".join(f"c{n}" for n in range(500)) + "\nx\n")

    assert "501 columns; 102 is the limit" in said


def test_columns_fill_known_fields_and_new_ones_get_keys() -> None:
    known = [Field("first_name", "Given name", "text"), Field("born", "Geburtstag", "date")]
    headers = ["E-mail", "First Name", "geburtstag", "2nd city", "Имя", "", "City", "city", "Email"]

    columns = map_columns(headers, 0, known)

    assert [column.field and column.field.key for column in columns] == [
        "first_name", "born", "f_2nd_city", "column_5", None, "city", "city_2", "email_2",
    ]  # fmt: skip
    assert [column.is_new for column in columns] == [False, False] + [True] * 2 + [False] + [
        True
    ] * 3


def test_our_own_reason_column_is_left_out() -> None:
    columns = map_columns(["email", "reason", "city", "Reason"], 0, [])

    assert [bool(column.field) for column in columns] == [True, True, False]


def test_a_chosen_field_replaces_the_proposal() -> None:
    known = [Field("city", "City", "text"), Field("town", "Town", "text")]
    columns = map_columns(["email", "City", "x", ""], 0, known)

    chosen = choose(columns, known, {1: "town", 2: LEAVE_OUT, 3: NEW_FIELD})

    assert [column.field and column.field.key for column in chosen] == ["town", None, "column_4"]


def test_two_columns_cannot_fill_one_field() -> None:
    known = [Field("city", "City", "text")]
    columns = map_columns(["email", "City", "Town"], 0, known)

    with pytest.raises(TwoForOne, match="“City” fills City already"):
        choose(columns, known, {2: "city"})


# --- rows ----------------------------------------------------------------------------------------
def test_quotes_and_line_ends_within_quotes_are_kept(written: Writer) -> None:
    rows = written.rows(
        'email,note\r\na@example.com,"says ""hi"",\nand more"\r\nb@example.com,x\r\n'
    )

    assert [row.values for row in rows] == [
        ["a@example.com", 'says "hi",\nand more'],
        ["b@example.com", "x"],
    ]
    assert [row.line for row in rows] == [2, 4]


def test_old_line_ends_and_blank_lines_are_no_rows(written: Writer) -> None:
    rows = written.rows("email,name\ra@example.com,A\r\r,\rb@example.com,B\r")

    assert [row.values[0] for row in rows] == ["a@example.com", "b@example.com"]


def test_a_quote_never_closed_costs_its_own_line_only(written: Writer) -> None:
    after = "".join(f"p{n}@example.com,x\n" for n in range(300))
    rows = written.rows(f'email,note\na@example.com,"oops\n{after}')

    assert rows[0].problem.startswith("A quotation mark is opened and not closed")
    assert rows[0].values == ['a@example.com,"oops']
    assert [row.values[0] for row in rows[1:]] == [f"p{n}@example.com" for n in range(300)]
    assert rows[-1].line == 302


def test_an_open_quote_at_the_end_of_the_file_costs_its_own_line_only(written: Writer) -> None:
    rows = written.rows('email,note\na@example.com,"oops\nb@example.com,x')

    assert [bool(row.problem) for row in rows] == [True, False]


def test_text_behind_a_closing_quote_is_a_bad_row(written: Writer) -> None:
    rows = written.rows('email,note\na@example.com,"x"y\nb@example.com,z\n')

    assert [bool(row.problem) for row in rows] == [True, False]


def test_an_overlong_line_is_a_bad_row_and_the_next_is_read(written: Writer) -> None:
    rows = written.rows(f"email,note\na@example.com,{'x' * 500_000}\nb@example.com,z\n")

    assert rows[0].problem == "The line is longer than 65,536 characters."
    assert len(rows[0].values[0]) == 1_000
    assert rows[1].values == ["b@example.com", "z"]


def test_a_quoted_value_over_many_lines_is_bounded(written: Writer) -> None:
    rows = written.rows('email,note\na@example.com,"' + "line\n" * 100_000 + '"\n')

    assert rows[0].problem
    assert rows[0].line == 2


def test_a_huge_single_line_is_refused_in_flat_memory(written: Writer) -> None:
    with written.path.open("wb") as file:
        for _ in range(64):
            file.write(b"x" * 2**20)
    tracemalloc.start()
    try:
        with pytest.raises(FileRefused, match="longer than 65,536"):
            csvfile.read_head(written.path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 8 * 2**20


def test_a_file_of_open_quotes_is_read_once_not_squared(written: Writer) -> None:
    """Every line leaves a quote open, whether one is open before it or not."""
    lines = 30_000
    rows = written.rows("email,note\n" + 'a","x\n' * lines)

    read_again = csvfile.MOST_REPAIRS
    assert all(row.problem for row in rows)
    assert read_again < len(rows) < read_again + lines / (csvfile.MOST_LINES - 1)


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n")),
            min_size=2,
            max_size=2,
        ),
        max_size=20,
    )
)
def test_what_a_spreadsheet_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, cells: list[list[str]]
) -> None:
    written = Writer(tmp_path_factory.getbasetemp())
    text = io.StringIO()
    csv.writer(text).writerows([["email", "a", "b"], *(["x@example.com", *row] for row in cells)])
    text.write("last@example.com,,\n")

    rows = written.rows(text.getvalue())

    assert [row.values[1:] for row in rows[:-1]] == cells


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    written = Writer(tmp_path_factory.getbasetemp())
    with suppress(FileRefused):  # the only way to end early
        for row in written.rows(b"email,name\n" + content):
            assert row.line > 1


# --- formulas, rejected rows ---------------------------------------------------------------------
@pytest.mark.parametrize("cell", ["=1+1", "+49 30", "-5", "@SUM(A1)", "\tx", "\r=x", "'=x", "''+x"])
def test_cells_that_a_spreadsheet_would_calculate_are_guarded(cell: str) -> None:
    assert guard(cell) == f"'{cell}"
    assert unguard(guard(cell)) == cell


@given(st.text())
def test_guarding_is_undone_exactly(cell: str) -> None:
    assert unguard(guard(cell)) == cell
    assert not guard(cell).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_rejected_rows_can_be_read_again(written: Writer, tmp_path: Path) -> None:
    path = tmp_path / "rejected.csv"
    with Rejects(path, ["email", "name"]) as rejects:
        rejects.add(["=cmd@example", "+Anna"], "Line 2: why")
        rejects.add(["b@example"], "Line 3: short")
        rejects.add(["c", "1", "2", "\x00"], "Line 4: long")

    rows = written.rows(path.read_bytes())

    assert [row.values for row in rows] == [
        ["'=cmd@example", "'+Anna", "Line 2: why"],
        ["b@example", "", "Line 3: short"],
        ["c", "1, 2, ", "Line 4: long"],
    ]
