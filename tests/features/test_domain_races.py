"""Two accounts, or two people of one, who want the same thing at the same instant."""

import threading
from collections.abc import Callable, Sequence
from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account
from posthouse.core.verification.checks import CheckResult
from posthouse.domains import services
from posthouse.domains.examine import Examination
from posthouse.domains.models import SenderDomain
from posthouse.domains.settling import Asked, settle
from tests.factories import make_account, make_group

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 8  # an overlap is likely in each; all of them must end well
ALL_RIGHT = Examination(result=CheckResult.VERIFIED, diagnoses=())
GUARD = 60  # seconds; nobody waits that long unless two wait for each other


def at_once(*deeds: Callable[[], object]) -> list[object]:
    """What each deed gave or raised, all of them begun at the same instant."""
    barrier = threading.Barrier(len(deeds))
    outcomes: list[object] = [None] * len(deeds)

    def do(number: int) -> None:
        try:
            barrier.wait(timeout=GUARD)
            outcomes[number] = deeds[number]()
        except Exception as error:  # noqa: BLE001 - the test judges it
            outcomes[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=do, args=[number]) for number in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=GUARD)
    return outcomes


def add(account: Account, name: str) -> SenderDomain:
    with access.tenant(account):
        return services.add(SYSTEM, account, name)


def without_a_token(account: Account, name: str) -> Asked:
    """A domain that waits for records which prove nothing."""
    domain = add(account, name)
    with access.tenant(account):
        domain.records.all().delete()
    return Asked(domain, ())


def pass_check(asked: Asked) -> object:
    with access.tenant(asked.domain.account):
        return settle(SYSTEM, asked, ALL_RIGHT)


def holders(names: Sequence[str]) -> int:
    with access.across_tenants():
        return SenderDomain.objects.filter(name__in=names, holds_name=True).count()


@pytest.mark.parametrize("names", [("race{}.example.com",) * 2, ("race{}.net", "news.race{}.net")])
def test_of_two_accounts_that_pass_a_check_at_once_one_has_the_name(names: Sequence[str]) -> None:
    accounts = [make_account(f"Account {number}", make_group()) for number in range(2)]
    for number in range(ROUNDS):
        wanted = [name.format(number) for name in names]
        asked = [without_a_token(*each) for each in zip(accounts, wanted, strict=True)]
        outcomes = at_once(*(partial(pass_check, each) for each in asked))

        assert not [each for each in outcomes if isinstance(each, Exception)]
        assert holders(wanted) == 1


def test_of_two_accounts_that_add_a_name_without_records_at_once_one_has_it() -> None:
    group = make_group(campaign_dns_template="Empty")
    accounts = [make_account(f"Account {number}", group) for number in range(2)]
    for number in range(ROUNDS):
        name = f"race{number}.example.com"
        outcomes = at_once(*(partial(add, each, name) for each in accounts))

        assert not [each for each in outcomes if isinstance(each, Exception)]
        assert holders([name]) == 1


def test_of_two_who_add_at_the_limit_one_succeeds() -> None:
    for number in range(ROUNDS):
        account = make_account(f"Account {number}", make_group(sender_domains_limit=1))
        names = ["one.example.com", "two.example.net"]
        outcomes = at_once(*(partial(add, account, name) for name in names))

        refused = [each for each in outcomes if isinstance(each, ValidationError)]
        assert len(refused) == 1
        assert "1 of at most 1 sender domains" in str(refused[0])
        with access.tenant(account):
            assert SenderDomain.objects.count() == 1


def test_of_two_who_add_the_same_name_one_is_told_that_it_is_there() -> None:
    for number in range(ROUNDS):
        account = make_account(f"Account {number}", make_group())
        outcomes = at_once(*[partial(add, account, "one.example.com")] * 2)

        refused = [each for each in outcomes if isinstance(each, ValidationError)]
        assert [str(each) for each in refused] == [
            "{'name': ['one.example.com is already one of your sender domains.']}"
        ]
