"""Rates of a delivery server: real engines, one of them killed, and never more than allowed."""

import pytest
from django.utils import timezone

from posthouse.accounts import access
from posthouse.accounts.models import Account
from posthouse.campaigns.models import Campaign
from posthouse.deliveries.models import Batch, Dispatch
from posthouse.servers import rates
from posthouse.servers.models import DeliveryServer, ServerPace
from tests.engine.conftest import House, send
from tests.factories import make_account
from tests.sending import Sending, counted, make_sending

RECIPIENTS, DAILY = 300, 130


@pytest.fixture
def sending(account: Account, house: House) -> Sending:
    house.environment["POSTHOUSE_ENGINE_WORKERS"] = "2"
    with access.across_tenants():
        return make_sending(account, RECIPIENTS, house.relay())


def limit(server: DeliveryServer, **values: int) -> None:
    DeliveryServer.objects.filter(pk=server.pk).update(**values)


def is_full(server: DeliveryServer) -> bool:
    """All is used, and no claim waits for more."""
    server.refresh_from_db()
    full = any(one.is_reached for one in rates.standings(server, timezone.now()))
    with access.across_tenants():
        return full and not Batch.objects.filter(state=Batch.State.CLAIMED).exists()


def test_two_engines_send_a_days_rate_and_not_one_more_and_go_on_when_it_is_raised(
    house: House, sending: Sending
) -> None:
    limit(sending.server, rate_per_day=DAILY)
    campaign = send(sending)
    house.worker()
    house.engine("e1")
    house.engine("e2")
    house.wait_for_copies(DAILY)
    house.wait_until(lambda: is_full(sending.server), "the end of all claims")
    assert len(house.taken()) == DAILY

    limit(sending.server, rate_per_day=0, rate_per_second=1_000)
    # The others ask again in half a minute; whoever starts anew, at once.
    house.drain("e1")
    house.engine("e1")
    house.wait_for_state(campaign, Campaign.State.SENT)
    assert len(house.copies()) == len(house.taken()) == RECIPIENTS


def test_what_a_killed_engine_had_taken_counts_as_used(house: House, sending: Sending) -> None:
    limit(sending.server, rate_per_day=DAILY)
    send(sending)
    house.worker()
    house.engine("e1")
    house.wait_for_copies(30)
    house.parts.kill("e1")
    house.engine("e2")
    house.wait_until(lambda: is_full(sending.server), "a full server")
    assert 30 <= len(house.taken()) <= DAILY


def test_mail_for_other_servers_does_not_wait_behind_a_full_one(
    house: House, sending: Sending
) -> None:
    limit(sending.server, rate_per_second=2)
    house.environment["POSTHOUSE_BATCH_SIZE"] = "20"
    slow = send(sending)
    with access.across_tenants():
        other = make_sending(make_account(), 100, sending.server.port)
    fast = send(other)
    house.worker()
    house.engine("e1")
    house.wait_for_state(fast, Campaign.State.SENT)
    with access.across_tenants():
        slow_one = Dispatch.objects.get(pk=slow.dispatch_id)
        assert slow_one.pending + slow_one.sending > 0
    house.drain("e1")
    assert counted(slow_one)["accepted"] == len(house.taken()) - 100


def test_without_rates_nothing_is_counted(house: House, sending: Sending) -> None:
    campaign = send(sending)
    house.worker()
    house.engine("e1")
    house.wait_for_state(campaign, Campaign.State.SENT)
    assert not ServerPace.objects.exists()
