"""Housekeeping of limits: what has room again goes on, ended windows are OK, old ones go."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction

from posthouse.accounts.limits import limits_of
from posthouse.accounts.models import Account
from posthouse.core.routing.quotas import Kind, Level, level, period
from posthouse.deliveries import quotas, services
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.models import Dispatch, Quota

_AT_ONCE: Final = 200
_DAYS_KEPT: Final = timedelta(days=92)


def resume_what_has_room(now: datetime) -> int:
    """Resumes what is held at a limit and may go on by itself; how many dispatches.

    Looks at what is left, not at the clock: a raised limit counts like a new day.
    """
    held = Dispatch.objects.filter(state=Dispatch.State.HELD, goes_on_by_itself=True)
    of_account: dict[Account, list[Dispatch]] = defaultdict(list)
    for dispatch in held.select_related("account__group").order_by("pk"):
        of_account[dispatch.account].append(dispatch)
    resumed = 0
    for account, dispatches in of_account.items():
        if _has_room(account, now):
            resumed += sum(_resume(dispatch) for dispatch in dispatches)
    return resumed


def _has_room(account: Account, now: datetime) -> bool:
    return all(standing.left for standing in quotas.standings(account, now))


def _resume(dispatch: Dispatch) -> bool:
    try:
        services.resume(dispatch)
    except services.DispatchRefused:  # a person was faster
        return False
    return True


def tell_what_calmed_down(now: datetime) -> int:
    """Announces levels that fell without a recipient: a window ended, a limit was raised."""
    loud = Quota.objects.exclude(level=Level.OK).select_related("account__group").order_by("pk")
    changed = [row.pk for row in loud.iterator() if _level_now(row, now) != row.level]
    for pk in changed[:_AT_ONCE]:
        with transaction.atomic():
            row = loud.select_for_update(of=("self",)).filter(pk=pk).first()
            if row is not None:
                _tell(row, now)
    return len(changed)


def _tell(row: Quota, now: datetime) -> None:
    found = _level_now(row, now)
    if found == row.level:
        return
    row.level = found
    row.cap = limits_of(row.account).get(Kind(row.kind), row.cap)
    row.save(update_fields=["level", "cap"])
    louder = Quota.objects.filter(account=row.account, kind=row.kind).exclude(level=Level.OK)
    if found != Level.OK or not louder.exists():  # the new window may have spoken up already
        quotas.announce(row)


def _level_now(row: Quota, now: datetime) -> Level:
    """Of a window that is over or a limit that is gone: OK."""
    kind, zone = Kind(row.kind), ZoneInfo(row.account.time_zone)
    cap = limits_of(row.account).get(kind)
    if cap is None or row.period != period(kind, now, zone):
        return Level.OK
    return level(row.used, cap)


def forget_old_days() -> bool:
    """Forgets days of long ago, some hundred a call; months and lifetimes are few."""
    before = database_now() - _DAYS_KEPT
    old = Quota.objects.filter(kind=Kind.DAILY, created_at__lt=before, level=Level.OK, reserved=0)
    found = list(old.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE])
    Quota.objects.filter(pk__in=found).delete()
    return len(found) == _AT_ONCE
