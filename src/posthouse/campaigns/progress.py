"""How far a campaign has come: counts, rate, expected end, reasons, and single deliveries."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Exists, Min, OuterRef, QuerySet

from posthouse.accounts.access import Missing
from posthouse.campaigns.models import Campaign
from posthouse.core.delivery.states import UNFINISHED, DeliveryState
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.models import Attempt, Delivery, Dispatch

WINDOW: Final = timedelta(seconds=10)  # of the rate: long enough to be calm, short enough to live
_NEWEST: Final = 3_000  # attempts of the account that the rate is read from
_LOOKED_AT: Final = 20_000  # deliveries that were not sent, for their reasons
_REASONS_SHOWN: Final = 10

_STATES: Final = tuple(str(state) for state in DeliveryState)
_NOT_SENT: Final = (
    DeliveryState.FAILED,
    DeliveryState.DEFERRED,
    DeliveryState.UNCERTAIN,
    DeliveryState.SKIPPED,
)
_SUPPRESSED: Final = "The address is suppressed: it must not be mailed."
_ADDRESS = re.compile(r"<?[^\s<>@]+@[^\s<>@]+>?")


@dataclass(frozen=True, slots=True)
class Progress:
    """Recipients by state; ``rate`` in messages a second; ``ends_in`` in seconds."""

    counts: Mapping[str, int]
    total: int
    gathering: bool  # the audience is still being turned into deliveries
    rate: float
    ends_in: float | None

    @property
    def decided(self) -> int:
        """Recipients of whom nothing more is expected."""
        return self.total - self.waiting

    @property
    def waiting(self) -> int:
        """Recipients who may still get it."""
        return sum(self.counts[state] for state in UNFINISHED)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some were not sent: the same words (addresses apart) for so many."""

    state: str
    words: str
    count: int


def counts_of(dispatch: Dispatch | None) -> dict[str, int]:
    """Recipients by delivery state."""
    return {state: getattr(dispatch, state) if dispatch else 0 for state in _STATES}


def progress_of(campaign: Campaign) -> Progress:
    """Where a campaign stands now."""
    dispatch = campaign.dispatch
    counts = counts_of(dispatch)
    known = sum(counts.values())
    gathering = dispatch is not None and not dispatch.fanned_out and not campaign.has_ended
    total = max(known, campaign.expected) if gathering else known
    if gathering:
        counts["pending"] += total - known
    rate = 0.0
    if dispatch is not None and not campaign.has_ended:
        rate = rate_of(dispatch, database_now())
    soon = counts["pending"] + counts["sending"]
    return Progress(counts, total, gathering, rate, soon / rate if rate and soon else None)


def rate_of(dispatch: Dispatch, now: datetime) -> float:
    """Attempts a second in the last seconds, from the account's newest attempts."""
    newest = Attempt.objects.filter(account=dispatch.account_id).order_by("-pk")
    own = Delivery.objects.filter(pk=OuterRef("delivery_id"), dispatch=dispatch)
    since = max(now - WINDOW, dispatch.created_at)
    recent = Attempt.objects.filter(
        Exists(own), pk__in=newest.values("pk")[:_NEWEST], at__gt=since
    ).aggregate(count=Count("pk"), first=Min("at"))
    if not recent["count"]:
        return 0.0
    if recent["count"] >= _NEWEST // 2:  # what was read may not reach back to the beginning
        since = recent["first"]
    return float(recent["count"] / max((now - since).total_seconds(), 0.1))


def reasons(dispatch: Dispatch) -> list[Reason]:
    """Why recipients did not get it (yet), in the servers' words, most frequent first."""
    not_sent = Delivery.objects.filter(dispatch=dispatch, state__in=_NOT_SENT).order_by("-pk")
    rows = Delivery.objects.filter(pk__in=not_sent.values("pk")[:_LOOKED_AT])
    found: Counter[tuple[str, str]] = Counter()
    for state, said, count in rows.values_list("state", "said").annotate(n=Count("pk")).order_by():
        found[state, _ADDRESS.sub("<address>", said) or _SUPPRESSED] += count
    return [Reason(*key, count) for key, count in found.most_common(_REASONS_SHOWN)]


def deliveries(campaign: Campaign, state: str = "", words: str = "") -> QuerySet[Delivery]:
    """The campaign's deliveries, narrowed to a state and to addresses with these words."""
    rows = Delivery.objects.filter(dispatch=campaign.dispatch_id)
    if state:
        rows = rows.filter(state=state)
    return rows.filter(normalised__contains=words.strip().lower()) if words.strip() else rows


def find_delivery(campaign: Campaign, public_id: str) -> Delivery:
    """One of the campaign's deliveries, or access.Missing."""
    number = public_id.removeprefix("dlv_")
    row = None
    if public_id.startswith("dlv_") and re.fullmatch("[0-9a-f]{1,15}|[0-7][0-9a-f]{15}", number):
        row = deliveries(campaign).filter(pk=int(number, 16)).first()
    if row is None:
        raise Missing("delivery", public_id)
    return row


def story(delivery: Delivery) -> list[Attempt]:
    """Every try at a delivery, oldest first, with the servers' own words."""
    return list(Attempt.objects.filter(delivery_id=delivery.pk).order_by("at", "pk"))
