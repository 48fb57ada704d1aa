"""F22: what cannot be sent fails or rests alone, with a sentence; all the others go on."""

import json

import pytest
from django.db import connection

from posthouse.accounts import access
from posthouse.accounts.models import Account
from posthouse.audience.models import Subscriber
from posthouse.campaigns.models import Campaign
from posthouse.content.models import ContentVersion
from posthouse.deliveries.models import Delivery, Dispatch
from posthouse.servers.models import DeliveryServer
from tests.engine.conftest import House, send
from tests.sending import counted, make_sending


def dispatch_of(campaign: Campaign) -> Dispatch:
    with access.across_tenants():
        return Dispatch.objects.get(pk=campaign.dispatch_id)


def reason_of(campaign: Campaign) -> str:
    with access.across_tenants():
        campaign.refresh_from_db()
    return str(campaign.reason)


def test_a_recipient_whose_message_cannot_be_made_fails_alone(
    account: Account, house: House
) -> None:
    with access.across_tenants():
        sending = make_sending(account, members=60, port=house.relay())
        people = list(Subscriber.objects.order_by("id"))
        people[7].fields = {"first_name": ["a", {"b": "c"}], "plan": {"x": 1}}
        people[7].save()
        Subscriber.objects.filter(pk=people[11].pk).update(
            address="two words@example.org", normalised="two words@example.org"
        )
        if connection.vendor == "sqlite":  # PostgreSQL refuses half a character
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE audience_subscriber SET fields = %s WHERE id = %s",
                    (json.dumps({"first_name": "\ud800"}), people[23].pk),
                )
    campaign = send(sending)
    house.worker()
    house.engine()
    house.wait_for_state(campaign, Campaign.State.SENT)

    with access.across_tenants():
        failed = Delivery.objects.filter(dispatch=campaign.dispatch_id, state="failed")
        said = {one.address: one.said for one in failed}
    assert "two words@example.org" in said
    assert all(words.startswith("No message was made: ") for words in said.values())
    assert len(house.taken()) == 60 - len(said)
    assert len(said) <= 2


def test_content_that_fails_for_everybody_ends_the_campaign_with_the_reason(
    account: Account, house: House
) -> None:
    with access.across_tenants():
        sending = make_sending(account, members=120, port=house.relay())
    bad = send(sending)
    with access.across_tenants():
        ContentVersion.objects.filter(pk=bad.content_id).update(html="<p>{% if %}</p>")
    good = send(sending, subject="The other one")
    house.worker()
    house.engine()
    house.wait_for_state(bad, Campaign.State.FAILED)
    house.wait_for_state(good, Campaign.State.SENT)

    assert "No message was made: " in reason_of(bad)
    assert counted(dispatch_of(bad)) == {"failed": 120}
    assert len(house.taken()) == 120


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("", "POSTHOUSE_DKIM_PRIVATE_KEY is not set"),
        ("no key at all", "POSTHOUSE_DKIM_PRIVATE_KEY cannot be used"),
    ],
)
def test_what_the_installation_cannot_sign_pauses_with_the_reason_and_fails_nobody(
    account: Account, house: House, key: str, sentence: str
) -> None:
    house.environment["POSTHOUSE_DKIM_PRIVATE_KEY"] = key
    with access.across_tenants():
        sending = make_sending(account, members=20, port=house.relay())
        DeliveryServer.objects.update(signing=DeliveryServer.Signing.HERE)
    campaign = send(sending)
    house.worker()
    house.engine()
    house.wait_for_state(campaign, Campaign.State.PAUSED)

    assert sentence in reason_of(campaign)
    assert counted(dispatch_of(campaign)) == {"pending": 20}
    assert house.taken() == []


def test_a_server_whose_password_cannot_be_read_rests_and_the_others_go_on(
    account: Account, other_account: Account, house: House
) -> None:
    port = house.relay()
    with access.across_tenants():
        broken, fine = make_sending(account, 20, port), make_sending(other_account, 20, port)
        DeliveryServer.objects.filter(pk=broken.server.pk).update(
            authentication=True, username="posthouse", password_sealed="0000:bm90aGluZw=="
        )
    waits, goes = send(broken), send(fine)
    house.worker()
    house.engine()
    house.wait_for_state(goes, Campaign.State.SENT)

    def rests() -> bool:
        broken.server.refresh_from_db()
        return "POSTHOUSE_ENCRYPTION_KEY" in broken.server.paused_reason

    house.wait_until(rests, "the pause of the server")
    house.wait_until(lambda: counted_quietly(waits) == {"pending": 20}, "the batch given back")
    assert len(house.taken()) == 20


def counted_quietly(campaign: Campaign) -> dict[str, int]:
    """The rows alone: the engine may be moving rows and counters just now."""
    with access.across_tenants():
        rows = Delivery.objects.filter(dispatch=campaign.dispatch_id)
        states = list(rows.values_list("state", flat=True))
    return {state: states.count(state) for state in set(states)}
