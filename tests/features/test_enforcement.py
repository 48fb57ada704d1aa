"""With management on, nothing leaves from a domain that is not Enabled and the account's own (R09).

Asked on every path: a campaign saved, sent, tested, resumed; a batch claimed; each slice of it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from posthouse.accounts import access, services
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account
from posthouse.campaigns import errors
from posthouse.campaigns import services as campaigns
from posthouse.campaigns.models import Campaign
from posthouse.deliveries import outbox
from posthouse.deliveries.fan_out import fan_out_next
from posthouse.deliveries.models import Delivery, Dispatch
from posthouse.domains import claims, ownership
from posthouse.domains import services as domains
from posthouse.domains.models import SenderDomain
from posthouse.servers.models import DeliveryServer
from tests.campaigns import draft_values, make_draft, refusal
from tests.factories import make_account
from tests.problems import problem_of
from tests.sending import Sending, make_domain, make_sending

Loss = Callable[[SenderDomain], object]


def _taken(domain: SenderDomain) -> None:
    """Another account proves that the very name is its own."""
    theirs = make_domain(
        make_account(), domain.name, status="approval_pending", owner_proven=True, random="x" * 10
    )
    assert ownership.holder_of(theirs) == domain
    assert claims.take_name(SYSTEM, theirs) is None


def _reverted(domain: SenderDomain) -> None:
    """As after three failed checks."""
    SenderDomain.objects.filter(pk=domain.pk).update(status="approval_pending", holds_name=False)


def _deleted(domain: SenderDomain) -> None:
    """As if nobody had asked whether something is still sent from it."""
    SenderDomain.objects.filter(pk=domain.pk).update(status="deleted", holds_name=False)


LOSSES: dict[str, tuple[Loss, str]] = {
    "disabled": (lambda domain: domains.disable(SYSTEM, domain), "Disabled"),
    "suspended": (lambda domain: domains.suspend(SYSTEM, domain), "Suspended"),
    "reverted": (_reverted, "Approval Pending"),
    "changed": (lambda domain: domains.change(SYSTEM, domain, subdomain="mx"), "Approval Pending"),
    "taken": (_taken, "Approval Pending"),
    "deleted": (_deleted, "Deleted"),
}
losses = pytest.mark.parametrize("loss", LOSSES)


@pytest.fixture
def sending(account: Account) -> Iterator[Sending]:
    with access.across_tenants():
        made = make_sending(account, members=5)
        SenderDomain.objects.update(holds_name=True, template="Default")
        made.domain.refresh_from_db()
        yield made


def lose(sending: Sending, loss: str) -> str:
    """It happens to the domain; the word that reasons must have."""
    happen, word = LOSSES[loss]
    happen(sending.domain)
    sending.domain.refresh_from_db()
    return word


def under_way(sending: Sending) -> Campaign:
    campaign = campaigns.send_now(SYSTEM, make_draft(sending))
    while fan_out_next():
        pass
    return campaign


@contextmanager
def paused_with(word: str) -> Iterator[None]:
    """Nothing is claimed afterwards: the dispatch is Paused and says why."""
    yield
    assert outbox.claim_next("engine-1", 2) is None
    dispatch = Dispatch.objects.get()
    assert dispatch.state == Dispatch.State.PAUSED
    assert word in dispatch.reason
    assert not Delivery.objects.filter(state="sending").exists()


@losses
def test_it_is_not_chosen_for_a_campaign(sending: Sending, loss: str) -> None:
    word = lose(sending, loss)
    refused = refusal(lambda: campaigns.create(SYSTEM, sending.account, **draft_values(sending)))
    assert refused is not None
    assert word in refused.message_dict["sender_domain"][0]


@losses
def test_a_campaign_from_it_is_not_sent(sending: Sending, loss: str) -> None:
    draft = make_draft(sending)
    word = lose(sending, loss)
    for send in (
        lambda: campaigns.send_now(SYSTEM, draft),
        lambda: campaigns.send_test(SYSTEM, draft, ["a@example.org"]),
    ):
        with pytest.raises(ValidationError) as refused:
            send()
        assert word in refused.value.message_dict["sender_domain"][0]
    assert not Dispatch.objects.exists()


@losses
def test_the_api_refuses_to_send_from_it(
    sending: Sending, api_of: Callable[..., Client], loss: str
) -> None:
    draft = make_draft(sending)
    word = lose(sending, loss)
    path = f"/api/v1/campaigns/{draft.public_id}/send"
    answer = api_of(sending.account).post(path, {}, content_type="application/json")
    (field,) = problem_of(answer, 422)["fields"]
    assert (field["field"], word in field["message"]) == ("sender_domain", True)


@losses
def test_a_campaign_from_it_is_not_resumed(sending: Sending, loss: str) -> None:
    campaign = under_way(sending)
    campaigns.pause(SYSTEM, campaign)
    word = lose(sending, loss)
    with pytest.raises(errors.NoRoute, match=word):
        campaigns.resume(SYSTEM, campaign)


@losses
def test_no_batch_of_it_is_claimed(sending: Sending, loss: str) -> None:
    under_way(sending)
    with paused_with(LOSSES[loss][1]):
        lose(sending, loss)


@losses
def test_the_batch_on_its_way_ends_before_the_next_slice(sending: Sending, loss: str) -> None:
    under_way(sending)
    held = outbox.claim_next("engine-1", 1)
    assert held is not None
    assert outbox.watch(held, held.parcels).go_on
    with paused_with(LOSSES[loss][1]):
        lose(sending, loss)
        assert not outbox.watch(held, held.parcels).go_on
        outbox.release(held.token)


def test_another_accounts_domain_is_neither_chosen_nor_claimed_for(
    sending: Sending, other_account: Account
) -> None:
    theirs = make_domain(other_account)
    refused = refusal(lambda: make_draft(sending, sender_domain=theirs))
    assert refused is not None
    assert "no such sender domain" in refused.message_dict["sender_domain"][0]

    under_way(sending)
    with paused_with("does not belong to this account"):
        Dispatch.objects.update(sender_domain=theirs)  # as no service would


def test_a_free_from_stops_when_management_is_turned_on(sending: Sending) -> None:
    group = sending.account.group
    services.change_group(SYSTEM, group, sender_domain_management=False)
    draft = make_draft(sending, from_address="me@free.example", from_local="", sender_domain=None)
    campaigns.send_now(SYSTEM, draft)
    assert fan_out_next()
    held = outbox.claim_next("engine-1", 1)
    assert held is not None
    assert outbox.watch(held, held.parcels).go_on
    with paused_with("Choose an Enabled sender domain"):
        services.change_group(SYSTEM, group, sender_domain_management=True)
        assert not outbox.watch(held, held.parcels).go_on
        outbox.release(held.token)


def test_the_lists_sender_stops_standing_as_from_when_its_domain_may_not_send(
    sending: Sending,
) -> None:
    DeliveryServer.objects.update(sender_info_as_from=True)
    club = make_domain(sending.account, "club.example")
    sending.list.sender_address = "club@club.example"
    sending.list.save()
    under_way(sending)
    held = outbox.claim_next("engine-1", 1)
    assert held is not None
    assert held.route.identity.from_address == "club@club.example"
    assert outbox.watch(held, held.parcels).go_on

    domains.disable(SYSTEM, club)
    assert not outbox.watch(held, held.parcels).go_on
    outbox.release(held.token)
    again = outbox.claim_next("engine-1", 2)
    assert again is not None
    assert again.route.identity.from_address == f"news@{sending.domain.name}"
