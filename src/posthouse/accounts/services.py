"""The verbs on groups, accounts, people and API keys."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from posthouse.accounts import access, audit
from posthouse.accounts.actors import Actor
from posthouse.accounts.models import Account, ApiKey, Membership, Role, User, UserGroup
from posthouse.accounts.permissions import demand

Row = TypeVar("Row", UserGroup, Account)

GROUP_FIELDS = (
    "name",
    "sender_domain_management",
    "campaign_dns_template",
    "sender_domains_limit",
)
ACCOUNT_FIELDS = ("name", "group", "status", "time_zone")


@transaction.atomic
def create_group(actor: Actor, **values: Any) -> UserGroup:
    """A new user group; ``values`` are GROUP_FIELDS."""
    group = UserGroup(**values)
    _check(group)
    group.save()
    audit.record(actor, "group.create", group, after=audit.changes(UserGroup(), values)[1])
    return group


@transaction.atomic
def change_group(actor: Actor, group: UserGroup, **values: Any) -> UserGroup:
    """Changes the named fields and leaves the others as they are."""
    return _change(actor, "group.change", group, values)


@transaction.atomic
def create_account(actor: Actor, *, name: str, group: UserGroup, time_zone: str = "UTC") -> Account:
    """A new account in a group, with a slug made from its name."""
    account = Account(name=name, group=group, time_zone=time_zone, slug=_free_slug(name))
    _check(account)
    account.save()
    audit.record(actor, "account.create", account, account=account, after={"group": group.name})
    return account


@transaction.atomic
def change_account(actor: Actor, account: Account, **values: Any) -> Account:
    """Changes the named ACCOUNT_FIELDS and leaves the others as they are."""
    return _change(actor, "account.change", account, values, account=account)


@transaction.atomic
def create_user(
    actor: Actor, *, email: str, name: str = "", password: str | None, is_operator: bool = False
) -> User:
    """A person who can sign in; without a password they set one by the reset link."""
    user = User(email=email.strip().lower(), name=name, is_operator=is_operator)
    user.set_password(password) if password else user.set_unusable_password()
    _check(user)
    user.save()
    audit.record(actor, "user.create", user, after={"operator": is_operator})
    return user


@transaction.atomic
def add_member(actor: Actor, account: Account, user: User, role: Role) -> Membership:
    """Gives a person a role in an account, or another role than before."""
    demand(actor, "own")
    membership, _ = Membership.objects.update_or_create(
        account=account, user=user, defaults={"role": role}
    )
    audit.record(actor, "member.add", membership, account=account, after={"role": role})
    return membership


@transaction.atomic
def create_api_key(
    actor: Actor, account: Account, *, name: str, role: Role = Role.MANAGER
) -> tuple[ApiKey, str]:
    """A new key and its text, which is shown once and never again. Owner keys are not made."""
    demand(actor, "own")
    text = f"ph_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        account=account,
        name=name,
        role=Role.MANAGER if role == Role.OWNER else role,
        digest=_digest(text),
        hint=f"{text[:6]}…{text[-4:]}",
        created_by=actor.user,
    )
    _check(key)
    key.save()
    audit.record(actor, "api-key.create", key, account=account, after={"role": key.role})
    return key, text


@transaction.atomic
def revoke_api_key(actor: Actor, key: ApiKey) -> None:
    """The key works no more, from now on."""
    demand(actor, "own")
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
        if key and (key.last_used_at is None or (now - key.last_used_at).total_seconds() > 60):
            ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


def _digest(text: str) -> str:
    """SHA-256 is enough for 256 random bits; slow hashes are for words that people choose."""
    return hashlib.sha256(text.encode()).hexdigest()


def _check(row: UserGroup | Account | User | ApiKey) -> None:
    row.full_clean(exclude=["password"])


def _change(
    actor: Actor, verb: str, row: Row, values: Mapping[str, Any], account: Account | None = None
) -> Row:
    before, after = audit.changes(row, values)
    for name, value in values.items():
        setattr(row, name, value)
    _check(row)
    row.save()
    if after:
        audit.record(actor, verb, row, account=account, before=before, after=after)
    return row


def _free_slug(name: str) -> str:
    wanted = slugify(name)[:50] or "account"
    taken = set(Account.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    if wanted not in taken:
        return wanted
    for number in range(2, 10_000):
        if (slug := f"{wanted}-{number}") not in taken:
            return slug
    raise ValidationError({"name": f"Ten thousand accounts are called {name!r}; choose another."})
