"""A group's header, footer and header lines in the mail that a relay really got, signed."""

import email
from email import policy

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account
from posthouse.campaigns.models import Campaign
from posthouse.content.frames import change_frame
from posthouse.core.composition.wire import flaws
from tests.engine.conftest import House, send
from tests.sending import make_sending


def test_every_message_of_a_group_carries_its_frame(account: Account, house: House) -> None:
    change_frame(
        SYSTEM,
        account.group,
        html_footer="<p>For {{ first_name }}, from Harbour Street 1</p>",
        x_mailer="Harbour Mailer",
        headers="Feedback-ID: harbour",
    )
    with access.across_tenants():
        sending = make_sending(account, members=3, port=house.relay())
    campaign = send(sending, html="<html><body><p>Hello</p></body></html>")
    house.worker()
    house.engine()
    house.wait_for_state(campaign, Campaign.State.SENT)

    taken = house.taken()
    assert len(taken) == 3
    for message in taken:
        assert flaws(message.content) == []
        letter = email.message_from_bytes(message.content, policy=policy.default)
        assert (letter["X-Mailer"], letter["Feedback-ID"]) == ("Harbour Mailer", "harbour")
        html = letter.get_body(("html",))
        assert html is not None
        assert "Reader" in html.get_content()
        assert html.get_content().strip().endswith("from Harbour Street 1</p></body></html>")
