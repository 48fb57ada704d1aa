"""The verbs on user groups and accounts; those on people and keys stand beside (people, keys)."""

from collections.abc import Collection, Mapping
from typing import Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from posthouse.accounts import audit, dns_configuration, limits
from posthouse.accounts.actors import Actor
from posthouse.accounts.editing import demand_unchanged
from posthouse.accounts.errors import GroupInUse
from posthouse.accounts.models import Account, Membership, Role, UserGroup
from posthouse.accounts.people import invite_member
from posthouse.accounts.permissions import demand, demand_operator

GROUP_FIELDS = (
    "name",
    "sender_domain_management",
    "campaign_dns_template",
    "gateway_dns_template",
    "sender_domains_limit",
    *limits.FIELDS.values(),
)
OWNERS_FIELDS = frozenset({"name", "time_zone"})  # the others of an account are the operator's
ACCOUNT_FIELDS = (
    "name",
    "group",
    "time_zone",
    "campaign_dns_template",
    "gateway_dns_template",
    "sender_domains_limit",
    *limits.FIELDS.values(),
)


@transaction.atomic
def create_group(actor: Actor, **values: Any) -> UserGroup:
    """A new user group; ``values`` are GROUP_FIELDS."""
    demand_operator(actor)
    group = UserGroup(**values)
    _check_group(group, {"campaign_dns_template", *values})
    group.save()
    audit.record(actor, "group.create", group, after=audit.changes(UserGroup(), values)[1])
    return group


@transaction.atomic
def change_group(actor: Actor, group: UserGroup, *, seen: Any = None, **values: Any) -> UserGroup:
    """Changes the named fields and leaves the others as they are.

    ``seen`` is what the person saw of the fields; if that is no more, it raises EditedMeanwhile.
    """
    demand_operator(actor)
    group.refresh_from_db(from_queryset=UserGroup.objects.select_for_update())
    demand_unchanged(group, seen, GROUP_FIELDS)
    before, after = _set(group, values)
    _check_group(group, after)
    group.save()
    if after:
        audit.record(actor, "group.change", group, before=before, after=after)
    return group


@transaction.atomic
def delete_group(actor: Actor, group: UserGroup) -> None:
    """Removes a group that no account is in, or raises :class:`GroupInUse`."""
    demand_operator(actor)
    UserGroup.objects.select_for_update().get(pk=group.pk)  # nobody moves in meanwhile
    if accounts := list(group.accounts.order_by("name").values_list("name", flat=True)):
        raise GroupInUse(group.name, accounts)
    audit.record(actor, "group.delete", group)
    group.delete()


@transaction.atomic
def create_account(actor: Actor, *, name: str, group: UserGroup, time_zone: str = "UTC") -> Account:
    """A new account in a group, with a slug made from its name."""
    demand_operator(actor)
    account = Account(name=name, group=group, time_zone=time_zone, slug=_free_slug(name))
    _check_account(account, ())
    account.save()
    audit.record(actor, "account.create", account, account=account, after={"group": group.name})
    return account


@transaction.atomic
def open_account(
    actor: Actor, *, owner_email: str, owner_name: str = "", **values: Any
) -> tuple[Account, Membership]:
    """A new account together with its owner, who is invited by mail if they are new here."""
    account = create_account(actor, **values)
    try:
        return account, invite_member(
            actor, account, email=owner_email, name=owner_name, role=Role.OWNER
        )
    except ValidationError as error:
        fields = {f"owner_{field}": texts for field, texts in error.message_dict.items()}
        raise ValidationError(fields) from error


@transaction.atomic
def change_account(actor: Actor, account: Account, *, seen: Any = None, **values: Any) -> Account:
    """Changes the named ACCOUNT_FIELDS; an owner may change name and time zone only.

    ``seen`` is what the person saw of the fields; if that is no more, it raises EditedMeanwhile.
    """
    if set(values) <= OWNERS_FIELDS:
        demand(actor, "own")
    else:
        demand_operator(actor)
    account.refresh_from_db(from_queryset=Account.objects.select_for_update())
    demand_unchanged(account, seen, ACCOUNT_FIELDS)
    before, after = _set(account, values)
    _check_account(account, after)
    account.save()
    if after:
        audit.record(actor, "account.change", account, account=account, before=before, after=after)
    return account


def _set(
    row: UserGroup | Account, values: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    before, after = audit.changes(row, values)
    for name, value in values.items():
        setattr(row, name, value)
    return before, after


def _check_group(group: UserGroup, changed: Collection[str]) -> None:
    """A template must be in the file when it is chosen; one that vanishes later is kept."""
    limits.check(group)
    group.full_clean()
    _check_templates(group, changed)


def _check_templates(row: UserGroup | Account, changed: Collection[str]) -> None:
    for section in ("campaign", "gateway"):
        field = f"{section}_dns_template"
        name, inherits = getattr(row, field), isinstance(row, Account)
        if field in changed and (name or not inherits) and (why := _no_template(section, name)):
            raise ValidationError({field: why})


def _no_template(section: str, name: str) -> str:
    """Why no group can choose it; empty if one can."""
    try:
        offered = getattr(dns_configuration.configuration(), section)
    except dns_configuration.ConfigurationUnreadable as error:
        return str(error)
    none_wanted = section == "gateway" and not name
    known = none_wanted or name in offered
    return "" if known else f"The DNS configuration has no {section} template {name}."


def _check_account(account: Account, changed: Collection[str]) -> None:
    limits.check(account)
    account.full_clean()
    _check_templates(account, changed)
    if account.time_zone not in available_timezones():
        raise ValidationError({"time_zone": f"There is no time zone {account.time_zone!r}."})


def _free_slug(name: str) -> str:
    wanted = slugify(name)[:50] or "account"
    taken = set(Account.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    if wanted not in taken:
        return wanted
    for number in range(2, 10_000):
        if (slug := f"{wanted}-{number}") not in taken:
            return slug
    raise ValidationError({"name": f"Ten thousand accounts are called {name!r}; choose another."})
