"""Makes and reads the opaque tokens that stand for a delivery in public places.

A token is one 16-byte block: delivery id (8), purpose (1), zeros (7), encrypted with AES-256. A
forged block shows the right nine bytes with probability 2^-64 or so, so it is refused without a
look-up, and nothing sequential shows.
"""

import hmac
from base64 import b32decode, b32encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

KEY_BYTES: Final = 32
TOKEN_BYTES: Final = 16
URL_CHARACTERS: Final = 22
LOCAL_PART_CHARACTERS: Final = 26
_ID_BYTES: Final = 8
_MAX_ID: Final = 2**63 - 1  # what a signed 64-bit column holds


class Purpose(IntEnum):
    """What a token lets its bearer do; a token for one purpose is nothing for another."""

    OPEN = 1
    CLICK = 2
    UNSUBSCRIBE = 3
    VERP = 4
    CONFIRM = 5
    MESSAGE_ID = 6


class IdOutOfRange(ValueError):
    """An id that no row can have."""

    def __init__(self, identifier: int) -> None:
        super().__init__(f"{identifier} is not a delivery id (0 to 2^63 - 1)")
        self.identifier = identifier


def _cipher(key: bytes) -> Cipher[ECB]:
    # ECB is right here: every block is one whole message and no two of one purpose are equal.
    return Cipher(AES(key), ECB())  # noqa: S305


def _tail(purpose: Purpose) -> bytes:
    return bytes([purpose]) + bytes(TOKEN_BYTES - _ID_BYTES - 1)


def seal(key: bytes, purpose: Purpose, ids: Sequence[int]) -> list[bytes]:
    """A 16-byte token for each delivery id; the whole batch in one encryption. Key: 32 bytes."""
    for identifier in ids:
        if not 0 <= identifier <= _MAX_ID:
            raise IdOutOfRange(identifier)
    tail = _tail(purpose)
    plain = b"".join([identifier.to_bytes(_ID_BYTES, "big") + tail for identifier in ids])
    sealed = _cipher(key).encryptor().update(plain)
    return [sealed[at : at + TOKEN_BYTES] for at in range(0, len(sealed), TOKEN_BYTES)]


def unseal(key: bytes, purpose: Purpose, token: bytes) -> int | None:
    """The delivery id in a token, or None if the token was not made for this purpose and key."""
    if len(token) != TOKEN_BYTES:
        return None
    plain = _cipher(key).decryptor().update(token)
    identifier = int.from_bytes(plain[:_ID_BYTES], "big")
    genuine = hmac.compare_digest(plain[_ID_BYTES:], _tail(purpose)) and identifier <= _MAX_ID
    return identifier if genuine else None


def to_url_text(token: bytes) -> str:
    """22 characters of base64url, for a path in a URL."""
    return urlsafe_b64encode(token).decode("ascii").rstrip("=")


def from_url_text(text: str) -> bytes | None:
    """The token in its URL form; None for anything else, other spellings of the same bits too."""
    if len(text) != URL_CHARACTERS or not text.isascii():
        return None
    try:
        token = urlsafe_b64decode(text + "==")
    except ValueError:
        return None
    return token if to_url_text(token) == text else None


def to_local_part(token: bytes) -> str:
    """26 characters of lower-case base32, for a mail address, whose case relays may change."""
    return b32encode(token).decode("ascii").rstrip("=").lower()


def from_local_part(text: str) -> bytes | None:
    """The token in its address form, in any case; None for anything else."""
    if len(text) != LOCAL_PART_CHARACTERS or not text.isascii():
        return None
    try:
        token = b32decode(text.upper() + "======")
    except ValueError:
        return None
    return token if to_local_part(token) == text.lower() else None
