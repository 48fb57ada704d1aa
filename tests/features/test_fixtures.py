"""The fixtures that all tests stand on hold what they promise."""

import sqlite3
from collections.abc import Callable

import pytest
from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.cache import cache
from django.db import connection
from django.test import Client

from posthouse.accounts.actors import member_of
from posthouse.accounts.keys import key_for
from posthouse.accounts.models import Account, Role, User
from tests import factories


def test_the_people_of_the_account_have_their_roles(
    account: Account, owner: User, manager: User, viewer: User
) -> None:
    roles = {user.email.partition("@")[0]: member_of(user, account) for user in (owner, manager)}
    assert roles["owner"] is not None
    assert roles["owner"].role == Role.OWNER
    assert roles["manager"] is not None
    assert roles["manager"].role == Role.MANAGER
    assert member_of(viewer, account) is not None


def test_strangers_and_operators_are_no_members(
    account: Account, stranger: User, boss: User
) -> None:
    assert member_of(stranger, account) is None
    assert member_of(boss, account) is None


def test_a_client_is_signed_in_as_its_user(
    owner: User, client_of: Callable[[User], Client]
) -> None:
    assert client_of(owner).session["_auth_user_id"] == str(owner.pk)
    assert check_password(factories.PASSWORD, owner.password)


def test_a_key_opens_its_account(account: Account, api_key_of: Callable[..., str]) -> None:
    key = key_for(api_key_of(account))
    assert key is not None
    assert key.account == account


@pytest.mark.django_db
def test_the_run_has_a_home_and_a_database_of_its_own() -> None:
    assert "posthouse-test-" in str(settings.HOME)
    if connection.vendor == "sqlite":
        assert str(connection.settings_dict["NAME"]).startswith(str(settings.HOME))


@pytest.mark.django_db
def test_the_cache_is_kept_in_the_database() -> None:
    cache.set("throttle", [1, 2, 3])
    assert cache.get("throttle") == [1, 2, 3]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM http_cache")
        assert cursor.fetchone() == (1,)


@pytest.mark.django_db(transaction=True)
def test_a_child_process_finds_the_tests_database(
    account: Account, child_environment: dict[str, str]
) -> None:
    scheme, _, path = child_environment["POSTHOUSE_DATABASE_URL"].partition(":")
    if scheme == "sqlite":
        with sqlite3.connect(path.removeprefix("///")) as database:
            names = database.execute("SELECT name FROM accounts_account").fetchall()
        database.close()
        assert names == [(account.name,)]
    else:
        assert path.endswith(connection.settings_dict["NAME"])
