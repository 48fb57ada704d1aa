"""Campaign states: the table of moves, and campaigns that follow their dispatches."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account, AuditRecord, Event
from posthouse.campaigns import services
from posthouse.campaigns.events import HANDLERS
from posthouse.campaigns.following import follow, locked
from posthouse.campaigns.models import Campaign
from posthouse.campaigns.states import ENDED, MOVES, OF_DISPATCH, Move, State, allows, reachable
from posthouse.deliveries import services as deliveries
from posthouse.deliveries.fan_out import fan_out_next
from posthouse.deliveries.models import Delivery, Dispatch
from posthouse.housekeeping.events import handle_some
from tests.campaigns import make_draft
from tests.sending import Sending, make_sending


@pytest.fixture
def sending(account: Account) -> Iterator[Sending]:
    with access.across_tenants():
        yield make_sending(account, members=3)


@pytest.fixture
def campaign(sending: Sending) -> Campaign:
    """A campaign that was just sent."""
    return services.send_now(SYSTEM, make_draft(sending))


def state_of(campaign: Campaign) -> str:
    return Campaign.objects.get(pk=campaign.pk).state


def finish(dispatch: Dispatch | None, **counts: int) -> None:
    """The dispatch's last row was settled, and everybody who listens has heard of it."""
    assert dispatch is not None
    Dispatch.objects.filter(pk=dispatch.pk).update(
        state=Dispatch.State.DONE, fanned_out=True, **counts
    )
    Event.objects.create(
        kind="dispatch.done", account=dispatch.account, payload={"dispatch": dispatch.pk}
    )
    handle_some()


@pytest.mark.parametrize("state", list(ENDED))
def test_nothing_leads_out_of_an_end(state: State) -> None:
    assert reachable(state) == frozenset()


def test_every_state_can_be_reached_from_draft() -> None:
    assert reachable(State.DRAFT) == set(State) - {State.DRAFT}


@pytest.mark.parametrize("state", list(set(State) - ENDED))
def test_any_state_before_the_end_can_be_cancelled(state: State) -> None:
    assert MOVES[state, Move.CANCEL] == State.CANCELLED


@given(st.sampled_from(State), st.sampled_from(Move))
def test_a_move_is_allowed_exactly_where_the_table_has_it(state: State, move: Move) -> None:
    assert allows(state, move) == ((state, move) in MOVES)
    if allows(state, move):
        assert MOVES[state, move] in reachable(state)


def test_sent_is_only_reached_from_sending() -> None:
    assert {before for (before, _), after in MOVES.items() if after == State.SENT} == {
        State.SENDING
    }


def test_the_documentation_has_the_table_as_it_is() -> None:
    page = (Path(__file__).parents[2] / "docs" / "account" / "campaigns.md").read_text()
    written = re.findall(r"^\| (\w+) \| ([\w ]+) \| (\w+) \|$", page, re.MULTILINE)
    table = [(before.label, str(move), after.label) for (before, move), after in MOVES.items()]
    assert written[1:] == table  # below the headings


def test_every_state_of_a_dispatch_has_its_campaign_state() -> None:
    assert set(OF_DISPATCH) == set(Dispatch.State)


def test_a_sent_campaign_is_queued_until_its_fan_out_begins(campaign: Campaign) -> None:
    assert campaign.shown_state == State.QUEUED
    fan_out_next()
    fresh = Campaign.objects.select_related("dispatch").get(pk=campaign.pk)
    assert fresh.shown_state == State.SENDING


def test_it_is_sent_when_its_dispatch_is_done(campaign: Campaign) -> None:
    finish(campaign.dispatch, accepted=3)
    campaign.refresh_from_db()
    assert campaign.state == State.SENT
    assert campaign.finished_at is not None
    assert AuditRecord.objects.filter(verb="campaign.sent", actor_kind="system").count() == 1


def test_it_is_failed_with_the_reason_when_nothing_was_accepted(campaign: Campaign) -> None:
    while fan_out_next():
        pass
    Delivery.objects.filter(dispatch=campaign.dispatch).update(
        state="failed", said="550 5.7.1 Not from you"
    )
    finish(campaign.dispatch, failed=3, pending=0)
    campaign.refresh_from_db()
    assert campaign.state == State.FAILED
    assert "550 5.7.1 Not from you" in campaign.reason


def test_it_is_sent_when_only_suppressed_people_were_left(campaign: Campaign) -> None:
    finish(campaign.dispatch, skipped=3)
    assert state_of(campaign) == State.SENT


def test_a_pause_by_the_engine_reaches_the_campaign_with_its_reason(campaign: Campaign) -> None:
    assert campaign.dispatch is not None
    fan_out_next()
    deliveries.pause_for_trouble(campaign.dispatch, "mail.example.com is Disabled.")
    handle_some()
    campaign.refresh_from_db()
    assert campaign.state == State.PAUSED
    assert campaign.reason == "mail.example.com is Disabled."


def test_late_and_doubled_events_change_nothing(campaign: Campaign) -> None:
    assert campaign.dispatch is not None
    services.pause(SYSTEM, campaign)
    services.resume(SYSTEM, campaign)
    handle_some()  # tells of running, pausing and paused, of which only the first is still true
    assert state_of(campaign) == State.SENDING
    finish(campaign.dispatch, accepted=3)
    for kind in HANDLERS:
        Event.objects.create(
            kind=kind, account=campaign.account, payload={"dispatch": campaign.dispatch.pk}
        )
    handle_some()
    assert state_of(campaign) == State.SENT


def test_dispatches_of_others_are_left_alone(campaign: Campaign, sending: Sending) -> None:
    other = sending.dispatch()
    finish(other, accepted=3)
    assert state_of(campaign) == State.QUEUED


def test_a_cancelled_campaign_stays_cancelled_whatever_its_dispatch_says(
    campaign: Campaign,
) -> None:
    services.cancel(SYSTEM, campaign)
    Dispatch.objects.filter(pk=campaign.dispatch_id).update(state=Dispatch.State.DONE)
    assert follow(locked(campaign.pk)) == {}
    assert state_of(campaign) == State.CANCELLED


def test_every_change_of_state_is_announced_once_with_public_ids_only(
    sending: Sending, campaign: Campaign
) -> None:
    while fan_out_next():
        pass
    handle_some()
    campaign = services.pause(SYSTEM, locked(campaign.pk))
    services.cancel(SYSTEM, campaign)
    handle_some()
    draft = make_draft(sending)
    services.cancel(SYSTEM, draft)

    told = Event.objects.filter(kind="campaign.status").order_by("id")
    assert {event.payload["campaign"]["id"] for event in told} == {
        campaign.public_id,
        draft.public_id,
    }
    moves = [(event.payload["before"], event.payload["after"]) for event in told]
    assert moves == [
        ("draft", "queued"),
        ("queued", "sending"),
        ("sending", "paused"),
        ("paused", "cancelled"),
        ("draft", "cancelled"),
    ]
