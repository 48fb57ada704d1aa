"""Secrets at rest: AES-256-GCM under the installation's key, bound to what they belong to."""

import base64
import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_NONCE_BYTES = 12


class SecretUnreadable(Exception):
    """A stored secret does not open: another key is set, or the row was moved or altered."""


def lock(secret: str, belongs_to: str) -> str:
    """Text to store for a secret: ``key-id:base64``. The owner's id is associated data."""
    key_id, cipher = _cipher()
    nonce = os.urandom(_NONCE_BYTES)
    sealed = nonce + cipher.encrypt(nonce, secret.encode(), belongs_to.encode())
    return f"{key_id}:{base64.b64encode(sealed).decode()}"


def unlock(stored: str, belongs_to: str) -> str:
    """The secret again, or :class:`SecretUnreadable`."""
    key_id, cipher = _cipher()
    stored_under, _, text = stored.partition(":")
    if stored_under != key_id:
        raise SecretUnreadable(
            f"The secret was stored under key {stored_under}, but POSTHOUSE_ENCRYPTION_KEY is "
            f"key {key_id}. Set the key it was stored under, or enter the secret again."
        )
    try:
        sealed = base64.b64decode(text)
        plain = cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], belongs_to.encode())
    except (InvalidTag, ValueError) as error:
        raise SecretUnreadable("The stored secret was altered. Enter it again.") from error
    return plain.decode()


def _cipher() -> tuple[str, AESGCM]:
    """The key's id (8 hex digits that tell nothing of the key) and its cipher."""
    key = hashlib.sha256(b"posthouse vault" + settings.ENCRYPTION_KEY.encode()).digest()
    return hashlib.sha256(b"id" + key).hexdigest()[:8], AESGCM(key)
