"""What servers accepted is counted for its sender domain: each message once, whatever crashed."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from posthouse.accounts import access
from posthouse.accounts.models import Account
from posthouse.core.delivery.replies import Stage
from posthouse.core.delivery.states import Result
from posthouse.core.smtp.messages import Outcome
from posthouse.deliveries import outbox, sweep
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.fan_out import fan_out_next
from posthouse.deliveries.models import Dispatch
from posthouse.deliveries.outbox import Claim
from posthouse.domains import queries, volume
from posthouse.domains.models import DomainDay, SenderDomain
from tests.sending import Sending, make_domain, make_sending


@pytest.fixture
def sending(account: Account, settings: Any) -> Iterator[Sending]:
    settings.BATCH_SIZE = 10
    with access.across_tenants():
        sending = make_sending(account, members=20)
        sending.dispatch()
        while fan_out_next():
            pass
        yield sending


def claim(token: int = 1) -> Claim:
    found = outbox.claim_next("engine-1", token)
    assert found is not None
    return found


def outcomes(of: Claim, result: Result, code: int = 250) -> list[Outcome]:
    return [Outcome(p.id, result, Stage.END, code, "2.0.0", "Ok") for p in of.parcels]


def volume_of(domain: SenderDomain) -> int:
    return int(vars(queries.listed().get(pk=domain.pk))["volume"])


def test_only_what_was_accepted_counts_and_once_however_often_it_is_settled(
    sending: Sending,
) -> None:
    held = claim()
    accepted, failed = outcomes(held, Result.ACCEPTED)[:6], outcomes(held, Result.FAILED, 550)[6:]
    for _ in range(2):
        outbox.settle("engine-1", held.token, [*accepted, *failed])

    assert volume_of(sending.domain) == 6


def test_a_dead_engines_journal_read_twice_counts_once(sending: Sending) -> None:
    held = claim()
    replied, lost = outcomes(held, Result.ACCEPTED)[:3], [held.parcels[4].id]
    outbox.settle("engine-1", held.token, replied[:1])
    for _ in range(2):
        outbox.recover("engine-1", held.token, replied, lost)

    assert volume_of(sending.domain) == 3


def test_what_an_expired_claim_had_delivered_is_counted_when_its_journal_turns_up(
    sending: Sending,
) -> None:
    held = claim()
    sweep.expire_leases(database_now() + timedelta(days=1))
    assert volume_of(sending.domain) == 0
    for _ in range(2):
        outbox.recover("engine-1", held.token, outcomes(held, Result.ACCEPTED)[:6], [])

    assert volume_of(sending.domain) == 6


def test_mail_without_a_sender_domain_is_nobodys_volume(sending: Sending) -> None:
    held = claim()
    Dispatch.objects.update(sender_domain=None)
    outbox.settle("engine-1", held.token, outcomes(held, Result.ACCEPTED))

    assert not DomainDay.objects.exists()


def test_seven_days_are_added_up_and_forty_millions_fit(account: Account) -> None:
    with access.across_tenants():
        domain = make_domain(account)
        now = timezone.now()
        for days_ago, accepted in ((0, 40_000_000), (6, 3_000_000_000), (7, 5)):
            volume.count(account.pk, domain.pk, now - timedelta(days=days_ago), accepted)

        assert volume_of(domain) == 3_040_000_000
        assert sum(volume.by_day([domain.pk])[domain.pk].values()) == 3_040_000_000


@pytest.mark.django_db(transaction=True)
def test_many_who_count_at_the_same_time_lose_nothing(account: Account) -> None:
    with access.across_tenants():
        domain = make_domain(account)
    now = timezone.now()

    def count() -> None:
        for _ in range(25):
            volume.count(account.pk, domain.pk, now, 2)
        connection.close()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with access.across_tenants():
        assert DomainDay.objects.get(domain=domain).accepted == 200
