"""Who is acting: every service verb takes an actor, and the audit trail names it."""

from dataclasses import dataclass

from posthouse.accounts.models import Account, ApiKey, Membership, Role, User


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, a key or the installation itself, with its role in the account it acts on."""

    kind: str  # operator | user | api-key | system
    name: str
    user: User | None = None
    role: Role | None = None


SYSTEM = Actor(kind="system", name="Posthouse", role=Role.OWNER)


def operator(user: User) -> Actor:
    """An operator, who may do everything in every account."""
    return Actor(kind="operator", name=user.email, user=user, role=Role.OWNER)


def member(membership: Membership) -> Actor:
    """A person in one account."""
    user = membership.user
    return Actor(kind="user", name=user.email, user=user, role=Role(membership.role))


def key(api_key: ApiKey) -> Actor:
    """An API key of one account."""
    return Actor(kind="api-key", name=api_key.name, role=Role(api_key.role))


def member_of(user: User, account: Account) -> Actor | None:
    """The person as a member of that account, or nothing for a stranger."""
    membership = Membership.objects.filter(user=user, account=account).first()
    return member(membership) if membership else None
