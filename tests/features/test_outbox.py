"""The outbox: fan-out, claim, settle, release, recovery, sweep; counters always equal the rows."""

import random
from collections.abc import Iterator
from datetime import timedelta

import pytest

from posthouse.accounts import access
from posthouse.accounts.models import Account, Event
from posthouse.audience.models import ListMembership, Subscriber, Suppression
from posthouse.core.delivery.replies import Stage
from posthouse.core.delivery.states import Result
from posthouse.core.smtp.messages import Outcome
from posthouse.deliveries import outbox, services, sweep
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.fan_out import fan_out_next
from posthouse.deliveries.models import Attempt, Batch, Delivery, Dispatch
from posthouse.deliveries.outbox import Claim
from posthouse.domains.models import SenderDomain
from posthouse.servers import pauses
from tests.sending import Sending, counted, make_sending


@pytest.fixture
def sending(account: Account, settings: pytest.FixtureRequest) -> Iterator[Sending]:
    settings.BATCH_SIZE = 10
    with access.across_tenants():
        yield make_sending(account, members=25)


def fan_out() -> None:
    while fan_out_next():
        pass


def claim(token: int = 1) -> Claim:
    found = outbox.claim_next("engine-1", token)
    assert found is not None
    return found


def outcomes(of: Claim, result: Result, code: int = 250) -> list[Outcome]:
    return [Outcome(p.id, result, Stage.END, code, "2.0.0", "Ok") for p in of.parcels]


def test_fan_out_makes_a_row_for_each_member_in_batches(sending: Sending) -> None:
    dispatch = sending.dispatch()
    fan_out()

    assert counted(dispatch) == {"pending": 25}
    assert list(Batch.objects.order_by("id").values_list("size", flat=True)) == [10, 10, 5]
    assert dispatch.fanned_out


def test_fan_out_skips_the_suppressed_and_leaves_out_who_left(sending: Sending) -> None:
    people = list(Subscriber.objects.order_by("id"))
    Suppression.objects.create(normalised=people[0].normalised, reason="complained")
    Suppression.objects.create(
        normalised=people[1].normalised, account=sending.account, reason="bounced"
    )
    Suppression.objects.create(
        normalised=people[2].normalised,
        account=sending.account,
        list=sending.list,
        reason="unsubscribed",
    )
    ListMembership.objects.filter(subscriber=people[3]).update(status="unsubscribed")
    dispatch = sending.dispatch()
    fan_out()

    assert counted(dispatch) == {"pending": 21, "skipped": 2}


def test_fan_out_wound_back_does_not_double_anybody(sending: Sending) -> None:
    dispatch = sending.dispatch()
    fan_out()
    Dispatch.objects.filter(pk=dispatch.pk).update(fanned_out=False, fan_out_after=0)
    fan_out()

    assert counted(dispatch) == {"pending": 25}


def test_a_batch_is_claimed_once(sending: Sending) -> None:
    dispatch = sending.dispatch()
    fan_out()
    claims = [outbox.claim_next("engine", token) for token in range(1, 5)]

    assert [len(found.parcels) if found else 0 for found in claims] == [10, 10, 5, 0]
    assert counted(dispatch) == {"sending": 25}


def test_settled_to_the_last_row_the_dispatch_is_done_and_says_so_once(sending: Sending) -> None:
    dispatch = sending.dispatch()
    fan_out()
    for token in (1, 2, 3):
        held = claim(token)
        outbox.settle("engine-1", token, outcomes(held, Result.ACCEPTED))
        outbox.release(token)

    assert counted(dispatch) == {"accepted": 25}
    assert dispatch.state == Dispatch.State.DONE
    assert dispatch.done_at is not None
    assert Event.objects.filter(kind="dispatch.done").count() == 1
    assert Attempt.objects.count() == 25


def test_a_late_engine_cannot_write_over_another_claim(sending: Sending) -> None:
    sending.dispatch()
    fan_out()
    first = claim(1)
    outbox.release(1)
    second = claim(2)
    assert {p.id for p in first.parcels} == {p.id for p in second.parcels}
    outbox.settle("late", 1, outcomes(first, Result.FAILED, 550))

    assert not Delivery.objects.filter(state="failed").exists()


def test_who_leaves_after_the_claim_is_seen_before_the_slice(sending: Sending) -> None:
    sending.dispatch()
    fan_out()
    held = claim()
    gone, suppressed = held.parcels[2], held.parcels[4]
    ListMembership.objects.filter(subscriber_id=gone.subscriber_id).update(status="unsubscribed")
    Suppression.objects.create(
        normalised=suppressed.normalised, account=sending.account, reason="complained"
    )
    watch = outbox.watch(held, held.parcels)

    assert watch.go_on
    assert watch.left == {gone.id, suppressed.id}


def test_a_pause_is_acknowledged_when_nothing_is_on_its_way(sending: Sending) -> None:
    dispatch = sending.dispatch()
    fan_out()
    held = claim()
    services.pause(dispatch, "A person paused it.")
    assert dispatch.state == Dispatch.State.PAUSING
    assert not outbox.watch(held, held.parcels).go_on
    outbox.settle("engine-1", 1, outcomes(held, Result.ACCEPTED)[:4])
    outbox.release(1)

    assert counted(dispatch) == {"accepted": 4, "pending": 21}
    assert dispatch.state == Dispatch.State.PAUSED
    assert outbox.claim_next("engine-1", 9) is None
    services.resume(dispatch)
    assert outbox.claim_next("engine-1", 10) is not None


def test_cancelled_rows_are_skipped_and_never_claimed(sending: Sending) -> None:
    dispatch = sending.dispatch()
    fan_out()
    services.cancel(dispatch, "A person cancelled it.")
    assert outbox.claim_next("engine-1", 1) is None
    sweep.sweep()

    assert counted(dispatch) == {"skipped": 25}


def test_a_dead_engines_journal_separates_sent_unsent_and_uncertain(sending: Sending) -> None:
    dispatch = sending.dispatch()
    fan_out()
    held = claim()
    replied = outcomes(held, Result.ACCEPTED)[:3]
    lost = [parcel.id for parcel in held.parcels[3:5]]
    outbox.recover("engine-1", held.token, replied, lost)

    assert counted(dispatch) == {"accepted": 3, "uncertain": 2, "pending": 20}
    outbox.recover("engine-1", held.token, replied, lost)
    assert counted(dispatch) == {"accepted": 3, "uncertain": 2, "pending": 20}


def test_without_a_journal_an_expired_claim_is_uncertain_until_the_journal_turns_up(
    sending: Sending,
) -> None:
    dispatch = sending.dispatch()
    fan_out()
    held = claim()
    sweep.expire_leases(database_now() + timedelta(days=1))
    assert counted(dispatch) == {"uncertain": 10, "pending": 15}

    outbox.recover("engine-1", held.token, outcomes(held, Result.ACCEPTED)[:6], [])
    assert counted(dispatch) == {"accepted": 6, "uncertain": 4, "pending": 15}


def test_a_journal_found_late_can_end_the_dispatch(sending: Sending) -> None:
    dispatch = sending.dispatch()
    fan_out()
    held = [claim(token) for token in (1, 2, 3)]
    sweep.expire_leases(database_now() + timedelta(days=1))
    for found in held:
        outbox.recover("engine-1", found.token, outcomes(found, Result.ACCEPTED), [])
    sweep.sweep()

    assert counted(dispatch) == {"accepted": 25}
    assert dispatch.state == Dispatch.State.DONE


def test_an_uncertain_delivery_is_sent_once_more_and_then_left(sending: Sending) -> None:
    dispatch = sending.dispatch()
    fan_out()
    held = claim()
    outbox.settle("engine-1", 1, outcomes(held, Result.UNCERTAIN, 0))
    outbox.release(1)
    assert counted(dispatch)["uncertain"] == 10
    sweep.bring_back_due(database_now() + timedelta(days=1))
    assert counted(dispatch) == {"pending": 25}

    for token in (2, 3, 4):
        again = claim(token)
        outbox.settle("engine-1", token, outcomes(again, Result.UNCERTAIN, 0))
        outbox.release(token)
    assert counted(dispatch) == {"uncertain": 15, "failed": 10}


def test_a_deferred_delivery_comes_back_and_keeps_its_history(sending: Sending) -> None:
    dispatch = sending.dispatch()
    fan_out()
    held = claim()
    outbox.settle("engine-1", 1, outcomes(held, Result.DEFERRED, 451))
    outbox.release(1)
    assert sweep.bring_back_due(database_now()) == 0
    sweep.bring_back_due(database_now() + timedelta(days=1))

    assert counted(dispatch) == {"pending": 25}
    assert Attempt.objects.filter(result="deferred").count() == 10
    assert Delivery.objects.filter(attempts=1, first_attempt_at__isnull=False).count() == 10


def test_a_domain_that_is_no_longer_enabled_pauses_the_dispatch_with_the_reason(
    sending: Sending,
) -> None:
    dispatch = sending.dispatch()
    fan_out()
    SenderDomain.objects.update(status=SenderDomain.Status.SUSPENDED)
    assert outbox.claim_next("engine-1", 1) is None
    dispatch.refresh_from_db()

    assert dispatch.state == Dispatch.State.PAUSED
    assert "Suspended" in dispatch.reason


def test_a_paused_server_is_not_claimed_for(sending: Sending) -> None:
    sending.dispatch()
    fan_out()
    pauses.pause(sending.server.pk, "421 Too many connections", database_now())
    assert outbox.claim_next("engine-1", 1) is None
    pauses.well(sending.server.pk)

    assert outbox.claim_next("engine-1", 2) is not None


def test_two_dispatches_take_turns(sending: Sending) -> None:
    first, second = sending.dispatch(), sending.dispatch()
    fan_out()
    order = [claim(token).dispatch_id for token in range(1, 5)]

    assert order == [first.pk, second.pk, first.pk, second.pk]


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_nobody_is_lost_and_counters_equal_rows(
    sending: Sending, seed: int
) -> None:
    chance = random.Random(seed)
    dispatch = sending.dispatch()
    fan_out()
    held: dict[int, Claim] = {}
    for token in range(1, 60):
        deed = chance.choice(["claim", "settle", "die", "expire", "due", "pause", "resume"])
        if deed == "claim" and (found := outbox.claim_next("engine", token)):
            held[token] = found
        elif deed in {"settle", "die"} and held:
            key, found = held.popitem()
            some = chance.sample(found.parcels, chance.randint(0, len(found.parcels)))
            results = [chance.choice(list(Result)) for _ in some]
            told = [
                Outcome(p.id, r, Stage.END, 250, "", "") for p, r in zip(some, results, strict=True)
            ]
            rest = [p.id for p in found.parcels if p not in some]
            if deed == "die":
                outbox.recover("engine", key, told, chance.sample(rest, len(rest) // 2))
            else:
                outbox.settle("engine", key, told)
                outbox.release(key)
        elif deed == "expire":
            sweep.expire_leases(database_now() + timedelta(hours=chance.choice([0, 1])))
            held.clear()
        elif deed == "due":
            sweep.bring_back_due(database_now() + timedelta(days=1))
        elif deed == "pause" and dispatch.state == Dispatch.State.RUNNING:
            services.pause(dispatch, "")
        elif deed == "resume" and dispatch.state in {"pausing", "paused"}:
            services.resume(dispatch)
        assert sum(counted(dispatch).values()) == 25
