"""Makes rows for tests, through the same services as the product; names are example ones."""

import itertools

from posthouse.accounts import access, keys, people, services
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account, Role, User, UserGroup

PASSWORD = "correct horse battery staple"
_numbers = itertools.count(1)


def unique(word: str) -> str:
    """A name that no other row of the run has."""
    return f"{word}-{next(_numbers)}"


def make_group(name: str = "", **values: object) -> UserGroup:
    return services.create_group(SYSTEM, name=name or unique("group"), **values)


def make_account(name: str = "", group: UserGroup | None = None) -> Account:
    group = group or make_group()
    return services.create_account(SYSTEM, name=name or unique("account"), group=group)


def make_user(email: str = "", *, is_operator: bool = False) -> User:
    email = email or f"{unique('person')}@example.com"
    return people.create_user(SYSTEM, email=email, password=PASSWORD, is_operator=is_operator)


def make_member(account: Account, email: str = "", role: Role = Role.OWNER) -> User:
    user = make_user(email)
    people.add_member(SYSTEM, account, user, role)
    return user


def make_api_key(account: Account, role: Role = Role.MANAGER) -> str:
    """The text of a new key."""
    with access.tenant(account):
        _, text = keys.create_api_key(SYSTEM, account, name=unique("key"), role=role)
    return text
