"""How far a campaign has come: counts, rate, expected end, reasons, one delivery's story."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from posthouse.accounts import access
from posthouse.accounts.access import Missing
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account
from posthouse.audience.models import ListMembership, Subscriber, Suppression
from posthouse.campaigns import progress, queries, services
from posthouse.campaigns.models import Campaign
from posthouse.campaigns.queries import Audience
from posthouse.core.delivery.replies import Stage
from posthouse.core.delivery.states import Result
from posthouse.core.smtp.messages import Outcome
from posthouse.deliveries import outbox
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.fan_out import fan_out_next
from posthouse.deliveries.models import Attempt, Delivery, Dispatch
from posthouse.housekeeping.events import handle_some
from tests.campaigns import make_draft
from tests.sending import Sending, make_list, make_sending


@pytest.fixture
def sending(account: Account) -> Iterator[Sending]:
    with access.across_tenants():
        yield make_sending(account, members=20)


@pytest.fixture
def campaign(sending: Sending) -> Campaign:
    return services.send_now(SYSTEM, make_draft(sending))


def now(campaign: Campaign) -> Campaign:
    return queries.find(campaign.public_id)


def fan_out() -> None:
    while fan_out_next():
        pass


def deliver(results: list[tuple[Result, int, str]]) -> None:
    """An engine takes a batch and gets these replies, one for each person in turn."""
    claim = outbox.claim_next("engine-1", 1)
    assert claim is not None
    outcomes = [
        Outcome(parcel.id, *_reply(results[number % len(results)]))
        for number, parcel in enumerate(claim.parcels)
    ]
    outbox.settle("engine-1", claim.token, outcomes)
    outbox.release(claim.token)


def _reply(given: tuple[Result, int, str]) -> tuple[Result, Stage, int, str, str]:
    result, code, text = given
    return result, Stage.END, code, "", text


# ---------------------------------------------------------------------------------------- audience


def test_people_on_several_lists_are_counted_once(account: Account, sending: Sending) -> None:
    other = make_list(account, members=2)
    for person in Subscriber.objects.order_by("id")[:5]:
        ListMembership.objects.create(account=account, list=other, subscriber=person)
    assert queries.audience(account, [sending.list, other]) == Audience(22, 0)
    assert queries.audience(account, []) == Audience(0, 0)


def test_the_count_is_what_the_fan_out_then_makes(account: Account, sending: Sending) -> None:
    people = list(Subscriber.objects.order_by("id"))
    Suppression.objects.create(normalised=people[0].normalised, reason="complained")
    Suppression.objects.create(normalised=people[1].normalised, account=account, reason="bounced")
    Suppression.objects.create(
        normalised=people[2].normalised, account=account, list=sending.list, reason="unsubscribed"
    )
    ListMembership.objects.filter(subscriber=people[3]).update(status="unsubscribed")
    counted = queries.audience(account, [sending.list])
    assert (counted.members, counted.suppressed, counted.recipients) == (18, 2, 16)

    campaign = services.send_now(SYSTEM, make_draft(sending))
    fan_out()
    assert campaign.expected == counted.recipients
    dispatch = Dispatch.objects.get()
    assert (dispatch.pending, dispatch.skipped) == (16, 2)


def test_gaps_are_counted_for_each_field(sending: Sending) -> None:
    person = Subscriber.objects.order_by("id")[0]
    Subscriber.objects.filter(pk=person.pk).update(fields={"city": "Hull"})
    assert queries.gaps([sending.list], ["first_name", "city"]) == (
        {"first_name": 1, "city": 19},
        20,
    )


# ---------------------------------------------------------------------------------------- progress


def test_before_the_fan_out_all_expected_people_wait(campaign: Campaign) -> None:
    found = progress.progress_of(now(campaign))
    assert found.gathering
    assert (found.total, found.decided, found.counts["pending"]) == (20, 0, 20)
    assert found.ends_in is None


def test_rate_and_end_come_from_the_attempts_of_the_last_seconds(campaign: Campaign) -> None:
    fan_out()
    Dispatch.objects.update(created_at=database_now() - timedelta(minutes=1))
    dispatch = Dispatch.objects.get()
    rows = list(Delivery.objects.all())
    moment = database_now()
    Attempt.objects.bulk_create(
        Attempt(
            account=campaign.account,
            delivery_id=row.pk,
            at=moment - timedelta(seconds=seconds),
            result="accepted",
            engine="engine-1",
        )
        for row, seconds in zip(rows, [1] * 10 + [60] * 10, strict=True)
    )
    assert progress.rate_of(dispatch, moment) == pytest.approx(1.0)
    Attempt.objects.all().delete()
    assert progress.rate_of(dispatch, moment) == 0


def test_the_rate_of_a_fast_beginning_is_not_thinned_out(campaign: Campaign) -> None:
    fan_out()
    moment = database_now()
    Dispatch.objects.update(created_at=moment - timedelta(seconds=2))
    row = Delivery.objects.all()[0]
    Attempt.objects.bulk_create(
        Attempt(account=row.account, delivery_id=row.pk, at=moment, result="accepted", engine="e")
        for _ in range(100)
    )
    assert progress.rate_of(Dispatch.objects.get(), moment) == pytest.approx(50)


def test_attempts_of_other_dispatches_do_not_count(campaign: Campaign, sending: Sending) -> None:
    fan_out()
    other = services.send_test(SYSTEM, campaign, ["a@example.com"]).dispatch
    row = Delivery.objects.get(dispatch=other)
    Attempt.objects.create(
        account=row.account, delivery_id=row.pk, at=database_now(), result="accepted", engine="e"
    )
    assert progress.rate_of(Dispatch.objects.get(origin="campaign"), database_now()) == 0


def test_a_campaign_goes_from_engine_to_sent(campaign: Campaign) -> None:
    fan_out()
    deliver([(Result.ACCEPTED, 250, "Ok"), (Result.FAILED, 550, "No <x@example.org> here")])
    handle_some()
    done = now(campaign)
    found = progress.progress_of(done)
    assert done.state == Campaign.State.SENT
    assert (found.counts["accepted"], found.counts["failed"]) == (10, 10)
    assert found.decided == found.total == 20
    assert not found.gathering
    [reason] = progress.reasons(Dispatch.objects.get())
    assert (reason.state, reason.words, reason.count) == ("failed", "550 No <address> here", 10)


def test_a_cancelled_campaign_waits_for_nobody(campaign: Campaign) -> None:
    services.cancel(SYSTEM, campaign)
    found = progress.progress_of(now(campaign))
    assert (found.total, found.waiting, found.gathering) == (0, 0, False)


def test_reasons_are_the_most_frequent_words_without_addresses(campaign: Campaign) -> None:
    fan_out()
    rows = list(Delivery.objects.order_by("id"))
    for number, row in enumerate(rows[:9]):
        Delivery.objects.filter(pk=row.pk).update(
            state="failed", said=f"550 5.1.1 <p{number}@example.org>: unknown"
        )
    Delivery.objects.filter(pk__in=[row.pk for row in rows[9:12]]).update(state="skipped", said="")
    Delivery.objects.filter(pk=rows[12].pk).update(state="accepted", said="250 Ok")
    found = progress.reasons(Dispatch.objects.get())
    assert [(one.words, one.count) for one in found] == [
        ("550 5.1.1 <address>: unknown", 9),
        ("The address is suppressed: it must not be mailed.", 3),
    ]


def test_a_delivery_tells_every_attempt_in_order(campaign: Campaign) -> None:
    fan_out()
    deliver([(Result.DEFERRED, 451, "Later")])
    row = Delivery.objects.all()[0]
    Attempt.objects.create(
        account=row.account,
        delivery_id=row.pk,
        at=database_now() + timedelta(minutes=5),
        result="accepted",
        code=250,
        text="Ok",
        engine="engine-2",
    )
    story = progress.story(row)
    assert [(one.result, one.code, one.text) for one in story] == [
        ("deferred", 451, "Later"),
        ("accepted", 250, "Ok"),
    ]


def test_deliveries_are_found_by_their_public_id_in_their_campaign(
    campaign: Campaign, sending: Sending
) -> None:
    fan_out()
    row = Delivery.objects.all()[0]
    assert progress.find_delivery(now(campaign), row.public_id) == row
    for public_id in ("dlv_", "dlv_0", "dlv_-1", "dlv_g", f"{row.pk}", "dlv_" + "f" * 16):
        with pytest.raises(Missing):
            progress.find_delivery(now(campaign), public_id)
    with pytest.raises(Missing):
        progress.find_delivery(make_draft(sending), row.public_id)


@pytest.mark.parametrize(
    ("state", "words", "found"),
    [("", "", 20), ("failed", "", 1), ("", "-19@", 1), ("failed", "-19@", 0), ("", "%", 0)],
)
def test_deliveries_are_narrowed(campaign: Campaign, state: str, words: str, found: int) -> None:
    fan_out()
    first = Delivery.objects.order_by("id")[0]
    Delivery.objects.filter(pk=first.pk).update(state="failed")
    assert progress.deliveries(now(campaign), state, words).count() == found
