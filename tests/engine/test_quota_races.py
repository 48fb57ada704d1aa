"""Four engines with eight threads each at a limit, dying at random: to the recipient (F15)."""

import random
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from typing import ParamSpec, TypeVar

import pytest
from django.conf import LazySettings
from django.db import OperationalError, connections
from django.db.models import Count, Sum

from posthouse.accounts import access, services
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account
from posthouse.core.delivery.replies import Stage
from posthouse.core.delivery.states import Result
from posthouse.core.smtp.messages import Outcome
from posthouse.deliveries import outbox, sweep, windows
from posthouse.deliveries.fan_out import fan_out_next
from posthouse.deliveries.models import Batch, Delivery, Dispatch, Quota
from posthouse.deliveries.outbox import Claim, Parcel
from tests.clock import DatabaseClock, database_clock
from tests.sending import counted, make_sending

ENGINES, THREADS = 4, 8
MEMBERS, DISPATCHES = 450, 4
DAILY, MONTHLY = 403, 1_000  # neither divides into batches of 30
HANGING = 120.0

P = ParamSpec("P")
Answer = TypeVar("Answer")
End = Callable[[str, Claim, random.Random], None]


@pytest.fixture
def clock(transactional_db: None) -> Iterator[DatabaseClock]:
    with database_clock() as clock:
        yield clock


@pytest.fixture
def dispatches(
    clock: DatabaseClock, account: Account, settings: LazySettings
) -> Iterator[list[Dispatch]]:
    """Four dispatches of one account that between them could reach almost twice its month."""
    settings.BATCH_SIZE = 30
    services.change_account(
        SYSTEM,
        account,
        daily_limit=DAILY,
        monthly_limit=MONTHLY,
        lifetime_limit=10_000,
        time_zone="America/Havana",
    )
    with access.across_tenants():
        sending = make_sending(account, MEMBERS)
        made = [sending.dispatch() for _ in range(DISPATCHES)]
        while fan_out_next():
            pass
        yield made


# ------------------------------------------------------------------------- what becomes of a claim


def outcomes(parcels: tuple[Parcel, ...], chance: random.Random) -> list[Outcome]:
    """Mostly accepted; some refused, put off, lost, or not even started."""
    results = chance.choices(list(Result), weights=[80, 5, 5, 5, 5], k=len(parcels))
    return [
        Outcome(parcel.id, result, Stage.END, 0, "", "")
        for parcel, result in zip(parcels, results, strict=True)
    ]


def deliver(engine: str, claim: Claim, chance: random.Random) -> None:
    """All of it, in two settlings, but for somebody who left."""
    first, rest = claim.parcels[:1], claim.parcels[1:]
    half = chance.randint(0, len(rest))
    outbox.settle(engine, claim.token, outcomes(rest[:half], chance), [one.id for one in first])
    outbox.settle(engine, claim.token, outcomes(rest[half:], chance))
    outbox.release(claim.token)


def hand_back(engine: str, claim: Claim, chance: random.Random) -> None:
    """The server rests: some was sent, the rest is not touched."""
    some = claim.parcels[: chance.randint(0, len(claim.parcels))]
    outbox.settle(engine, claim.token, outcomes(some, chance))
    outbox.release(claim.token)


def die_with_journal(engine: str, claim: Claim, chance: random.Random) -> None:
    """kill -9, and the next engine reads what it had noted."""
    some = chance.randint(0, len(claim.parcels))
    lost = [one.id for one in claim.parcels[some : some + 2]]
    outbox.recover(engine, claim.token, outcomes(claim.parcels[:some], chance), lost)


def die_with_host(engine: str, claim: Claim, chance: random.Random) -> None:
    """Nothing is ever found of it; its lease is over, and sometimes the journal turns up late."""
    some = claim.parcels[: chance.randint(0, len(claim.parcels))]
    outbox.settle(engine, claim.token, outcomes(some, chance))
    Batch.objects.filter(claim=claim.token).update(lease_until="2026-01-01T00:00:00+00:00")
    if chance.random() < 0.5:
        outbox.recover(engine, claim.token, outcomes(claim.parcels, chance), [])


ENDS: tuple[End, ...] = (deliver, deliver, deliver, hand_back, die_with_journal, die_with_host)


# ---------------------------------------------------------------------------------------- the race


class Race:
    """Engines and housekeeping, until nothing moves any more."""

    def __init__(self, clock: DatabaseClock) -> None:
        self.clock, self.tokens = clock, count(1)
        self.claims = 0
        self.over = threading.Event()
        self.errors: list[BaseException] = []
        self.after_claims: dict[int, Callable[[], None]] = {}

    def run(self) -> None:
        """Everybody works until all is held or done; raises what went wrong in a thread."""
        self.over.clear()
        jobs = [(self._engine, number) for number in range(ENGINES * THREADS)]
        threads = [
            threading.Thread(target=self._guarded, args=job)
            for job in [*jobs, (self._housekeeping, -1)]
        ]
        for thread in threads:
            thread.start()
        ended = self.over.wait(HANGING)
        self.over.set()
        for thread in threads:
            thread.join()
        if self.errors:
            raise self.errors[0]
        assert ended, f"it never came to rest: {windows_used()}"

    def _guarded(self, job: Callable[[random.Random, int], None], number: int) -> None:
        try:
            with access.across_tenants():
                job(random.Random(number), number)
        except BaseException as error:  # noqa: BLE001 - raised by run()
            self.errors.append(error)
            self.over.set()
        finally:
            connections.close_all()

    def _engine(self, chance: random.Random, number: int) -> None:
        engine = f"engine-{number % ENGINES}"
        while not self.over.is_set():
            token = next(self.tokens)
            claim = patiently(outbox.claim_next, engine, token)
            if claim is None:
                self.over.wait(0.01)
                continue
            self.claims += 1
            if act := self.after_claims.pop(self.claims, None):
                act()
            end = chance.choice(ENDS)
            patiently(end, engine, claim, random.Random(chance.random()))

    def _housekeeping(self, _chance: random.Random, _number: int) -> None:
        """What is due is due at once; ends the race when nothing waits but at a limit."""
        far = timedelta(days=9)
        while not self.over.is_set():
            patiently(sweep.expire_leases, self.clock.now)
            patiently(sweep.bring_back_due, self.clock.now + far)
            patiently(sweep.close_finished)
            if not self._moves():
                self.over.set()
            self.over.wait(0.02)

    def _moves(self) -> bool:
        running = Dispatch.objects.filter(state=Dispatch.State.RUNNING)
        claimed = Batch.objects.filter(state=Batch.State.CLAIMED)
        waiting = Delivery.objects.filter(state__in=["deferred", "uncertain", "sending"])
        again = Batch.objects.filter(state=Batch.State.PENDING, again=True)
        return any(rows.exists() for rows in (running, claimed, waiting, again))


def patiently(ask: Callable[P, Answer], *args: P.args, **kwargs: P.kwargs) -> Answer:
    """As the engine's store does: what the database refuses is asked again."""
    for _ in range(100):
        try:
            return ask(*args, **kwargs)
        except OperationalError as refused:
            if "deadlock" in str(refused):  # locks are always taken in one order
                raise
            connections.close_all()
    raise AssertionError("the database refuses")


def windows_used() -> dict[str, tuple[int, int]]:
    """Used and reserved, by window."""
    rows = Quota.objects.values_list("period", "used", "reserved")
    return {period: (used, reserved) for period, used, reserved in rows}


def tried() -> int:
    return Delivery.objects.filter(first_attempt_at__isnull=False).count()


def assert_books_agree(dispatches: list[Dispatch]) -> None:
    """Nothing is on its way, and every window's recipients are as many as were tried."""
    for dispatch in dispatches:
        counted(dispatch)
    days = Quota.objects.filter(kind="daily").aggregate(used=Sum("used"), held=Sum("reserved"))
    assert days == {"used": tried(), "held": 0}
    assert not Quota.objects.exclude(reserved=0).exists()
    doubled = Delivery.objects.values("dispatch", "normalised").annotate(n=Count("pk"))
    assert not doubled.filter(n__gt=1).exists()


# --------------------------------------------------------------------------------------- the tests


def test_the_day_the_next_day_and_the_month_are_used_to_the_last_recipient(
    dispatches: list[Dispatch], clock: DatabaseClock
) -> None:
    race = Race(clock)
    clock.set("2026-11-28T20:00-05:00")
    race.run()
    assert windows_used() == {
        "2026-11-28": (DAILY, 0),
        "2026-11": (DAILY, 0),
        "ever": (DAILY, 0),
    }
    assert tried() == DAILY
    assert {one.state for one in Dispatch.objects.all()} == {Dispatch.State.HELD}

    assert windows.resume_what_has_room(clock.set("2026-11-29T00:00-05:00")) == DISPATCHES
    race.run()
    assert windows_used()["2026-11-29"] == (DAILY, 0)
    windows.resume_what_has_room(clock.set("2026-11-30T00:00-05:00"))
    race.run()
    assert windows_used()["2026-11-30"] == (MONTHLY - 2 * DAILY, 0)
    assert windows_used()["2026-11"] == (MONTHLY, 0)
    assert_books_agree(dispatches)


def test_midnight_and_the_months_end_strike_while_all_of_them_hold_claims(
    dispatches: list[Dispatch], clock: DatabaseClock
) -> None:
    race = Race(clock)
    clock.set("2026-11-30T23:59:59-05:00")

    def strike() -> None:
        clock.set("2026-12-01T00:00:00-05:00")
        windows.resume_what_has_room(clock.now)

    race.after_claims[12] = strike
    race.run()
    windows.resume_what_has_room(clock.now)  # whoever was held for November a moment before
    race.run()
    used = windows_used()
    assert used["2026-12-01"] == used["2026-12"] == (DAILY, 0)
    assert used["2026-11-30"] == used["2026-11"]
    assert 0 < used["2026-11"][0] <= DAILY
    assert tried() == used["ever"][0] == used["2026-11"][0] + DAILY
    assert_books_agree(dispatches)


def test_a_limit_that_is_lifted_lets_everybody_through_once(
    dispatches: list[Dispatch], account: Account, clock: DatabaseClock
) -> None:
    race = Race(clock)
    race.run()
    services.change_account(SYSTEM, account, daily_limit=0, monthly_limit=0, lifetime_limit=0)
    assert windows.resume_what_has_room(clock.now) == DISPATCHES
    race.run()
    assert {one.state for one in Dispatch.objects.all()} == {Dispatch.State.DONE}
    assert windows_used()["ever"] == (DAILY, 0)
    for dispatch in dispatches:
        assert sum(counted(dispatch).values()) == MEMBERS
