"""The verbs on API keys: made once, shown once, kept as a digest, revoked for good."""

import hashlib
import secrets

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from posthouse.accounts import access, audit
from posthouse.accounts.actors import Actor
from posthouse.accounts.models import Account, ApiKey, Role
from posthouse.accounts.permissions import demand

ROLES = (Role.MANAGER, Role.VIEWER)  # a key never owns an account: it makes no keys and no people
_SECONDS_BETWEEN_NOTES = 60  # of when a key was last used; a write for each request is too many


@transaction.atomic
def create_api_key(
    actor: Actor, account: Account, *, name: str, role: str = Role.MANAGER
) -> tuple[ApiKey, str]:
    """A new key and its text, which is shown once and never again; ``role`` is one of ROLES."""
    demand(actor, "own")
    if role not in ROLES:
        raise ValidationError({"role": "An API key is a manager or a viewer, never an owner."})
    if ApiKey.objects.filter(name=name, revoked_at=None).exists():
        raise ValidationError({"name": "There is a key of this name already. Choose another."})
    text = f"ph_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        account=account,
        name=name,
        role=role,
        digest=_digest(text),
        hint=f"{text[:6]}…{text[-4:]}",
        created_by=actor.user,
    )
    key.full_clean()
    key.save()
    audit.record(actor, "api-key.create", key, account=account, after={"role": key.role})
    return key, text


@transaction.atomic
def revoke_api_key(actor: Actor, key: ApiKey) -> None:
    """The key works no more, from now on; once revoked, it stays so with its first date."""
    demand(actor, "own")
    if key.revoked_at:
        return
    key.revoked_at = timezone.now()
    key.save(update_fields=["revoked_at"])
    audit.record(actor, "api-key.revoke", key, account=key.account)


def key_for(text: str) -> ApiKey | None:
    """The unrevoked key with this text, of an active account; notes when it was used."""
    with access.across_tenants():
        key: ApiKey | None = (
            ApiKey.objects.select_related("account__group")
            .filter(digest=_digest(text), revoked_at=None, account__status=Account.Status.ACTIVE)
            .first()
        )
        now = timezone.now()
        if key and (
            key.last_used_at is None
            or (now - key.last_used_at).total_seconds() > _SECONDS_BETWEEN_NOTES
        ):
            ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


def _digest(text: str) -> str:
    """SHA-256 is enough for 256 random bits; slow hashes are for words that people choose."""
    return hashlib.sha256(text.encode()).hexdigest()
