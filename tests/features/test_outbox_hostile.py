"""The outbox when things come late, twice or broken: nothing hangs, nothing is sent unseen."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from posthouse.accounts import access
from posthouse.accounts.models import Account
from posthouse.core.delivery.replies import Stage
from posthouse.core.delivery.states import Result
from posthouse.core.smtp.messages import Outcome
from posthouse.deliveries import outbox, services, sweep
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.fan_out import fan_out_next
from posthouse.deliveries.models import Batch, Delivery, Dispatch
from posthouse.deliveries.outbox import Claim
from posthouse.domains.models import SenderDomain
from posthouse.servers import services as servers
from tests.sending import Sending, counted, make_sending


@pytest.fixture
def sending(account: Account, settings: pytest.FixtureRequest) -> Iterator[Sending]:
    settings.BATCH_SIZE = 10
    with access.across_tenants():
        yield make_sending(account, members=25)


def started(sending: Sending) -> Dispatch:
    dispatch = sending.dispatch()
    while fan_out_next():
        pass
    return dispatch


def claim(token: int = 1) -> Claim:
    found = outbox.claim_next("engine-1", token)
    assert found is not None
    return found


def all_as(held: Claim, result: Result) -> list[Outcome]:
    return [Outcome(p.id, result, Stage.END, 0, "", "") for p in held.parcels]


def expire() -> None:
    sweep.expire_leases(database_now() + timedelta(hours=1))


def test_messages_taken_back_after_the_lease_ended_are_sent_again_at_once(sending: Sending) -> None:
    dispatch = started(sending)
    held = claim()
    expire()
    outbox.settle("engine-1", held.token, all_as(held, Result.UNTOUCHED))
    outbox.release(held.token)
    assert counted(dispatch) == {"deferred": 10, "pending": 15}

    sweep.bring_back_due(database_now() + timedelta(seconds=1))
    sizes = [len(claim(token).parcels) for token in (2, 3, 4)]
    assert sorted(sizes) == [5, 10, 10]
    assert not Delivery.objects.filter(losses__gt=0).exists()


def test_a_claim_asked_for_twice_with_one_token_holds_one_batch(sending: Sending) -> None:
    dispatch = started(sending)
    claim(1)
    claim(1)

    assert Batch.objects.filter(state="claimed").count() == 1
    assert counted(dispatch) == {"pending": 15, "sending": 10}


def test_a_lease_renewed_in_time_is_left_alone(sending: Sending) -> None:
    dispatch = started(sending)
    held = claim()
    Batch.objects.filter(pk=held.batch_id).update(lease_until=database_now() - timedelta(hours=1))
    outbox.renew("engine-1", [held.token])
    sweep.expire_leases(database_now())

    assert counted(dispatch) == {"pending": 15, "sending": 10}


@pytest.mark.parametrize("what", ["account", "domain", "server"])
def test_what_loses_its_standing_in_mid_batch_stops_before_the_next_slice(
    sending: Sending, what: str
) -> None:
    dispatch = started(sending)
    held = claim()
    assert outbox.watch(held, held.parcels).go_on
    if what == "account":
        Account.objects.update(status=Account.Status.SUSPENDED)
    elif what == "domain":
        SenderDomain.objects.update(status=SenderDomain.Status.DISABLED)
    else:
        servers.pause(sending.server, servers.FOREVER, "The operator paused it.")
    assert not outbox.watch(held, held.parcels).go_on
    outbox.release(held.token)

    assert outbox.claim_next("engine-1", 2) is None
    dispatch.refresh_from_db()
    waits = Dispatch.State.RUNNING if what == "server" else Dispatch.State.PAUSED
    assert dispatch.state == waits
    assert bool(dispatch.reason) == (what != "server")


def test_a_dispatch_that_has_no_route_for_reasons_unknown_keeps_nobody_else_waiting(
    sending: Sending,
) -> None:
    broken = sending.dispatch()
    Dispatch.objects.filter(pk=broken.pk).update(channel="pigeon")
    good = started(sending)

    assert claim().dispatch_id == good.pk
    broken.refresh_from_db()
    assert broken.state == Dispatch.State.PAUSED
    assert "pigeon" in broken.reason


def test_an_uncertain_delivery_of_a_cancelled_dispatch_is_not_called_unsent(
    sending: Sending,
) -> None:
    dispatch = started(sending)
    held = claim()
    outbox.settle("engine-1", held.token, all_as(held, Result.UNCERTAIN))
    outbox.release(held.token)
    services.cancel(dispatch, "A person cancelled it.")
    sweep.sweep()

    assert counted(dispatch) == {"skipped": 25}
    assert Delivery.objects.filter(said__startswith="Perhaps delivered").count() == 10
    assert not Batch.objects.exclude(state=Batch.State.SETTLED).exists()


def test_a_pause_that_nobody_is_left_to_acknowledge_is_acknowledged_by_the_sweep(
    sending: Sending,
) -> None:
    dispatch = started(sending)
    Dispatch.objects.filter(pk=dispatch.pk).update(state=Dispatch.State.PAUSING)
    sweep.sweep()

    dispatch.refresh_from_db()
    assert dispatch.state == Dispatch.State.PAUSED
