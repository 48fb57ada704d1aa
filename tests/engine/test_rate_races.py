"""Lots taken by four engines with eight threads each, some of which die: never above the rate."""

import random
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connections

from posthouse.accounts import access
from posthouse.deliveries import rates
from posthouse.servers.models import DeliveryServer, ServerPace
from posthouse.servers.rates import standings
from tests.clock import DatabaseClock, database_clock
from tests.engine.test_quota_races import patiently
from tests.sending import make_server

THREADS, RATE = 32, 1_003


@pytest.fixture
def clock(transactional_db: None) -> Iterator[DatabaseClock]:
    with database_clock() as clock:
        yield clock


class Engines:
    """Threads that take until nothing is left; what was started, and what was lost with them."""

    def __init__(self, server: DeliveryServer) -> None:
        self.server = server
        self.started = self.lost = 0
        self.errors: list[BaseException] = []
        self._lock = threading.Lock()

    def run(self) -> None:
        threads = [threading.Thread(target=self._guarded, args=(n,)) for n in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.errors:
            raise self.errors[0]

    def _guarded(self, number: int) -> None:
        try:
            with access.across_tenants():
                self._take(random.Random(number))
        except BaseException as error:  # noqa: BLE001 - raised by run()
            self.errors.append(error)
        finally:
            connections.close_all()

    def _take(self, chance: random.Random) -> None:
        while (permits := patiently(rates.take, self.server.pk, chance.randint(1, 40))).granted:
            count, dies = chance.randint(0, permits.granted), chance.random() < 0.1
            with self._lock:
                self.started += count
                self.lost += (permits.granted - count) * dies
            if dies:
                continue
            patiently(rates.give_back, self.server.pk, permits, permits.granted - count)


def test_all_of_a_rate_is_used_or_lost_and_nothing_beyond_it(clock: DatabaseClock) -> None:
    server = make_server(rate_per_minute=RATE, rate_per_day=3 * RATE - 10)
    engines = Engines(server)
    for minute, most in enumerate([RATE, RATE, RATE - 10, 0], start=1):
        before = engines.started + engines.lost
        engines.run()
        assert 0 <= most - (engines.started + engines.lost - before) <= THREADS * 40
        assert engines.started + engines.lost <= min(minute * RATE, 3 * RATE - 10)
        clock.set((clock.now + timedelta(seconds=65)).isoformat())
    # Whoever found nothing while the others still held something stopped: ask once more.
    engines.run()
    assert engines.started + engines.lost == 3 * RATE - 10
    (day,) = [one for one in standings(server, clock.now) if one.per == "day"]
    assert (day.used, day.is_reached) == (3 * RATE - 10, True)


def test_a_server_without_rates_gives_whatever_is_asked_and_writes_nothing(
    clock: DatabaseClock,
) -> None:
    server = make_server()
    assert rates.take(server.pk, 77).granted == 77
    assert not ServerPace.objects.exists()


def test_permits_of_a_deleted_server_are_nobodys_trouble(clock: DatabaseClock) -> None:
    server = make_server(rate_per_minute=5)
    permits = rates.take(server.pk, 5)
    pk = server.pk
    server.delete()
    rates.give_back(pk, permits, 5)
    assert rates.take(pk, 1).granted == 1
