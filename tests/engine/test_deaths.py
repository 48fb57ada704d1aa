"""Processes end, asked or not, in the middle of a campaign: the others carry it to its end."""

import shutil
from collections import Counter
from functools import partial

import pytest
from django.conf import settings

from posthouse.accounts import access
from posthouse.accounts.models import Account, AuditRecord
from posthouse.campaigns.models import Campaign
from posthouse.deliveries.models import Attempt, Batch, Delivery, Dispatch, Engine
from posthouse.engine.worker import SLICE_ROWS
from posthouse.housekeeping.models import Lease
from tests.engine.conftest import House, send
from tests.sending import Sending, counted, make_sending

CONNECTIONS, IN_FLIGHT = 4, 4


def ready(account: Account, house: House, members: int) -> Sending:
    with access.across_tenants():
        sending = make_sending(account, members, house.relay())
        sending.server.max_connections = CONNECTIONS
        sending.server.save()
    return sending


def dispatch_of(campaign: Campaign) -> Dispatch:
    with access.across_tenants():
        return Dispatch.objects.get(pk=campaign.dispatch_id)


def works(house: House, name: str) -> bool:
    """Has this very process shown itself?"""
    shown = Engine.objects.filter(name=name, pid=house.parts.pid(name))
    return shown.filter(state=Engine.State.RUNNING).exists()


def uncertain_attempts() -> int:
    with access.across_tenants():
        return Attempt.objects.filter(result="uncertain").count()


def assert_all_got_it(house: House, campaign: Campaign, members: int, *, twice: int = 0) -> None:
    """Everybody at least once, at most so many of them once more, and the rows say so."""
    copies = house.copies()
    assert len(copies) == members
    assert Counter(copies.values()).keys() <= {1, 2}
    assert sum(copies.values()) - members <= twice
    assert counted(dispatch_of(campaign)) == {"accepted": members}


def test_engines_asked_to_stop_under_load_lose_and_double_nobody(
    account: Account, house: House
) -> None:
    campaign = send(ready(account, house, 4_000))
    house.worker()
    house.engine("e1")
    house.engine("e2")
    for goal, name in ((300, "e1"), (900, "e2"), (1_500, "e1"), (2_100, "e2")):
        house.wait_for_copies(goal)
        house.wait_until(partial(works, house, name), f"the start of {name}")
        assert house.drain(name) == 0
        house.engine(name)
    house.wait_for_state(campaign, Campaign.State.SENT)

    assert_all_got_it(house, campaign, 4_000)
    with access.across_tenants():
        assert Attempt.objects.values("engine").distinct().count() == 2
    assert uncertain_attempts() == 0


def test_one_engine_settles_what_another_left_behind(account: Account, house: House) -> None:
    house.environment["POSTHOUSE_LEASE_SECONDS"] = "3600"  # only the journal can help in time
    campaign = send(ready(account, house, 2_000))
    house.worker()
    house.engine("e1")
    house.wait_for_copies(100)
    house.engine("e2")
    house.wait_for_copies(600)
    house.parts.kill("e1")
    house.wait_for_state(campaign, Campaign.State.SENT)

    uncertain = uncertain_attempts()
    assert uncertain <= CONNECTIONS * IN_FLIGHT
    assert_all_got_it(house, campaign, 2_000, twice=uncertain)


def test_without_a_journal_what_was_claimed_is_sent_once_more(
    account: Account, house: House
) -> None:
    house.environment["POSTHOUSE_LEASE_SECONDS"] = "6"
    house.environment["POSTHOUSE_ENGINE_WORKERS"] = "1"
    campaign = send(ready(account, house, 1_000))
    house.worker()
    house.engine("e1")
    house.wait_for_copies(450)
    house.parts.kill("e1")
    shutil.rmtree(settings.HOME / "journals")
    with access.across_tenants():
        claimed = Delivery.objects.filter(state="sending").count()
    house.engine("e2")
    house.wait_for_state(campaign, Campaign.State.SENT)

    assert uncertain_attempts() == claimed > 0
    assert_all_got_it(house, campaign, 1_000, twice=claimed)


def test_a_worker_killed_in_the_middle_of_fan_out_goes_on_where_it_was(
    account: Account, house: House
) -> None:
    house.environment["POSTHOUSE_BATCH_SIZE"] = "5"
    campaign = send(ready(account, house, 1_500))

    def made() -> int:
        with access.across_tenants():
            return Delivery.objects.count()

    house.worker()
    house.wait_until(lambda: made() > 300, "delivery 300")
    house.parts.kill("worker")
    assert not dispatch_of(campaign).fanned_out
    house.worker()
    house.engine()
    house.wait_for_state(campaign, Campaign.State.SENT)

    assert_all_got_it(house, campaign, 1_500)


def test_of_two_workers_one_leads_and_the_other_takes_over(account: Account, house: House) -> None:
    sending = ready(account, house, 300)
    campaigns = [send(sending), send(sending)]
    house.worker("w1")
    house.worker("w2")
    house.engine()
    for campaign in campaigns:
        house.wait_for_state(campaign, Campaign.State.SENT)
    (owner,) = Lease.objects.values_list("owner", flat=True)
    leader = next(name for name in ("w1", "w2") if owner.endswith(f":{house.parts.pid(name)}"))
    assert house.drain(leader) == 0
    campaigns.append(send(sending))
    house.wait_for_state(campaigns[-1], Campaign.State.SENT)

    assert Counter(house.copies().values()) == {3: 300}
    with access.across_tenants():
        told = AuditRecord.objects.filter(verb="campaign.sent").values_list("object_id", flat=True)
        assert sorted(told) == sorted(one.public_id for one in campaigns)


@pytest.mark.full
@pytest.mark.parametrize("fault", ["5*end:*:stall", "3*rcpt:*:stall"])
def test_a_silent_server_does_not_keep_a_draining_engine(
    account: Account, house: House, fault: str
) -> None:
    """Longer than the others: an engine waits some seconds for a server before it is cut off."""
    with access.across_tenants():
        sending = make_sending(account, 200, house.relay(fault))
    campaign = send(sending)
    house.worker()
    house.engine()
    house.wait_for_copies(50)
    assert house.drain("e1") == 0
    with access.across_tenants():
        assert not Batch.objects.filter(state=Batch.State.CLAIMED).exists()
    house.engine()
    house.wait_for_state(campaign, Campaign.State.SENT)

    assert_all_got_it(house, campaign, 200, twice=SLICE_ROWS)
