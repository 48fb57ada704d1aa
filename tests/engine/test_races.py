"""People press buttons and leave while two engines send: nobody lost, nobody twice (F14, F16)."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.db import connection

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account
from posthouse.audience.models import ListMembership, Suppression
from posthouse.campaigns import services as campaigns
from posthouse.campaigns.errors import MoveRefused
from posthouse.campaigns.models import Campaign
from posthouse.deliveries.models import Batch, Delivery, Dispatch
from posthouse.engine.worker import SLICE_ROWS
from tests.engine.conftest import House, send
from tests.sending import Sending, counted, make_sending

RECIPIENTS = 3_000
OPEN = SLICE_ROWS + SLICE_ROWS // 2  # of one claim: a slice, and what is left of the one before


@pytest.fixture
def sending(account: Account, house: House) -> Sending:
    house.environment["POSTHOUSE_ENGINE_WORKERS"] = "1"
    with access.across_tenants():
        return make_sending(account, RECIPIENTS, house.relay())


def begin(house: House, sending: Sending) -> tuple[Campaign, Dispatch]:
    """A campaign whose deliveries are all made, and two engines that send them."""
    campaign = send(sending)
    with access.across_tenants():
        dispatch = Dispatch.objects.get(pk=campaign.dispatch_id)
    house.worker()
    house.wait_until(lambda: now(dispatch).fanned_out, "the end of fan-out")
    house.engine("e1")
    house.engine("e2")
    return campaign, dispatch


def now(dispatch: Dispatch) -> Dispatch:
    with access.across_tenants():
        dispatch.refresh_from_db()
    return dispatch


def fiddle(house: House, campaign: Campaign, seed: int) -> int:
    """Pauses and resumes at random, as one person of two; how often that was allowed."""
    chance, allowed = random.Random(seed), 0
    try:
        with access.tenant(campaign.account):
            for _ in range(100):
                for verb in chance.sample([campaigns.pause, campaigns.resume], 2):
                    with suppress(MoveRefused):
                        verb(SYSTEM, campaign)
                        allowed += 1
                    let_it_move(house, campaign, chance.randint(0, 5))
    finally:
        connection.close()
    return allowed


def let_it_move(house: House, campaign: Campaign, messages: int) -> None:
    """Until so many more are accepted, or it stands still."""
    rows = Dispatch.objects.filter(pk=campaign.dispatch_id)
    goal = rows.values_list("accepted", flat=True).get() + messages
    sends = rows.filter(accepted__lt=goal, state=Dispatch.State.RUNNING).exclude(pending=0)
    stops = rows.filter(state=Dispatch.State.PAUSING)
    house.wait_until(lambda: not (sends.exists() or stops.exists()), "a few more messages")


def test_two_people_pause_and_resume_at_random(house: House, sending: Sending) -> None:
    campaign, dispatch = begin(house, sending)
    house.wait_for_copies(100)
    with ThreadPoolExecutor() as people:
        allowed = list(people.map(fiddle, [house] * 2, [campaign] * 2, (1, 2)))
    with access.tenant(sending.account):
        house.wait_until(lambda: now(dispatch).state != "pausing", "the last acknowledgement")
        if now(dispatch).state == Dispatch.State.PAUSED:
            campaigns.resume(SYSTEM, campaign)
    house.wait_for_state(campaign, Campaign.State.SENT)

    assert sum(allowed) > 3
    assert len(house.copies()) == len(house.taken()) == RECIPIENTS
    assert counted(dispatch) == {"accepted": RECIPIENTS}


def test_after_an_acknowledged_pause_nothing_leaves(house: House, sending: Sending) -> None:
    campaign, dispatch = begin(house, sending)
    house.wait_for_copies(RECIPIENTS // 4)
    with access.tenant(sending.account):
        campaigns.pause(SYSTEM, campaign)
    house.wait_for_state(campaign, Campaign.State.PAUSED)
    taken = len(house.taken())
    with access.tenant(sending.account):
        campaigns.cancel(SYSTEM, campaign)
    skipped = RECIPIENTS - taken
    house.wait_until(lambda: now(dispatch).skipped == skipped, "the end of what waited")

    assert len(house.taken()) == taken < RECIPIENTS
    assert counted(dispatch) == {"accepted": taken, "skipped": skipped}


def test_after_a_cancel_no_more_than_the_slices_on_their_way_leave(
    house: House, sending: Sending
) -> None:
    campaign, dispatch = begin(house, sending)
    house.wait_for_copies(random.Random(14).randint(300, 1500))
    with access.tenant(sending.account):
        campaign = campaigns.cancel(SYSTEM, campaign)
    taken = len(house.taken())

    def over() -> bool:
        with access.across_tenants():
            held = Batch.objects.filter(dispatch=dispatch).exclude(state=Batch.State.SETTLED)
            return not held.exists() and now(dispatch).pending == 0

    house.wait_until(over, "the end of all batches")
    assert campaign.state == Campaign.State.CANCELLED
    assert len(house.taken()) - taken <= 2 * OPEN
    assert len(house.copies()) == len(house.taken())
    rest = RECIPIENTS - len(house.taken())
    assert counted(dispatch) == {"accepted": len(house.taken()), "skipped": rest}


def test_who_leaves_while_it_is_sent_is_not_mailed_after_the_slice_on_its_way(
    house: House, sending: Sending
) -> None:
    campaign, dispatch = begin(house, sending)
    with access.across_tenants():
        rows = list(Delivery.objects.filter(dispatch=dispatch).order_by("pk"))
        leavers = random.Random(16).sample(rows, 100)
        house.wait_for_copies(100)
        left_at = {leaver.address: leave(leaver) for leaver in leavers}
    house.wait_for_state(campaign, Campaign.State.SENT)

    counts, taken = counted(dispatch), house.taken()
    assert counts["skipped"] > 10
    assert counts["accepted"] == len(taken) == len(house.copies())
    batch_of = {row.address: row.batch_id for row in rows}
    for number, message in enumerate(taken):
        since = left_at.get(message.recipient, message.received_at)
        of_its_batch = [
            one
            for one in taken[:number]
            if one.received_at > since and batch_of[one.recipient] == batch_of[message.recipient]
        ]
        assert len(of_its_batch) <= OPEN


def leave(delivery: Delivery) -> float:
    """One person goes, this way or that; when it was committed, in seconds since 1970."""
    if delivery.pk % 2:
        memberships = ListMembership.objects.filter(subscriber=delivery.subscriber_id)
        memberships.update(status=ListMembership.Status.UNSUBSCRIBED)
    else:
        Suppression.objects.create(
            account_id=delivery.account_id, normalised=delivery.normalised, reason="complained"
        )
    return time.time()
