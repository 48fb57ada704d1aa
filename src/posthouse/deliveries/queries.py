"""Send engines and the queue, as operators see them; and what accounts use of their limits."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Min, QuerySet, Sum

from posthouse.accounts.models import Account
from posthouse.core.channels import Channel
from posthouse.core.routing.quotas import Kind, Standing, ends
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.engines import is_gone
from posthouse.deliveries.models import Batch, Dispatch, Engine
from posthouse.deliveries.quotas import standings

NOT_ANSWERING = "not answering"
_WINDOWS = {Kind.DAILY: "Today", Kind.MONTHLY: "This month", Kind.LIFETIME: "Ever"}
IN_MOTION = (Dispatch.State.RUNNING, Dispatch.State.PAUSING)


@dataclass(frozen=True, slots=True)
class EngineLine:
    """A send engine, the state it seems to be in, and since when."""

    engine: Engine
    state: str
    since: datetime

    @property
    def works(self) -> bool:
        """Does it send, as far as anybody can tell?"""
        return self.state == Engine.State.RUNNING

    @property
    def is_in_trouble(self) -> bool:
        """Is it silent, or had it an error since it started?"""
        return self.state == NOT_ANSWERING or (self.works and bool(self.engine.last_error))


@dataclass(frozen=True, slots=True)
class ChannelQueue:
    """What waits in one channel; ``waited`` is the age of the oldest batch."""

    channel: Channel
    batches: int
    waited: timedelta | None
    pending: int
    sending: int
    deferred: int
    uncertain: int


@dataclass(frozen=True, slots=True)
class Use:
    """What an account has used of one limit; ``begins_anew`` is None for a lifetime."""

    label: str
    standing: Standing
    begins_anew: datetime | None


def uses_of(account: Account) -> list[Use]:
    """The account's limits in their present windows; empty: it has none."""
    now, zone = database_now(), ZoneInfo(account.time_zone)
    return [
        Use(_WINDOWS[one.kind], one, ends(one.kind, now, zone)) for one in standings(account, now)
    ]


def engines() -> list[EngineLine]:
    """All engines that have ever shown themselves, by name; a silent one is not answering."""
    now = database_now()
    return [_line(row, now) for row in Engine.objects.order_by("name")]


def in_motion() -> QuerySet[Dispatch]:
    """Dispatches that engines work on, the oldest first: they were promised first."""
    return Dispatch.objects.filter(state__in=IN_MOTION).select_related("account").order_by("pk")


def queue() -> list[ChannelQueue]:
    """Each channel with what waits in it: batches to claim, and messages by state."""
    batches, messages, now = _batches_by_channel(), _messages_by_channel(), database_now()
    found = []
    for channel in Channel:
        count, oldest = batches.get(channel, (0, None))
        totals = messages.get(channel, (0, 0, 0, 0))
        found.append(ChannelQueue(channel, count, now - oldest if oldest else None, *totals))
    return found


def _batches_by_channel() -> dict[str, tuple[int, datetime]]:
    """How many batches may be claimed, and since when the oldest may."""
    rows = Batch.objects.filter(state=Batch.State.PENDING, dispatch__state=Dispatch.State.RUNNING)
    counted = rows.values_list("dispatch__channel").annotate(Count("pk"), Min("created_at"))
    return {channel: (count, oldest) for channel, count, oldest in counted}


def _messages_by_channel() -> dict[str, tuple[int, int, int, int]]:
    """Messages that are pending, sending, deferred, uncertain."""
    sums = (Sum("pending"), Sum("sending"), Sum("deferred"), Sum("uncertain"))
    rows = in_motion().order_by().values_list("channel").annotate(*sums)
    return {channel: (a, b, c, d) for channel, a, b, c, d in rows}


def _line(engine: Engine, now: datetime) -> EngineLine:
    if is_gone(engine, now):
        return EngineLine(engine, NOT_ANSWERING, engine.heartbeat_at)
    if engine.state == Engine.State.STOPPED:
        return EngineLine(engine, engine.state, engine.heartbeat_at)
    return EngineLine(engine, engine.state, engine.started_at)
