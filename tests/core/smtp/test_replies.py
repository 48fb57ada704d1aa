"""Replies are read whole, in order, within limits, and shown harmlessly."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.smtp.replies import MAX_LINE, MAX_LINES, ReplyReader, explain, readable

CONVERSATION = (
    b"220 a.example ESMTP\r\n"
    b"250-a.example\r\n250-SIZE 100\r\n250 HELP\r\n"
    b"250\r\n"
    b"550-5.1.1 No such\r\n550 5.1.1 user\n"
    b"451 sp\xe4ter\r\n"
)


def test_replies_of_every_form_are_read() -> None:
    assert [(code, raw.rstrip()) for code, raw in ReplyReader().feed(CONVERSATION)] == [
        (220, b"a.example ESMTP"),
        (250, b"a.example\nSIZE 100\nHELP"),
        (250, b""),
        (550, b"5.1.1 No such\n5.1.1 user"),
        (451, b"sp\xe4ter"),
    ]


@given(st.lists(st.integers(0, len(CONVERSATION)), max_size=30))
def test_the_split_does_not_matter(cuts: list[int]) -> None:
    reader = ReplyReader()
    places = [0, *sorted(cuts), len(CONVERSATION)]
    replies = [
        reply for start, end in pairwise(places) for reply in reader.feed(CONVERSATION[start:end])
    ]
    assert replies == ReplyReader().feed(CONVERSATION)


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n",
        b"99 low\r\n",
        b"600 high\r\n",
        b"25\r\n",
        b"2500 long\r\n",
        b"250-one\r\n550 two\r\n",
        b"\r\n",
        b"HTTP/1.1 400 Bad Request\r\n",
        b"250 " + b"x" * MAX_LINE + b"\r\n",
        b"x" * (MAX_LINE + 1),
        b"250-x\r\n" * (MAX_LINES + 1),
    ],
)
def test_what_is_no_reply_stops_the_reader(data: bytes) -> None:
    reader = ReplyReader()
    assert reader.feed(b"220 good\r\n" + data) == [(220, b"good\r")]
    assert reader.broken
    assert reader.feed(b"250 more\r\n") == []


def test_clearing_forgets_what_was_half_received() -> None:
    reader = ReplyReader()
    reader.feed(b"250-injected\r\n250-half a li")
    reader.clear()
    assert reader.feed(b"250 fresh\r\n") == [(250, b"fresh\r")]


@pytest.mark.parametrize(
    ("raw", "enhanced", "text"),
    [
        (b"2.0.0 Ok: queued as 4F\r", "2.0.0", "Ok: queued as 4F"),
        (b"Ok\r", "", "Ok"),
        (b"5.1.1 No such\n5.1.1 user here", "5.1.1", "No such user here"),
        (b"5.7.1", "5.7.1", ""),
        (b"5.1234.1 x", "", "5.1234.1 x"),
        (b"9.1.1 x", "", "9.1.1 x"),
        ("4.2.0 später".encode(), "4.2.0", "später"),
        (b"4.2.0 sp\xe4ter", "4.2.0", "sp�ter"),
        (b"", "", ""),
    ],
)
def test_enhanced_codes_are_told_from_words(raw: bytes, enhanced: str, text: str) -> None:
    assert explain(raw) == (enhanced, text)


@given(st.binary(max_size=3000))
def test_a_strangers_words_are_one_printable_line(raw: bytes) -> None:
    text = readable(raw)
    assert text.isprintable()
    assert len(text) <= 1000


def test_escape_sequences_and_direction_overrides_are_taken_out() -> None:
    assert readable("a\x1b[31mb\u202ec\0d".encode()) == "a [31mb c d"
