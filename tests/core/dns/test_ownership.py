"""The ownership token belongs to one account, one name and one random label."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.dns.ownership import LABEL_ENTROPY, ownership_hash, random_label

KEY = b"k" * 32


def token(key: bytes = KEY, account: int = 7, domain: str = "example.com", at: str = "ab") -> str:
    return ownership_hash(key, account_id=account, domain=domain, random=at)


def test_the_token_is_base64_and_repeatable() -> None:
    assert token() == token()
    assert len(base64.b64decode(token(), validate=True)) == 32


def test_each_part_changes_the_token() -> None:
    tokens = {
        token(),
        token(key=b"j" * 32),
        token(account=8),
        token(domain="example.org"),
        token(at="ba"),
        # The same letters, cut elsewhere.
        token(domain="example.coma", at="b"),
    }
    assert len(tokens) == 6


@given(st.binary(min_size=LABEL_ENTROPY, max_size=16))
def test_labels_are_ten_characters_that_dns_keeps(entropy: bytes) -> None:
    label = random_label(entropy)
    assert len(label) == 10
    assert label.isalnum()
    assert label == label.lower()


def test_too_little_entropy_is_refused() -> None:
    with pytest.raises(ValueError, match="7 octets"):
        random_label(b"abc")
