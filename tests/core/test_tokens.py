"""Public tokens: they say nothing, and nobody can make one."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.core.tokens import (
    IdOutOfRange,
    Purpose,
    from_local_part,
    from_url_text,
    seal,
    to_local_part,
    to_url_text,
    unseal,
)

KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))


@given(
    st.lists(st.integers(0, 2**63 - 1), max_size=20),
    st.sampled_from(Purpose),
    st.binary(min_size=32, max_size=32),
)
@settings(deadline=None)
def test_a_batch_is_sealed_and_each_token_gives_its_id_back(
    ids: list[int], purpose: Purpose, key: bytes
) -> None:
    tokens = seal(key, purpose, ids)
    assert [unseal(key, purpose, token) for token in tokens] == ids
    for token in tokens:
        assert from_url_text(to_url_text(token)) == token
        assert from_local_part(to_local_part(token)) == token
        assert from_local_part(to_local_part(token).upper()) == token


@pytest.mark.parametrize("made_for", Purpose)
@pytest.mark.parametrize("used_for", Purpose)
def test_a_token_is_good_for_its_purpose_alone(made_for: Purpose, used_for: Purpose) -> None:
    [token] = seal(KEY, made_for, [42])
    assert unseal(KEY, used_for, token) == (42 if made_for is used_for else None)
    assert unseal(OTHER_KEY, used_for, token) is None


def test_neighbouring_ids_and_purposes_look_unrelated() -> None:
    tokens = [token for purpose in Purpose for token in seal(KEY, purpose, range(100))]
    assert len(set(tokens)) == len(tokens)
    assert len({token[:4] for token in tokens}) == len(tokens)


def test_ten_thousand_guesses_find_nothing() -> None:
    guesses = random.Random(7)
    assert not any(
        unseal(KEY, Purpose.CLICK, guesses.randbytes(16)) is not None for _ in range(10_000)
    )


def test_one_changed_bit_spoils_a_token() -> None:
    [token] = seal(KEY, Purpose.UNSUBSCRIBE, [1])
    for bit in range(128):
        changed = (int.from_bytes(token, "big") ^ (1 << bit)).to_bytes(16, "big")
        assert unseal(KEY, Purpose.UNSUBSCRIBE, changed) is None


@pytest.mark.parametrize("identifier", [-1, 2**63, 2**64])
def test_an_id_that_no_row_has_is_not_sealed(identifier: int) -> None:
    with pytest.raises(IdOutOfRange):
        seal(KEY, Purpose.OPEN, [identifier])


def test_a_token_has_one_spelling() -> None:
    """The last character carries bits that mean nothing; only one value of them is accepted."""
    [token] = seal(KEY, Purpose.OPEN, [5])
    url, local = to_url_text(token), to_local_part(token)
    assert len(url) == 22
    assert len(local) == 26
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert sum(from_url_text(url[:-1] + last) is not None for last in alphabet) == 4
    assert sum(from_local_part(local[:-1] + last) is not None for last in "abcdefghij234567") < 16


@given(st.text(max_size=30) | st.text("abcdefgh234567-_=", min_size=20, max_size=28))
@settings(deadline=None)
def test_any_text_is_a_token_or_nothing(text: str) -> None:
    for read in (from_url_text, from_local_part):
        token = read(text)
        assert token is None or len(token) == 16


@pytest.mark.parametrize("token", [b"", b"short", bytes(17)])
def test_bytes_of_another_length_are_no_token(token: bytes) -> None:
    assert unseal(KEY, Purpose.OPEN, token) is None
