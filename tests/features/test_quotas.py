"""Limits in the sending path: who counts, when it is held, when it goes on, what is announced."""

from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from posthouse.accounts import access, services, standing
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account, Event, Notice, User
from posthouse.core.delivery.replies import Stage
from posthouse.core.delivery.states import Result
from posthouse.core.routing.quotas import Kind, Standing
from posthouse.core.smtp.messages import Outcome
from posthouse.deliveries import outbox, quotas, sweep, windows
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.fan_out import fan_out_next
from posthouse.deliveries.models import Batch, Delivery, Dispatch, Quota
from posthouse.deliveries.outbox import Claim
from posthouse.housekeeping.events import handle_some
from tests.clock import DatabaseClock, database_clock
from tests.sending import Sending, counted, make_sending

MEMBERS = 25


@pytest.fixture
def clock(transactional_db: None) -> Iterator[DatabaseClock]:
    with database_clock() as clock:
        yield clock


@pytest.fixture
def sending(clock: DatabaseClock, account: Account, settings: LazySettings) -> Iterator[Sending]:
    settings.BATCH_SIZE = 10
    with access.across_tenants():
        yield make_sending(account, MEMBERS)


def limit(sending: Sending, **values: object) -> None:
    services.change_account(SYSTEM, sending.account, **values)


def ready(sending: Sending) -> Dispatch:
    dispatch = sending.dispatch()
    while fan_out_next():
        pass
    return dispatch


def claim(token: int) -> Claim:
    found = outbox.claim_next("engine", token)
    assert found is not None
    return found


def settle(held: Claim, *results: Result) -> None:
    """The first ones of the claim ended so."""
    codes = {Result.ACCEPTED: 250, Result.DEFERRED: 450, Result.FAILED: 550}
    outcomes = [
        Outcome(parcel.id, result, Stage.END, codes.get(result, 0), "", "Said so.")
        for parcel, result in zip(held.parcels, results, strict=False)
    ]
    outbox.settle("engine", held.token, outcomes)


def send_all(first_token: int = 1, result: Result = Result.ACCEPTED) -> int:
    """Claims and settles until there is nothing to claim; how many were tried."""
    tried, token = 0, first_token
    while held := outbox.claim_next("engine", token):
        settle(held, *[result] * len(held.parcels))
        outbox.release(token)
        tried += len(held.parcels)
        token += 1
    return tried


def used(**wanted: str) -> tuple[int, int]:
    """Used and reserved of one window."""
    row = Quota.objects.get(**wanted)
    return row.used, row.reserved


def announced() -> list[str]:
    kinds = Event.objects.filter(kind__startswith="limit.").order_by("pk")
    return [f"{event.kind} {event.payload['limit']}" for event in kinds]


def test_without_limits_there_is_no_row_and_no_statement(sending: Sending) -> None:
    ready(sending)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        held = claim(1)
        settle(held, *[Result.ACCEPTED] * 4)
        outbox.release(1)

    assert "quota" not in " ".join(query["sql"] for query in asked).lower()
    assert not Quota.objects.exists()
    assert Batch.objects.values_list("reserved_in", flat=True).distinct().get() == []


def test_exactly_the_cap_is_sent_and_the_dispatch_says_why_it_stops(
    sending: Sending, clock: DatabaseClock
) -> None:
    limit(sending, daily_limit=17)
    dispatch = ready(sending)

    assert send_all() == 17
    assert counted(dispatch) == {"accepted": 17, "pending": 8}
    assert dispatch.state == Dispatch.State.HELD
    assert dispatch.reason == (
        "The daily limit is reached: 17 of 17 recipients. "
        "It goes on by itself on 19 November 2026 at 00:00 (UTC)."
    )
    assert used(kind="daily") == (17, 0)


def test_a_batch_is_claimed_in_part_and_the_rest_waits_for_its_release(sending: Sending) -> None:
    limit(sending, monthly_limit=6)
    dispatch = ready(sending)
    held = claim(1)

    assert len(held.parcels) == 6
    assert used(kind="monthly") == (0, 6)
    assert outbox.claim_next("engine", 2) is None
    dispatch.refresh_from_db()
    assert dispatch.state == Dispatch.State.RUNNING  # what is reserved may come back
    outbox.release(1)
    assert used(kind="monthly") == (0, 0)
    assert [parcel.id for parcel in claim(3).parcels] == [parcel.id for parcel in held.parcels]


def test_who_was_tried_counts_once_whatever_came_of_it(sending: Sending) -> None:
    limit(sending, daily_limit=100)
    ready(sending)
    held = claim(1)
    tried = (Result.ACCEPTED, Result.DEFERRED, Result.FAILED, Result.UNCERTAIN)
    settle(held, *tried, Result.UNTOUCHED)
    outbox.settle("engine", 1, [], skipped=[held.parcels[5].id])
    assert used(kind="daily") == (4, 4)
    outbox.release(1)
    assert used(kind="daily") == (4, 0)
    assert Delivery.objects.filter(first_attempt_at__isnull=False).count() == 4


def test_who_is_tried_again_counts_no_second_time(sending: Sending, clock: DatabaseClock) -> None:
    limit(sending, daily_limit=10)
    dispatch = ready(sending)
    settle(claim(1), *[Result.DEFERRED] * 10)
    outbox.release(1)
    assert outbox.claim_next("engine", 2) is None
    dispatch.refresh_from_db()
    assert dispatch.state == Dispatch.State.HELD

    sweep.bring_back_due(clock.set("2026-11-18T13:00+00:00"))
    again = claim(3)
    assert len(again.parcels) == 10
    assert outbox.watch(again, again.parcels).go_on
    settle(again, *[Result.ACCEPTED] * 10)
    outbox.release(3)
    assert counted(dispatch) == {"accepted": 10, "pending": 15}
    assert used(kind="daily") == (10, 0)


def test_the_tightest_of_several_limits_decides(sending: Sending) -> None:
    services.change_group(SYSTEM, sending.account.group, daily_limit=12, lifetime_limit=40)
    limit(sending, monthly_limit=5)
    dispatch = ready(sending)
    assert send_all() == 5
    dispatch.refresh_from_db()
    assert dispatch.reason.startswith("The monthly limit is reached: 5 of 5 recipients.")
    assert "1 December 2026 at 00:00" in dispatch.reason
    assert {row.kind: row.used for row in Quota.objects.all()} == dict.fromkeys(Kind, 5)


def test_after_midnight_it_goes_on_by_itself(sending: Sending, clock: DatabaseClock) -> None:
    limit(sending, daily_limit=10)
    dispatch = ready(sending)
    send_all()
    assert windows.resume_what_has_room(clock.set("2026-11-18T23:59:59+00:00")) == 0
    assert windows.resume_what_has_room(clock.set("2026-11-19T00:00+00:00")) == 1
    assert send_all(100) == 10
    assert counted(dispatch) == {"accepted": 20, "pending": 5}
    assert used(period="2026-11-18") == used(period="2026-11-19") == (10, 0)


def test_a_day_is_the_accounts_own(sending: Sending, clock: DatabaseClock) -> None:
    limit(sending, daily_limit=10, time_zone="Asia/Tokyo")
    clock.set("2026-11-18T14:59+00:00")
    dispatch = ready(sending)
    send_all()
    dispatch.refresh_from_db()
    assert "19 November 2026 at 00:00 (Asia/Tokyo)" in dispatch.reason
    assert windows.resume_what_has_room(clock.set("2026-11-18T15:00+00:00")) == 1


def test_a_claim_across_the_months_end_counts_where_it_was_reserved(
    sending: Sending, clock: DatabaseClock
) -> None:
    limit(sending, daily_limit=10, monthly_limit=12)
    dispatch = ready(sending)
    clock.set("2026-11-30T23:59:59.900+00:00")
    before = claim(1)
    clock.set("2026-12-01T00:00:00.100+00:00")
    after = claim(2)
    settle(before, *[Result.ACCEPTED] * 7)
    settle(after, *[Result.ACCEPTED] * 10)
    assert (used(period="2026-11-30"), used(period="2026-12-01")) == ((7, 3), (10, 0))
    outbox.release(1)
    outbox.release(2)
    assert (used(period="2026-11"), used(period="2026-12")) == ((7, 0), (10, 0))
    assert used(period="2026-11-30") == (7, 0)
    assert outbox.claim_next("engine", 3) is None
    assert counted(dispatch) == {"accepted": 17, "pending": 8}


def test_nobody_gains_a_day_by_moving_the_account_around_the_world(
    sending: Sending, clock: DatabaseClock
) -> None:
    limit(sending, daily_limit=4)
    ready(sending)
    sent: list[int] = []
    for zone in ("Etc/GMT+12", "Pacific/Kiritimati") * 3:
        limit(sending, time_zone=zone)
        windows.resume_what_has_room(clock.now)
        sent.append(send_all(len(sent) * 100 + 1))
    assert sent == [4, 0, 0, 0, 0, 0]  # it is tomorrow there, since before the first of them


def test_a_dead_engines_reservation_comes_back_or_is_counted(sending: Sending) -> None:
    limit(sending, daily_limit=10)
    dispatch = ready(sending)
    held = claim(1)
    outbox.recover("engine", 1, [], lost=[held.parcels[0].id])  # its journal was found
    assert used(kind="daily") == (1, 0)
    assert len(claim(2).parcels) == 9
    sweep.expire_leases(database_now().replace(year=2027))  # nothing of it was ever found
    assert used(kind="daily") == (10, 0)
    assert counted(dispatch) == {"uncertain": 10, "pending": 15}


def test_a_limit_counts_what_was_sent_before_it_was_set(
    sending: Sending, clock: DatabaseClock
) -> None:
    ready(sending)
    settle(claim(1), *[Result.ACCEPTED] * 10)
    outbox.release(1)
    clock.set("2026-11-19T10:00+00:00")
    settle(claim(2), *[Result.ACCEPTED] * 3)
    outbox.release(2)
    limit(sending, daily_limit=5, monthly_limit=1000, lifetime_limit=2000)
    shown = quotas.standings(sending.account, clock.now)
    assert shown == [
        Standing(Kind.DAILY, 5, 3),
        Standing(Kind.MONTHLY, 1000, 13),
        Standing(Kind.LIFETIME, 2000, 13),
    ]
    assert len(claim(3).parcels) == 2
    assert used(kind="lifetime") == (13, 2)


def test_a_raised_limit_lets_it_go_on_and_a_lowered_one_holds_it(sending: Sending) -> None:
    limit(sending, lifetime_limit=10)
    dispatch = ready(sending)
    send_all()
    dispatch.refresh_from_db()
    assert dispatch.reason.endswith("It can go on when the operator raises the limit.")
    assert windows.resume_what_has_room(database_now()) == 0
    limit(sending, lifetime_limit=12)
    assert windows.resume_what_has_room(database_now()) == 1
    assert send_all(50) == 2
    limit(sending, lifetime_limit=11)
    assert windows.resume_what_has_room(database_now()) == 0
    limit(sending, lifetime_limit=0)
    assert windows.resume_what_has_room(database_now()) == 1
    assert send_all(90) == 13
    assert counted(dispatch) == {"accepted": MEMBERS}


def test_it_waits_for_a_person_where_the_owner_chose_so(
    sending: Sending, clock: DatabaseClock
) -> None:
    limit(sending, daily_limit=10)
    dispatch = ready(sending)
    Dispatch.objects.update(goes_on_by_itself=False)
    send_all()
    dispatch.refresh_from_db()
    assert "It can be resumed on 19 November 2026" in dispatch.reason
    assert windows.resume_what_has_room(clock.set("2026-11-19T09:00+00:00")) == 0


def test_each_change_of_a_level_is_announced_once(sending: Sending, clock: DatabaseClock) -> None:
    limit(sending, daily_limit=10)
    ready(sending)
    held = claim(1)
    for parcels in (held.parcels[:7], held.parcels[7:8], held.parcels[8:9], held.parcels[9:]):
        done = [Outcome(p.id, Result.ACCEPTED, Stage.END, 250, "", "Ok") for p in parcels]
        outbox.settle("engine", 1, done)
    assert announced() == ["limit.warning daily", "limit.exceeded daily"]
    told = Event.objects.filter(kind="limit.exceeded").get().payload
    assert told == {"limit": "daily", "period": "2026-11-18", "used": 10, "cap": 10}

    assert windows.tell_what_calmed_down(clock.now) == 0
    limit(sending, daily_limit=12)
    for _ in range(2):
        windows.tell_what_calmed_down(clock.now)
    assert announced()[2:] == ["limit.warning daily"]
    clock.set("2026-11-19T00:00+00:00")
    for _ in range(2):
        windows.tell_what_calmed_down(clock.now)
    assert announced()[3:] == ["limit.ok daily"]


def test_owners_read_of_each_change(sending: Sending, clock: DatabaseClock, owner: User) -> None:
    limit(sending, daily_limit=10)
    ready(sending)
    held = claim(1)
    for parcels in (held.parcels[:8], held.parcels[8:]):
        done = [Outcome(p.id, Result.ACCEPTED, Stage.END, 250, "", "Ok") for p in parcels]
        outbox.settle("engine", 1, done)
    while handle_some():
        pass
    told = Notice.objects.filter(user=owner).order_by("pk")
    assert [each.subject.partition(": ")[2] for each in told] == [
        "80 % of the daily limit is used",
        "The daily limit is reached: campaigns wait",
    ]
    assert "All 10 recipients are used." in told[1].text
    assert f"/a/{sending.account.slug}/settings/limits/" in told[1].text


def test_a_window_that_ended_says_nothing_after_the_next_one_spoke_up(
    sending: Sending, clock: DatabaseClock
) -> None:
    limit(sending, daily_limit=10)
    ready(sending)
    send_all()
    windows.resume_what_has_room(clock.set("2026-11-19T00:00+00:00"))
    send_all(100)
    windows.tell_what_calmed_down(clock.now)
    assert announced()[-1] == "limit.exceeded daily"
    assert not Quota.objects.filter(period="2026-11-18").exclude(level="ok").exists()


def test_old_days_are_forgotten_and_months_are_kept(sending: Sending, clock: DatabaseClock) -> None:
    limit(sending, daily_limit=100, monthly_limit=100)
    ready(sending)
    send_all()
    windows.forget_old_days()
    assert Quota.objects.count() == 2
    Quota.objects.update(created_at="2026-01-01T00:00:00+00:00")
    windows.forget_old_days()
    assert Quota.objects.get().kind == "monthly"


def test_a_suspended_accounts_held_dispatch_is_paused_for_a_person(
    sending: Sending, clock: DatabaseClock
) -> None:
    limit(sending, daily_limit=10)
    dispatch = ready(sending)
    settle(claim(1), *[Result.DEFERRED] * 10)
    outbox.release(1)
    assert outbox.claim_next("engine", 2) is None
    standing.change(SYSTEM, sending.account, Account.Status.SUSPENDED, "Unpaid")
    sweep.bring_back_due(clock.set("2026-11-19T13:00+00:00"))
    assert outbox.claim_next("engine", 3) is None
    dispatch.refresh_from_db()
    assert dispatch.state == Dispatch.State.PAUSED
    assert windows.resume_what_has_room(clock.now) == 0
