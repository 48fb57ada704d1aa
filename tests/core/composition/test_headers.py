"""Header lines that say one thing only."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.core.composition.content import UnfitAddress, UnfitHeader
from posthouse.core.composition.headers import (
    HeadersDiffer,
    check_final,
    clean_header,
    encoded_words,
    extra_header,
    field_names,
    mailbox_header,
    safe_address,
    text_header,
)
from tests.core.composition.hostile import KNOWN, VALUES, defects, display_name, read


def lines(header: bytes) -> list[bytes]:
    assert header.endswith(b"\r\n")
    return header.removesuffix(b"\r\n").split(b"\r\n")


@given(VALUES)
@settings(max_examples=80, deadline=None)
def test_a_subject_says_what_it_was_given_and_nothing_else(value: str) -> None:
    header = text_header("Subject", value)
    assert field_names(header) == [b"Subject"]
    assert max(map(len, lines(header))) <= 76
    message = read(header + b"\r\nbody\r\n")
    assert not defects(message)
    assert message["Subject"] == clean_header(value)


@given(VALUES)
@settings(max_examples=80, deadline=None)
def test_a_display_name_says_what_it_was_given_and_nothing_else(value: str) -> None:
    header = mailbox_header("From", "news@mail.example.com", value)
    assert field_names(header) == [b"From"]
    message = read(header + b"\r\nbody\r\n")
    assert not defects(message)
    [sender] = message["From"].addresses
    assert sender.addr_spec == "news@mail.example.com"
    assert display_name(message) == clean_header(value)


@given(VALUES)
@settings(max_examples=80, deadline=None)
def test_any_header_line_stays_within_its_bounds(value: str) -> None:
    for header in (extra_header_or_none(value), mailbox_header("To", "a@example.com", value)):
        if header is not None:
            assert max(map(len, lines(header))) <= 998
            assert header.isascii()
            assert len(field_names(header)) == 1


def extra_header_or_none(value: str) -> bytes | None:
    try:
        return extra_header("X-Note", value)
    except UnfitHeader:
        return None


@pytest.mark.parametrize("text", ["ж" * 200, "a" * 200, "日本語" * 50, "né " * 80, "👩‍👩‍👧‍👦" * 30])
def test_encoded_words_are_short_and_whole(text: str) -> None:
    words = encoded_words(text, taken=9)
    assert len(words[0]) <= 67
    for word in words:
        assert len(word) <= 75
        assert re.fullmatch(r"=\?utf-8\?[bq]\?[!->@-~]+\?=", word)
        read(f"Subject: {word}\r\n\r\n".encode())[
            "Subject"
        ].encode()  # whole characters: no half pairs


def test_a_plain_subject_is_left_readable() -> None:
    assert text_header("Subject", "Your May news") == b"Subject: Your May news\r\n"
    folded = text_header("Subject", "word " * 40)
    assert folded.count(b"\r\n ") == 2
    assert b"=?" not in folded


def test_the_cve_2024_6923_subject_stays_a_subject() -> None:
    header = text_header("Subject", KNOWN[0])
    assert read(header + b"\r\n").keys() == ["Subject"]
    assert read(header + b"\r\n")["Subject"] == KNOWN[0]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Posthouse News", b"From: Posthouse News <a@example.com>\r\n"),
        ("Bell, Anna", b'From: "Bell, Anna" <a@example.com>\r\n'),
        ('the "best" \\', b'From: "the \\"best\\" \\\\" <a@example.com>\r\n'),
        ("Agnès Durand", b"From: =?utf-8?q?Agn=C3=A8s_Durand?= <a@example.com>\r\n"),
    ],
)
def test_a_mailbox_is_written_plainly_where_it_can_be(name: str, written: bytes) -> None:
    assert mailbox_header("From", "a@example.com", name) == written


@pytest.mark.parametrize(
    "address",
    ["", "anna", "a@b@example.com", "a b@example.com", "<a@example.com>", "a@example.com>",
     "a@example.com\r\nBcc: b@example.com", "a@example.com\x00", "ä@example.com",
     "a@bücher.example", '"a"@example.com', "a@example.com,b@example.com", "a@" + "x" * 300],
)  # fmt: skip
def test_an_address_that_could_be_more_than_one_word_is_refused(address: str) -> None:
    with pytest.raises(UnfitAddress):
        safe_address(address)
    with pytest.raises(UnfitAddress):
        mailbox_header("To", address)


def test_a_long_url_stays_in_one_piece() -> None:
    url = "<https://track.example.com/u/" + "x" * 200 + ">"
    header = extra_header("List-Unsubscribe", f"{url}, <mailto:leave@example.com>")
    assert lines(header) == [f"List-Unsubscribe: {url},".encode(), b" <mailto:leave@example.com>"]


@pytest.mark.parametrize(
    "name", ["Bcc", "from", "DKIM-Signature", "X Y", "X:", "", "Ünicode", "X\r\nY"]
)
def test_a_header_that_is_not_the_callers_is_refused(name: str) -> None:
    with pytest.raises(UnfitHeader):
        extra_header(name, "value")


def test_a_word_over_the_line_limit_is_refused() -> None:
    with pytest.raises(UnfitHeader):
        extra_header("X-Note", "x" * 990)


GOOD = b"From: a@example.com\r\nSubject: one\r\n two\r\n"


@pytest.mark.parametrize(
    "headers",
    [
        GOOD + b"Bcc: b@example.com\r\n",
        b"Subject: one\r\nFrom: a@example.com\r\n",
        GOOD + b"no colon here\r\n",
        GOOD + b"\r\nbody\r\n",
        GOOD.replace(b"one", b"o\nne"),
        GOOD.replace(b"one", b"o\rne"),
        GOOD.replace(b"one", b"o\x00ne"),
        GOOD.replace(b"one", b"o\x0bne"),
        GOOD.replace(b"one", "öne".encode()),
    ],
)
def test_a_header_block_that_is_not_the_one_meant_is_noticed(headers: bytes) -> None:
    check_final(GOOD, [b"From", b"Subject"])
    with pytest.raises(HeadersDiffer):
        check_final(headers, [b"From", b"Subject"])


@given(st.text())
@settings(deadline=None)
def test_a_clean_value_is_one_line_and_stays_as_it_is(text: str) -> None:
    cleaned = clean_header(text)
    assert len(cleaned.splitlines()) <= 1
    assert clean_header(cleaned) == cleaned
