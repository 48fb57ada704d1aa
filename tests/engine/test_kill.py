"""kill -9 of an engine in the middle of a campaign: nobody lost, hardly anybody twice."""

import random
from collections import Counter

from posthouse.accounts import access
from posthouse.accounts.models import Account
from posthouse.campaigns.models import Campaign
from posthouse.deliveries.models import Attempt, Dispatch, Engine
from tests.engine.conftest import House, send
from tests.sending import counted, make_sending

RECIPIENTS, KILLS = 5_000, 5
CONNECTIONS, IN_FLIGHT = 4, 4


def test_five_kills_in_a_campaign_of_five_thousand(account: Account, house: House) -> None:
    with access.across_tenants():
        sending = make_sending(account, RECIPIENTS, house.relay())
        sending.server.max_connections = CONNECTIONS
        sending.server.save()
    campaign = send(sending)
    house.worker()
    chance = random.Random(2026)
    for kill in range(KILLS):
        house.engine()
        goal = RECIPIENTS * (kill + 1) // (KILLS + 1) - chance.randint(0, 200)
        house.wait_until(lambda goal=goal: len(house.taken()) >= goal, f"message {goal}")
        house.parts.kill("e1")
    house.engine()
    house.wait_for_state(campaign, Campaign.State.SENT)

    copies = Counter(message.recipient for message in house.taken())
    duplicated = sum(count - 1 for count in copies.values())
    with access.across_tenants():
        uncertain = Attempt.objects.filter(result="uncertain").count()
        dispatch = Dispatch.objects.get(pk=campaign.dispatch_id)
    assert len(copies) == RECIPIENTS
    assert duplicated <= uncertain <= KILLS * CONNECTIONS * IN_FLIGHT
    assert counted(dispatch) == {"accepted": RECIPIENTS}

    house.parts.stop("e1")
    assert Engine.objects.get(name="e1").state == Engine.State.STOPPED
