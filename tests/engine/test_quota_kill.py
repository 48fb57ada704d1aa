"""Real engines at a limit, killed again and again: the relay never takes one recipient too many."""

import random
from functools import partial

from posthouse.accounts import access, services
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account
from posthouse.campaigns.models import Campaign
from posthouse.deliveries.models import Dispatch, Engine, Quota
from tests.engine.conftest import House, send
from tests.sending import Sending, counted, make_sending

MEMBERS, CAP, KILLS = 2_500, 1_000, 6


def ready(account: Account, house: House) -> Sending:
    house.environment.update(POSTHOUSE_BATCH_SIZE="70", POSTHOUSE_LEASE_SECONDS="5")
    services.change_account(SYSTEM, account, lifetime_limit=CAP)
    with access.across_tenants():
        return make_sending(account, MEMBERS, house.relay())


def works(house: House, name: str) -> bool:
    """Has this very process shown itself?"""
    shown = Engine.objects.filter(name=name, pid=house.parts.pid(name))
    return shown.filter(state=Engine.State.RUNNING).exists()


def at_rest(campaign: Campaign, cap: int) -> bool:
    """Held, with nobody on the way and nobody waiting for another try."""
    with access.across_tenants():
        row = Dispatch.objects.get(campaign=campaign)
    return row.state == Dispatch.State.HELD and row.accepted + row.failed == cap


def test_engines_killed_at_a_limit_send_exactly_the_cap(account: Account, house: House) -> None:
    campaign, chance = send(ready(account, house)), random.Random(15)
    house.worker()
    names = [f"e{number}" for number in range(4)]
    for name in names:
        house.engine(name)
    for kill in range(KILLS):
        house.wait_for_copies((kill + 1) * CAP // (KILLS + 2))
        name = chance.choice(names)
        house.wait_until(partial(works, house, name), f"the start of {name}")
        house.parts.kill(name)
        house.engine(name)
    house.wait_until(partial(at_rest, campaign, CAP), "the rest at the limit")

    assert len(house.copies()) == CAP
    with access.across_tenants():
        assert counted(Dispatch.objects.get())["pending"] == MEMBERS - CAP
        assert Quota.objects.values_list("used", "reserved").get() == (CAP, 0)


def test_a_raised_limit_lets_it_go_on_by_itself(account: Account, house: House) -> None:
    campaign = send(ready(account, house))
    house.worker()
    house.engine("e1")
    house.engine("e2")
    house.wait_for_state(campaign, Campaign.State.PAUSED)
    assert len(house.taken()) == CAP
    assert campaign.reason.startswith("The lifetime limit is reached: 1,000 of 1,000 recipients.")

    services.change_account(SYSTEM, account, lifetime_limit=CAP + 333)
    house.wait_for_copies(CAP + 333)
    house.wait_until(partial(at_rest, campaign, CAP + 333), "the rest at the limit")
    services.change_account(SYSTEM, account, lifetime_limit=0)
    house.wait_for_state(campaign, Campaign.State.SENT)
    assert len(house.copies()) == len(house.taken()) == MEMBERS
