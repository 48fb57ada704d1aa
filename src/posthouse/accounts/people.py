"""The verbs on people: who can sign in, and with which role in which account."""

from typing import Any

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import transaction

from posthouse.accounts import audit, invitations
from posthouse.accounts.actors import Actor
from posthouse.accounts.errors import LastOperator, LastOwner
from posthouse.accounts.models import Account, Membership, Role, User
from posthouse.accounts.permissions import demand, demand_operator

OWN_FIELDS = frozenset({"name"})  # what people change of themselves; the others are the operator's


@transaction.atomic
def create_user(
    actor: Actor,
    *,
    email: str,
    name: str = "",
    password: str | None = None,
    is_operator: bool = False,
) -> User:
    """A person who can sign in; without a password they set one by the link in their invitation."""
    demand(actor, "own")
    if is_operator:
        demand_operator(actor)
    user = User(email=email.strip().lower(), name=name, is_operator=is_operator)
    user.set_password(password) if password else user.set_unusable_password()
    user.full_clean()
    user.save()
    # The sign-in library keeps addresses of its own; it asks them at re-authentication.
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    audit.record(actor, "user.create", user, after={"operator": is_operator})
    return user


@transaction.atomic
def change_user(actor: Actor, user: User, **values: Any) -> User:
    """Changes name, ``is_operator`` or ``is_active``; people change their own name only."""
    if actor.user != user or not set(values) <= OWN_FIELDS:
        demand_operator(actor)
    before, after = audit.changes(user, values)
    for name, value in values.items():
        setattr(user, name, value)
    user.full_clean(exclude=["password"])
    user.save(update_fields=list(values))
    if not _operators().exists() and (before.get("is_operator") or before.get("is_active")):
        raise LastOperator(str(user))
    if after:
        audit.record(actor, "user.change", user, before=before, after=after)
    return user


@transaction.atomic
def change_own(
    actor: Actor, membership: Membership, *, notices_by_mail: bool | None = None, **values: Any
) -> Membership:
    """Changes what people say of themselves in one account; None: as it was."""
    change_user(actor, membership.user, **values)
    if notices_by_mail is not None and notices_by_mail != membership.notices_by_mail:
        before, membership.notices_by_mail = membership.notices_by_mail, notices_by_mail
        membership.save(update_fields=["notices_by_mail"])
        audit.record(
            actor,
            "member.notices",
            membership.user,
            account=membership.account,
            before={"by mail": before},
            after={"by mail": notices_by_mail},
        )
    return membership


@transaction.atomic
def invite_user(actor: Actor, *, email: str, name: str = "", is_operator: bool = False) -> User:
    """A person who is new here, and a mail to them with a link to set their password."""
    user = create_user(actor, email=email, name=name, is_operator=is_operator)
    invitations.send(user, actor.name)
    return user


@transaction.atomic
def invite_member(
    actor: Actor, account: Account, *, email: str, role: str, name: str = ""
) -> Membership:
    """Gives the person with this address a role; whoever is new here is invited by mail."""
    demand(actor, "own")
    user = User.objects.filter(email=email.strip().lower()).first()
    if user and Membership.objects.filter(user=user, account=account).exists():
        raise ValidationError({"email": f"{user.email} is in this team already."})
    new = user is None
    user = user or create_user(actor, email=email, name=name)
    membership = add_member(actor, account, user, Role(role))
    invitations.send(user, actor.name, account.name, new=new)
    return membership


@transaction.atomic
def add_member(actor: Actor, account: Account, user: User, role: Role) -> Membership:
    """Gives a person a role in an account, or another role than before."""
    demand(actor, "own")
    known = _memberships(account).filter(user=user).first()
    if known:
        return _change_role(actor, known, role)
    membership = Membership.objects.create(account=account, user=user, role=role)
    audit.record(actor, "member.add", user, account=account, after={"role": role})
    return membership


@transaction.atomic
def remove_member(actor: Actor, account: Account, user: User) -> None:
    """Takes a person out of an account; they remain in others, and their work remains here."""
    demand(actor, "own")
    membership = _memberships(account).get(user=user)
    if membership.role == Role.OWNER:
        _demand_another_owner(membership)
    membership.delete()
    audit.record(actor, "member.remove", user, account=account, before={"role": membership.role})


@transaction.atomic
def make_reset_link(actor: Actor, user: User) -> str:
    """A link with which the person, or whoever holds it, sets a password; for operators only."""
    demand_operator(actor)
    audit.record(actor, "user.reset-link", user)
    return invitations.reset_link(user)


def _change_role(actor: Actor, membership: Membership, role: Role) -> Membership:
    if membership.role == role:
        return membership
    if membership.role == Role.OWNER:
        _demand_another_owner(membership)
    before, membership.role = {"role": membership.role}, role
    membership.save()
    account, user = membership.account, membership.user
    audit.record(actor, "member.role", user, account=account, before=before, after={"role": role})
    return membership


def _memberships(account: Account) -> Any:
    """The account's memberships, locked: two owners who remove each other must not both succeed."""
    Account.objects.select_for_update().get(pk=account.pk)
    return Membership.objects.filter(account=account)


def _demand_another_owner(membership: Membership) -> None:
    others = Membership.objects.filter(account=membership.account, role=Role.OWNER)
    if not others.exclude(pk=membership.pk).exists():
        raise LastOwner(str(membership.user), membership.account.name)


def _operators() -> Any:
    return User.objects.filter(is_operator=True, is_active=True)
