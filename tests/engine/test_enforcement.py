"""A sender domain loses its standing while engines send from it: the mail stops, and says why."""

from collections.abc import Callable

import pytest

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account
from posthouse.campaigns import services as campaigns
from posthouse.campaigns.models import Campaign
from posthouse.deliveries.models import Dispatch
from posthouse.domains import services as domains
from posthouse.domains.models import SenderDomain
from posthouse.engine.worker import SLICE_ROWS
from tests.engine.conftest import House, send
from tests.sending import counted, make_sending

RECIPIENTS = 2_000
OPEN = SLICE_ROWS + SLICE_ROWS // 2  # of one claim: a slice, and what is left of the one before

Verb = Callable[..., SenderDomain]


@pytest.mark.parametrize(
    ("stop", "back", "word"),
    [
        (domains.suspend, domains.unsuspend, "Suspended"),
        (domains.disable, domains.enable, "Disabled"),
    ],
)
def test_it_pauses_after_the_slices_on_their_way_and_goes_on_when_it_may(
    account: Account, house: House, stop: Verb, back: Verb, word: str
) -> None:
    house.environment["POSTHOUSE_ENGINE_WORKERS"] = "1"
    with access.across_tenants():
        sending = make_sending(account, RECIPIENTS, house.relay())
    campaign = send(sending)
    house.worker()
    house.engine("e1")
    house.engine("e2")
    house.wait_for_copies(200)
    with access.tenant(account):
        stop(SYSTEM, sending.domain)
    taken = len(house.taken())
    house.wait_for_state(campaign, Campaign.State.PAUSED)

    assert len(house.taken()) - taken <= 2 * OPEN
    assert f"{sending.domain.name} is {word}" in campaign.reason
    with access.tenant(account):
        back(SYSTEM, sending.domain)
        campaigns.resume(SYSTEM, campaign)
    house.wait_for_state(campaign, Campaign.State.SENT)
    assert len(house.copies()) == len(house.taken()) == RECIPIENTS
    with access.across_tenants():
        dispatch = Dispatch.objects.get(pk=campaign.dispatch_id)
    assert counted(dispatch) == {"accepted": RECIPIENTS}
