"""An engine's permits: asked for when mail waits, given back unused, and who waits for them."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from django.db import connections
from django.utils import timezone

from posthouse.engine.pacing import LONG_SECONDS, Pace
from posthouse.engine.store import Store
from posthouse.servers.models import DeliveryServer
from posthouse.servers.rates import standings
from tests.engine.pools import until
from tests.sending import make_server

pytestmark = pytest.mark.django_db(transaction=True)


class Mail:
    """How much waits for permits, and how often it was woken."""

    def __init__(self, waiting: int) -> None:
        self.waiting, self.woken = waiting, 0

    def wake(self) -> None:
        self.woken += 1


def paced(
    server: DeliveryServer, mail: Mail, body: Callable[[Pace, Store], Awaitable[None]]
) -> None:
    async def whole() -> None:
        store = Store()
        try:
            await body(Pace(store, server.pk, lambda: mail.waiting, mail.wake), store)
        finally:
            await store.ask(connections.close_all)
            store.close()

    asyncio.run(whole())


def used(server: DeliveryServer) -> list[int]:
    return [one.used for one in standings(server, timezone.now())]


def test_what_is_not_used_in_time_is_given_back() -> None:
    server, mail = make_server(rate_per_second=50, rate_per_day=500), Mail(30)

    async def body(pace: Pace, store: Store) -> None:
        assert pace.allowed() == 0
        await until(lambda: pace.allowed() == 30)
        assert mail.woken == 1
        for _ in range(4):
            pace.use()
        mail.waiting = 0
        while (await store.ask(used, server))[-1] != 4:  # noqa: ASYNC110 - there is no event
            await asyncio.sleep(0.01)
        assert pace.allowed() == 0

    paced(server, mail, body)


def test_nothing_is_asked_while_nothing_waits() -> None:
    server, mail = make_server(rate_per_day=5), Mail(0)

    async def body(pace: Pace, store: Store) -> None:
        pace.allowed()
        await until(lambda: mail.woken)
        assert await store.ask(used, server) == [0]

    paced(server, mail, body)


def test_at_a_full_server_nobody_waits_for_long_and_at_a_tight_one_only_the_first() -> None:
    server, mail = make_server(rate_per_day=1), Mail(2)

    async def body(pace: Pace, _store: Store) -> None:
        with pace.visited_by("first"), pace.visited_by("second"):
            assert not pace.turns_away("second")
            pace.allowed()
            await until(lambda: pace.allowed() == 1)
            pace.use()
            pace.allowed()
            await until(lambda: pace.wait > LONG_SECONDS)
            assert pace.turns_away("first")
            assert pace.turns_away()
            pace._opens_at -= pace.wait  # it has opened this moment
            assert not pace.turns_away("first")
            assert pace.turns_away("second")
            assert pace.turns_away()
        assert not pace.turns_away()

    paced(server, mail, body)
