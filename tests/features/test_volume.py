"""What the installation sends by minute, hour and day: counted as results settle."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from posthouse.accounts import access
from posthouse.accounts.models import Account
from posthouse.core.delivery.replies import Stage
from posthouse.core.delivery.states import Result
from posthouse.core.smtp.messages import Outcome
from posthouse.deliveries import outbox, volume
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.fan_out import fan_out_next
from posthouse.deliveries.models import Volume
from posthouse.deliveries.volume import Per
from tests.sending import make_sending


@pytest.fixture(autouse=True)
def everywhere(db: None) -> Iterator[None]:
    with access.across_tenants():
        yield


def test_results_are_counted_once_by_how_they_ended(account: Account) -> None:
    make_sending(account, members=10).dispatch()
    while fan_out_next():
        pass
    held = outbox.claim_next("engine-1", 1)
    assert held is not None
    results = [Result.ACCEPTED] * 6 + [Result.FAILED] * 3 + [Result.DEFERRED]
    told = [
        Outcome(parcel.id, result, Stage.END, 250, "", "")
        for parcel, result in zip(held.parcels, results, strict=True)
    ]
    for engine in ("engine-1", "engine-1", "late"):
        outbox.settle(engine, 1, told)

    for series in volume.series():
        assert (series.total, sum(series.failed), sum(series.deferred)) == (6, 3, 1)
        assert len(series.begins) == series.per.shown


def test_engines_are_added_up_and_quiet_times_are_zero() -> None:
    now = database_now()
    for engine, hours in (("a", 0), ("b", 0), ("a", 5), ("a", 47), ("a", 48)):
        volume.count(engine, [("sending", "accepted", 10)], now - timedelta(hours=hours))
    hours = next(one for one in volume.series() if one.per is Per.HOUR)

    assert hours.accepted[-1] == 20
    assert hours.accepted[-6] == hours.accepted[0] == 10
    assert (hours.total, hours.highest) == (40, 20)


def test_what_no_picture_shows_is_forgotten_but_days_stay() -> None:
    now = database_now()
    for days in (0, 1, 30, 300):
        volume.count("a", [("sending", "accepted", 1)], now - timedelta(days=days))
    volume.forget_old()

    kept = Volume.objects.order_by("per").values_list("per", flat=True)
    assert list(kept) == ["day"] * 4 + ["hour"] * 2 + ["minute"]
