"""The sample newsletter and the sample subscribers: real enough to test with."""

import csv
import re
import unicodedata
from pathlib import Path

import pytest

from posthouse.core.addresses import AddressRefused, bulk_address, comparison_key
from posthouse.core.composition.compile import compile_message
from posthouse.core.composition.content import Content, Recipient, Rendered
from posthouse.core.composition.merge import check, missing_fields
from posthouse.core.composition.render import render_batch
from posthouse.core.composition.wire import flaws
from posthouse.demo.newsletter import HTML, PREHEADER, SUBJECT
from posthouse.demo.people import BAD_ADDRESSES
from posthouse.demo.samples import COLUMNS, write_subscribers_csv
from tests.core.composition.hostile import NOW, SENDER, defects, part, read

NEWSLETTER = Content(SUBJECT, HTML, None, PREHEADER)
SCRIPTS = ["LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "CJK", "DEVANAGARI", "THAI", "HANGUL"]


def scripts(text: str) -> set[str]:
    letters = set(filter(str.isalpha, text))
    return {unicodedata.name(letter).split(" ")[0] for letter in letters}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_newsletter_is_like_real_ones() -> None:
    assert 40_000 <= len(HTML.encode()) <= 60_000
    assert len(set(re.findall(r'<a href="(https://[^"]+)"', HTML))) >= 12
    assert HTML.count("<img ") == HTML.count(' alt="') == 15
    assert HTML.count("<table") == HTML.count("</table>") > 12
    assert "prefers-color-scheme: dark" in HTML
    assert set(SCRIPTS) <= scripts(HTML)
    assert check(HTML, html=True) == check(SUBJECT) == check(PREHEADER) == []
    assert missing_fields(NEWSLETTER, COLUMNS) == []
    assert not re.search(r"https?://(?![a-z]+\.example\.com/|www\.w3\.org)", HTML)


def test_the_newsletter_reaches_every_sample_person(tmp_path: Path) -> None:
    write_subscribers_csv(tmp_path / "people.csv", 300, seed=3, bad_rows=0)
    message = compile_message(NEWSLETTER, SENDER)
    people = [
        Recipient(str(bulk_address(row["email"])), row, f"id{number}")
        for number, row in enumerate(rows(tmp_path / "people.csv"))
    ]
    for person, rendered in zip(people, render_batch(message, people, date=NOW), strict=True):
        assert isinstance(rendered, Rendered)
        assert not flaws(rendered.content)
        assert max(map(len, rendered.body.split(b"\r\n"))) <= 76
        if int(person.message_id_token[2:]) % 10 == 0:  # the parser takes 30 ms for each
            read_back = read(rendered)
            assert not defects(read_back)
            assert person.fields["email"] in part(read_back, "plain")
            assert "{{" not in part(read_back, "html").replace("{{ first_name }}", "")


def test_the_same_seed_makes_the_same_file(tmp_path: Path) -> None:
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        write_subscribers_csv(tmp_path / name, 500, seed=seed)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() != (tmp_path / "c").read_bytes()


def test_a_file_has_people_duplicates_and_bad_rows(tmp_path: Path) -> None:
    sample = write_subscribers_csv(tmp_path / "people.csv", 10_000, seed=1, bad_rows=20)
    assert (sample.people, sample.duplicates, sample.bad) == (10_000, 100, 20)
    keys, refused = [], []
    for row in rows(tmp_path / "people.csv"):
        try:
            keys.append(comparison_key(bulk_address(row["email"])))
        except AddressRefused:
            refused.append(row["email"])
    assert len(keys) == 10_100
    assert len(set(keys)) == 10_000
    assert sorted(set(refused)) == sorted(set(BAD_ADDRESSES))
    assert all(re.search(r"@[^@]+\.example\.(com|net|org)$", address) for address in keys)


def test_names_come_in_many_scripts_and_with_all_signs(tmp_path: Path) -> None:
    write_subscribers_csv(tmp_path / "people.csv", 2_000, seed=1)
    names = " ".join(
        f"{row['first_name']} {row['last_name']}" for row in rows(tmp_path / "people.csv")
    )
    assert set(SCRIPTS) <= scripts(names)
    assert all(sign in names for sign in ("🌸", '"', ",", "<b>", "{{", "\n", "=?utf-8?q?"))


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_every_bad_address_is_refused(address: str) -> None:
    with pytest.raises(AddressRefused):
        bulk_address(address)


def test_an_empty_file_has_its_heading(tmp_path: Path) -> None:
    sample = write_subscribers_csv(tmp_path / "people.csv", 0, seed=1, bad_rows=0)
    assert sample.people == sample.duplicates == 0
    assert (tmp_path / "people.csv").read_text("utf-8").strip() == ",".join(COLUMNS)
