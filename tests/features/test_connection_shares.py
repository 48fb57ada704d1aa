"""A server's connections are shared out among the engines that are alive."""

from datetime import timedelta

import pytest

from posthouse.deliveries import engines
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.models import Engine

pytestmark = pytest.mark.django_db


def shares(connections: int) -> list[int]:
    names = Engine.objects.order_by("name").values_list("name", flat=True)
    return [engines.share_of(name, connections, database_now()) for name in names]


def test_shares_add_up_to_all_connections_and_nobody_has_none() -> None:
    for number in range(4):
        engines.register(f"e{number}", "here", 1)
    assert shares(10) == [3, 3, 2, 2]
    assert shares(4) == [1, 1, 1, 1]
    assert shares(1) == [1, 1, 1, 1]


def test_who_stopped_or_fell_silent_leaves_its_part_to_the_others() -> None:
    for name in ("e0", "e1", "e2"):
        engines.register(name, "here", 1)
    engines.stopped("e1")
    long_ago = database_now() - engines.GONE_AFTER - timedelta(seconds=1)
    Engine.objects.filter(name="e2").update(heartbeat_at=long_ago)
    assert engines.share_of("e0", 10, database_now()) == 10
