"""What every test can ask for: an account with its people, a stranger, signed-in clients, keys."""

import os
from collections.abc import Callable

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from posthouse.accounts.models import Account, Role, User, UserGroup
from tests import factories


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long runs only where they are asked for."""
    if os.environ.get("POSTHOUSE_FULL") != "1":
        skipped = pytest.mark.skip(reason="a long run: set POSTHOUSE_FULL=1")
        for item in items:
            if "full" in item.keywords:
                item.add_marker(skipped)


@pytest.fixture
def group(db: None) -> UserGroup:
    """A user group with the defaults."""
    return factories.make_group("Agencies")


@pytest.fixture
def account(group: UserGroup) -> Account:
    """The account that the test is about."""
    return factories.make_account("Harbour Books", group)


@pytest.fixture
def other_account(group: UserGroup) -> Account:
    """Somebody else's account, in the same group."""
    return factories.make_account("Rival Press", group)


@pytest.fixture
def owner(account: Account) -> User:
    return factories.make_member(account, "owner@harbour.example", Role.OWNER)


@pytest.fixture
def manager(account: Account) -> User:
    return factories.make_member(account, "manager@harbour.example", Role.MANAGER)


@pytest.fixture
def viewer(account: Account) -> User:
    return factories.make_member(account, "viewer@harbour.example", Role.VIEWER)


@pytest.fixture
def stranger(other_account: Account) -> User:
    """The owner of the other account, who must never see a row of this one."""
    return factories.make_member(other_account, "owner@rival.example", Role.OWNER)


@pytest.fixture
def boss(db: None) -> User:
    """An operator of the installation."""
    return factories.make_user("boss@posthouse.example", is_operator=True)


@pytest.fixture
def client_of(db: None) -> Callable[[User], Client]:
    """``client_of(user)``: a browser of its own in which that person is signed in."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def api_key_of(db: None) -> Callable[..., str]:
    """``api_key_of(account, role)``: the text of a new API key."""
    return factories.make_api_key


@pytest.fixture
def api_of(db: None) -> Callable[..., Client]:
    """``api_of(account, role)``: a client whose requests carry a new key of that account."""

    def with_key(account: Account, role: Role = Role.MANAGER) -> Client:
        return Client(headers={"Authorization": f"Bearer {factories.make_api_key(account, role)}"})

    return with_key


@pytest.fixture
def child_environment(transactional_db: None) -> dict[str, str]:
    """Environment of a ``posthouse`` process that works on this test's database and files."""
    name = connection.settings_dict["NAME"]
    address = f"sqlite:///{name}"
    if connection.vendor == "postgresql":
        address = f"{os.environ['POSTHOUSE_TEST_POSTGRES'].rpartition('/')[0]}/{name}"
    return os.environ | {
        "POSTHOUSE_HOME": str(settings.HOME),
        "POSTHOUSE_DATABASE_URL": address,
        "DJANGO_SETTINGS_MODULE": "posthouse.config.settings",
    }
