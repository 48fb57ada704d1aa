"""Counters by state of a dispatch, and by day of its sender domain, moved as the rows are moved."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.db.models import F

from posthouse.accounts import audit
from posthouse.core.delivery.states import UNFINISHED, DeliveryState
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.models import Dispatch
from posthouse.domains import volume

Moves = Iterable[tuple[str, str, int]]  # from state ("" for a new row), to state, how many


def move(dispatch_id: int, moves: Moves) -> None:
    """Counts rows out of one state and into another."""
    change: Counter[str] = Counter()
    for before, after, count in moves:
        change[before] -= count
        change[after] += count
    del change[""]
    if any(change.values()):
        values = {state: F(state) + count for state, count in change.items() if count}
        Dispatch.objects.filter(pk=dispatch_id).update(**values)


def count_volume(dispatch: Dispatch, moves: Moves, now: datetime) -> None:
    """Adds what was accepted to the sender domain's day. Nothing ever leaves that state again."""
    accepted = sum(count for _, after, count in moves if after == DeliveryState.ACCEPTED)
    if accepted and dispatch.sender_domain_id:
        volume.count(dispatch.account_id, dispatch.sender_domain_id, now, accepted)


def close_if_done(dispatch_id: int) -> bool:
    """Ends a running dispatch that has nobody left to mail, and tells its origin so, once."""
    nobody_left = {str(state): 0 for state in UNFINISHED}
    closed = Dispatch.objects.filter(
        pk=dispatch_id, state=Dispatch.State.RUNNING, fanned_out=True, **nobody_left
    ).update(state=Dispatch.State.DONE, done_at=database_now())
    if closed:
        _tell(dispatch_id, "dispatch.done")
    return bool(closed)


def close_pause(dispatch_id: int) -> None:
    """A pausing dispatch is paused once nothing of it is on its way."""
    if Dispatch.objects.filter(pk=dispatch_id, state=Dispatch.State.PAUSING, sending=0).update(
        state=Dispatch.State.PAUSED
    ):
        _tell(dispatch_id, "dispatch.paused")


def _tell(dispatch_id: int, kind: str) -> None:
    dispatch = Dispatch.objects.select_related("account").get(pk=dispatch_id)
    audit.announce(kind, dispatch.account, dispatch=dispatch_id, reason=dispatch.reason)
