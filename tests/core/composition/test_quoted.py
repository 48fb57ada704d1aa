"""Quoted-printable pieces that fit together wherever they are joined."""

import quopri
import re

from dkim.canonicalization import Relaxed
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.core.composition.escaping import clean_content, clean_value
from posthouse.core.composition.quoted import quote
from posthouse.core.composition.wire import flaws
from tests.core.composition.hostile import KNOWN, VALUES

EDGES = ["\n", " ", "  ", ".", "From ", "=", "a" * 75, "a" * 76, "é" * 30]
PIECES = st.lists(
    VALUES.map(clean_content) | st.sampled_from(EDGES) | st.text("aF. =é\n", max_size=200),
    max_size=8,
)


@given(PIECES)
@settings(max_examples=120, deadline=None)
def test_joined_pieces_say_what_was_put_in_and_break_no_rule(pieces: list[str]) -> None:
    whole = b"".join(map(quote, pieces)) + quote("\n")
    assert quopri.decodestring(whole.replace(b"\r\n", b"\n")).decode() == "".join(pieces) + "\n"
    lines = whole.removesuffix(b"\r\n").split(b"\r\n")
    assert max(map(len, lines)) <= 76
    assert not flaws(whole)
    assert not any(re.match(rb"[.F]|.*[ \t]$|.*[ \t]{2}|.*=_", line) for line in lines)


@given(PIECES)
@settings(max_examples=60, deadline=None)
def test_a_part_is_its_own_relaxed_canonical_form(pieces: list[str]) -> None:
    whole = b"".join(map(quote, pieces)) + quote("\nend\n")
    assert Relaxed.canonicalize_body(whole) == whole


def test_a_piece_ends_in_column_0() -> None:
    assert quote("") == b""
    assert quote("Anna") == b"Anna=\r\n"
    assert quote("Anna\n") == b"Anna\r\n"
    assert quote(".") == b"=2E=\r\n"


def test_clean_values_are_one_line_and_clean_content_keeps_its_lines() -> None:
    for value in KNOWN:
        assert len(clean_value(value).splitlines()) <= 1
    assert clean_content("a\r\nb\rc\td\x00e\ud800") == "a\nb\nc\td e\ufffd"
