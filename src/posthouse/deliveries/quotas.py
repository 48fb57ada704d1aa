"""What claims take of an account's limits and give back: exact, whoever claims at the same time.

The row of a window is locked by whoever moves it, as the last lock of its transaction: batch,
deliveries, dispatch, quotas. ``reserved`` is always the number of deliveries that are *sending*
under a claim which names the row, and were never tried before; a recipient who is tried, with
whatever result, moves to ``used``, once and for good.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from posthouse.accounts import audit
from posthouse.accounts.limits import limits_of
from posthouse.accounts.models import Account
from posthouse.core.routing.quotas import (
    Kind,
    Level,
    Limits,
    Standing,
    begins,
    explain,
    goes_on,
    level,
    period,
)
from posthouse.deliveries.models import Delivery, Dispatch, Quota


class LimitReached(Exception):
    """Nothing is left, and nothing will come back before a window begins anew."""

    def __init__(self, reached: Sequence[Standing], now: datetime, zone: ZoneInfo) -> None:
        self.reached, self.moment = reached, goes_on(reached, now, zone)
        self._zone = zone
        super().__init__(self.sentence(by_itself=True))

    def sentence(self, *, by_itself: bool) -> str:
        """What a person reads, who chose whether it goes on by itself."""
        return explain(self.reached, self.moment, self._zone, by_itself=by_itself)


class LimitAwaited(Exception):
    """Nothing is left now, but other claims hold a part that may come back: it waits."""


@dataclass(frozen=True, slots=True)
class Room:
    """What a claim may take: so many recipients, counted in these rows."""

    granted: int
    quotas: tuple[int, ...]


def reserve(account_id: int, wanted: int, now: datetime) -> Room:
    """Takes room for at most ``wanted`` recipients (1 or more), in a transaction.

    Raises LimitReached or LimitAwaited where there is room for nobody.
    """
    account = Account.objects.select_related("group").get(pk=account_id)
    limits, zone = limits_of(account), ZoneInfo(account.time_zone)
    rows = _locked(account, limits, now, zone)
    standings = [_standing(row, limits) for row in rows]
    granted = min([wanted, *(standing.left for standing in standings)])
    if granted < 1:
        reached = [standing for standing in standings if standing.is_reached]
        raise LimitReached(reached, now, zone) if reached else LimitAwaited
    for row in rows:
        row.reserved += granted
        _keep(row, cap=limits[Kind(row.kind)])
    return Room(granted, tuple(row.pk for row in rows))


def settle(quota_ids: Collection[int], *, tried: int, returned: int) -> None:
    """Counts recipients who were tried, and gives back the place of those who were not."""
    if not quota_ids or not (tried or returned):
        return
    rows = Quota.objects.select_for_update(of=("self",)).select_related("account")
    for row in rows.filter(pk__in=quota_ids).order_by("pk"):
        row.used += tried
        row.reserved -= tried + returned
        _keep(row, cap=row.cap)


def standings(account: Account, now: datetime) -> list[Standing]:
    """What is used of each of the account's limits in its present window."""
    limits, zone = limits_of(account), ZoneInfo(account.time_zone)
    names = [period(kind, now, zone) for kind in limits]
    rows = {row.kind: row for row in Quota.objects.filter(account=account, period__in=names)}
    return [
        _standing(rows[kind], limits)
        if kind in rows
        else Standing(kind, cap, _recounted(account, kind, now, zone))
        for kind, cap in limits.items()
    ]


def demand_room(account: Account, now: datetime) -> None:
    """Raises LimitReached where a claim would be refused for good."""
    reached = [standing for standing in standings(account, now) if standing.is_reached]
    if reached:
        raise LimitReached(reached, now, ZoneInfo(account.time_zone))


def _standing(row: Quota, limits: Limits) -> Standing:
    kind = Kind(row.kind)
    return Standing(kind, limits[kind], row.used, row.reserved)


def _locked(account: Account, limits: Limits, now: datetime, zone: ZoneInfo) -> list[Quota]:
    """The rows of the present windows; what is missing is made by whoever comes first."""
    names = {kind: period(kind, now, zone) for kind in limits}
    of_now = Quota.objects.filter(account=account, period__in=names.values())
    rows = of_now.select_for_update(of=("self",)).select_related("account").order_by("pk")
    found = list(rows)
    missing = [kind for kind in limits if kind not in {row.kind for row in found}]
    if not missing:
        return found
    Quota.objects.bulk_create(
        (
            Quota(
                account=account,
                kind=kind,
                period=names[kind],
                cap=limits[kind],
                used=_recounted(account, kind, now, zone),
            )
            for kind in missing
        ),
        ignore_conflicts=True,
    )
    return list(rows.all())


def _recounted(account: Account, kind: Kind, now: datetime, zone: ZoneInfo) -> int:
    """Recipients tried in the window before anybody counted: the limit is newer than the mail.

    Only dispatches that were claimed from in the window are looked at: mostly there is none.
    """
    tried = Delivery.objects.filter(account=account, first_attempt_at__isnull=False)
    begun = begins(kind, now, zone)
    if begun is not None:
        recent = Dispatch.objects.filter(account=account, last_claim_at__gte=begun)
        tried = tried.filter(
            dispatch__in=list(recent.values_list("pk", flat=True)), first_attempt_at__gte=begun
        )
    return tried.count()


def _keep(row: Quota, *, cap: int) -> None:
    """Saves a locked row, and says so when it came to another level."""
    row.cap = cap
    reached = level(row.used, row.cap)
    if reached != row.level:
        row.level = reached
        announce(row)
    row.save(update_fields=["used", "reserved", "cap", "level"])


def announce(row: Quota) -> None:
    """``limit.warning``, ``limit.exceeded`` or ``limit.ok``, for webhooks and notices."""
    audit.announce(
        f"limit.{Level(row.level)}",
        row.account,
        limit=row.kind,
        period=row.period,
        used=row.used,
        cap=row.cap,
    )
