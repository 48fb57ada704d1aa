"""Fair shares through a real engine: one campaign beside an account with a big backlog."""

from posthouse.accounts import access
from posthouse.accounts.models import Account
from posthouse.campaigns.models import Campaign
from posthouse.deliveries.models import Dispatch
from tests.engine.conftest import House, send
from tests.factories import make_account
from tests.sending import make_sending


def test_a_campaign_gets_its_share_beside_a_backlog(account: Account, house: House) -> None:
    """10 batches of it against 30 of the other: half of the first 20 claims are its own."""
    house.environment["POSTHOUSE_BATCH_SIZE"] = "20"
    relay = house.relay()
    with access.across_tenants():
        busy = make_sending(account, 60, relay)
        quiet = make_sending(make_account(group=account.group), 200, relay)
    campaigns = [send(busy, name=f"Backlog {number}") for number in range(10)] + [send(quiet)]
    house.worker()
    with access.across_tenants():
        house.wait_until(
            lambda: not Dispatch.objects.filter(fanned_out=False).exists(), "the fan-out"
        )
    house.engine("e1")
    for campaign in campaigns:
        house.wait_for_state(campaign, Campaign.State.SENT)

    senders = [message.mail_from.partition("@")[2] for message in house.taken()]
    assert len(senders) == 800
    last = max(place for place, name in enumerate(senders) if name == quiet.domain.mfrom_host)
    assert last < 640  # 400, and what other workers had begun meanwhile
