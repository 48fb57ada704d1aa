"""Counts what the installation sends, by minute, hour and day: written when results settle.

Each engine has rows of its own, so that none waits for another; a picture adds them up.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import connection
from django.db.models import Sum

from posthouse.core.delivery.states import DeliveryState
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.models import Volume

_COUNTED = (DeliveryState.ACCEPTED, DeliveryState.DEFERRED, DeliveryState.FAILED)
_COUNT = """
INSERT INTO deliveries_volume (per, begins, engine, accepted, deferred, failed)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (per, begins, engine) DO UPDATE SET
accepted = deliveries_volume.accepted + excluded.accepted,
deferred = deliveries_volume.deferred + excluded.deferred,
failed = deliveries_volume.failed + excluded.failed
"""


class Per(StrEnum):
    """A length of time that is counted; days are UTC's."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"

    @property
    def seconds(self) -> int:
        return _SECONDS[self]

    @property
    def each(self) -> str:
        """``a minute``, ``an hour``, ``a day``."""
        return f"an {self}" if self is Per.HOUR else f"a {self}"

    @property
    def shown(self) -> int:
        """How many of them a picture shows; as many again are kept."""
        return _SHOWN[self]


_SECONDS = {Per.MINUTE: 60, Per.HOUR: 3_600, Per.DAY: 86_400}
_SPANS = {Per.MINUTE: "hour", Per.HOUR: "two days", Per.DAY: "30 days"}
_SHOWN = {Per.MINUTE: 60, Per.HOUR: 48, Per.DAY: 30}


@dataclass(frozen=True, slots=True)
class Series:
    """Messages in each of the last minutes, hours or days, the oldest first, by how they ended."""

    per: Per
    begins: tuple[int, ...]  # seconds since 1970
    accepted: tuple[int, ...]
    deferred: tuple[int, ...]
    failed: tuple[int, ...]

    @property
    def total(self) -> int:
        """Accepted in all of it."""
        return sum(self.accepted)

    @property
    def span(self) -> str:
        """The whole time, in words."""
        return _SPANS[self.per]

    @property
    def highest(self) -> int:
        """Accepted in the best of them."""
        return max(self.accepted)


def count(engine: str, moves: Iterable[tuple[str, str, int]], now: datetime) -> None:
    """Adds results to the present minute, hour and day, in the caller's transaction."""
    found: Counter[str] = Counter()
    for _, after, number in moves:
        found[after] += number
    numbers = [found[state] for state in _COUNTED]
    if any(numbers):
        moment = int(now.timestamp())
        rows = [(per.value, _begin(per, moment), engine, *numbers) for per in Per]
        with connection.cursor() as cursor:
            cursor.executemany(_COUNT, rows)


def series() -> list[Series]:
    """What was sent in the last hour, two days and month; one query for each."""
    moment = int(database_now().timestamp())
    return [_series(per, moment) for per in Per]


def forget_old() -> bool:
    """Forgets minutes and hours that no picture shows any more; days stay."""
    moment = int(database_now().timestamp())
    for per in (Per.MINUTE, Per.HOUR):
        kept = _begin(per, moment) - 2 * per.shown * per.seconds
        Volume.objects.filter(per=per, begins__lt=kept).delete()
    return False


def _series(per: Per, moment: int) -> Series:
    last = _begin(per, moment)
    begins = tuple(range(last - (per.shown - 1) * per.seconds, last + 1, per.seconds))
    sums = (Sum("accepted"), Sum("deferred"), Sum("failed"))
    rows = Volume.objects.filter(per=per, begins__gte=begins[0]).order_by()
    known = {begin: numbers for begin, *numbers in rows.values_list("begins").annotate(*sums)}
    columns = zip(*(known.get(begin, (0, 0, 0)) for begin in begins), strict=True)
    return Series(per, begins, *(tuple(column) for column in columns))


def _begin(per: Per, moment: int) -> int:
    return moment - moment % per.seconds
