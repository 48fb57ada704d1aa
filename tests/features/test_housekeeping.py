"""Housekeeping: what fails rests, and nothing else waits for it; one leads at a time."""

import threading
from datetime import timedelta

import pytest

from posthouse.accounts import access, audit
from posthouse.accounts.models import Account, Event
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.fan_out import fan_out_next
from posthouse.deliveries.models import Dispatch
from posthouse.housekeeping import events, leases, process
from posthouse.housekeeping.models import Lease
from tests.sending import make_list, make_sending


def test_an_event_whose_handler_raises_does_not_keep_the_others(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    audit.announce("dispatch.done", account)  # without the number that its handler asks for
    audit.announce("dispatch.done", account, dispatch=0)
    with access.across_tenants():
        resting: events.Resting = {}
        assert events.handle_some(resting)
        handled = [event.handled_at is not None for event in Event.objects.order_by("id")]
        assert handled == [False, True]
        assert not events.handle_some(resting)
    assert "it is tried again" in caplog.text


def test_ten_recipients_do_not_wait_for_the_many(
    account: Account, settings: pytest.FixtureRequest
) -> None:
    settings.BATCH_SIZE = 10
    with access.across_tenants():
        sending = make_sending(account, members=100)
        many = sending.dispatch()
        assert fan_out_next()
        few = sending.dispatch()
        Dispatch.objects.filter(pk=few.pk).update(list_ids=[make_list(account, 10).pk])
        assert fan_out_next()
        few.refresh_from_db()
        many.refresh_from_db()
    assert (few.pending, many.pending) == (10, 10)


def test_a_dispatch_that_cannot_be_fanned_out_is_passed_over(account: Account) -> None:
    with access.across_tenants():
        sending = make_sending(account, members=5)
        broken, good = sending.dispatch(), sending.dispatch()
        Dispatch.objects.filter(pk=broken.pk).update(list_ids=5)
        while not good.fanned_out:
            assert fan_out_next()
            good.refresh_from_db()
        assert good.pending == 5
        assert not fan_out_next()


def test_one_leads_until_its_lease_ends(db: None) -> None:
    assert leases.hold("h", "one", 10)
    assert not leases.hold("h", "two", 10)
    Lease.objects.update(until=database_now() - timedelta(seconds=1))
    assert leases.hold("h", "two", 10)
    assert not leases.hold("h", "one", 10)
    leases.let_go("h", "two")
    assert leases.hold("h", "one", 10)


def test_every_job_of_every_lane_runs(db: None) -> None:
    """With nothing to do each says so, and none raises."""
    with access.across_tenants():
        for lane in process.lanes(threading.Event()):
            assert [job.name for job in lane if job.run()] == []
