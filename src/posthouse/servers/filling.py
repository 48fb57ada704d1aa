"""Puts values into a delivery server's row, or says all that is wrong with them at once."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

from posthouse.accounts import audit, vault
from posthouse.servers import validation
from posthouse.servers.dns import DOMAIN_FIELDS
from posthouse.servers.models import DeliveryServer

Values = dict[str, Any]


def fill(
    server: DeliveryServer, values: Mapping[str, Any], password: str = ""
) -> tuple[Values, Values]:
    """Changes the row, which is not saved, and returns what differs (before, after).

    Raises ValidationError with a sentence for each field. Without authentication neither user
    name nor password is kept. A new connection makes the server an untested one.
    """
    implied = validation.IMPLIED.get(values.get("kind", server.kind), {})
    kept, wrong = validation.cleaned({**values, **implied})
    if not kept.get("authentication", server.authentication):
        kept["username"] = password = server.password_sealed = ""
    before, after = audit.changes(server, kept)
    for name, value in kept.items():
        setattr(server, name, value)
    wrong |= _wrong_password(password) | _wrong_together(server, set(wrong))
    if wrong:
        raise ValidationError(wrong)
    if password:
        seal(server, password)
        after["password"] = "set"  # noqa: S105 - the word, for the audit trail
    if set(after) & validation.CONNECTION_FIELDS:
        forget_test(server)
    if set(after) & set(DOMAIN_FIELDS):
        server.dns_findings, server.dns_checked_at = [], None
    return before, after


def fingerprint(server: DeliveryServer) -> str:
    """The same while nobody changes anything that a person can set, the password included."""
    values = [getattr(server, name) for name in sorted(validation.RULES)]
    text = json.dumps([*values, server.password_sealed], default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def seal(server: DeliveryServer, password: str) -> None:
    """Keeps the password for this server alone; "" removes it."""
    server.password_sealed = vault.lock(password, server.public_id) if password else ""


def forget_test(server: DeliveryServer) -> None:
    """What the last test found says nothing any more."""
    server.test_state, server.tested_at = server.TestState.NEVER, None
    server.test_steps, server.test_conversation = [], []


def _wrong_password(password: str) -> dict[str, str]:
    try:
        validation.password(password)
    except validation.Unfit as unfit:
        return {"password": str(unfit)}
    return {}


def _wrong_together(server: DeliveryServer, known: set[str]) -> Values:
    """What the row as a whole breaks, for fields that have no error of their own yet."""
    wrong: Values = {}
    try:
        server.full_clean(exclude=known | {"password_sealed"})
    except ValidationError as refused:
        wrong |= refused.message_dict
    wrong |= validation.contradictions(server, can_sign=bool(settings.DKIM_PRIVATE_KEY))
    return {name: sentence for name, sentence in wrong.items() if name not in known}
