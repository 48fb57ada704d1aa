"""Secrets of webhooks: made here, sealed at rest, and what they sign (Standard Webhooks)."""

import base64
import os
from collections.abc import Mapping, Sequence
from datetime import datetime

from standardwebhooks import Webhook

from posthouse.accounts import vault
from posthouse.webhooks.models import Endpoint

_BYTES = 32  # Standard Webhooks asks for 24 to 64


def made() -> str:
    """A new secret as receivers know it: ``whsec_`` and base64."""
    return "whsec_" + base64.b64encode(os.urandom(_BYTES)).decode()


def sealed(endpoint: Endpoint, secret: str) -> str:
    """The secret as it is stored: moved to another row, it does not open."""
    return vault.lock(secret, _owner(endpoint))


def signing(endpoint: Endpoint, now: datetime) -> tuple[str, ...]:
    """The secrets that sign now: the present one, and for a while the one before it.

    Raises :class:`~posthouse.accounts.vault.SecretUnreadable`.
    """
    stored = [endpoint.secret]
    if endpoint.old_secret_until and now < endpoint.old_secret_until:
        stored.append(endpoint.old_secret)
    return tuple(vault.unlock(text, _owner(endpoint)) for text in stored)


def signed_headers(
    secrets: Sequence[str], message_id: str, at: datetime, body: str
) -> Mapping[str, str]:
    """The three headers that prove who calls; one signature for each secret."""
    signatures = [Webhook(secret).sign(message_id, at, body) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _owner(endpoint: Endpoint) -> str:
    return f"webhook {endpoint.account_id} {endpoint.public_id}"
