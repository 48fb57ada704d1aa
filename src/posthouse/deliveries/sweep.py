"""Housekeeping of the outbox: what engines left behind, what is due again, what was cancelled."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from posthouse.core.delivery.replies import Stage
from posthouse.core.delivery.states import UNFINISHED, DeliveryState, Result
from posthouse.core.smtp.messages import Outcome
from posthouse.deliveries import ledger, outbox
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.ids import BLOCK
from posthouse.deliveries.models import SENDABLE, Batch, Delivery, Dispatch

_AT_ONCE = 20  # batches a call, so that one call never holds the database for long
_ROWS_AT_ONCE = 5000
_AFTER_CANCEL = {
    DeliveryState.PENDING: "The dispatch was cancelled.",
    DeliveryState.DEFERRED: "The dispatch was cancelled before it was tried again.",
    DeliveryState.UNCERTAIN: "Perhaps delivered; the dispatch was cancelled before it was resent.",
}
_LOST = "The engine that had claimed it is gone, and so is its journal."


def sweep() -> int:
    """One round of everything; the number of batches it touched."""
    now = database_now()
    return expire_leases(now) + bring_back_due(now) + skip_cancelled() + close_finished()


def expire_leases(now: datetime) -> int:
    """Claims whose lease ended: with their journal lost, every row that was out is uncertain.

    A journal that turns up later (the host came back) still puts right what has not been resent.
    """
    expired = Batch.objects.filter(state=Batch.State.CLAIMED, lease_until__lt=now)
    found = list(expired.order_by("lease_until").values_list("pk", flat=True)[:_AT_ONCE])
    for pk in found:
        with transaction.atomic():
            # Asked again with the row in hand: its engine may have renewed or released it since.
            batch = expired.select_for_update().filter(pk=pk).first()
            if batch is not None:
                _give_up_claim(batch)
    return len(found)


def _give_up_claim(batch: Batch) -> None:
    token = batch.claim or 0
    out = Delivery.objects.filter(batch_id=batch.pk, claim=token, state=DeliveryState.SENDING)
    lost = [
        Outcome(pk, Result.UNCERTAIN, Stage.END, 0, "", _LOST)
        for pk in out.values_list("pk", flat=True)
    ]
    outbox.settle(batch.engine, token, lost)
    outbox.release(token)


def bring_back_due(now: datetime) -> int:
    """Puts deferred and uncertain deliveries that are due into new batches of their dispatch."""
    due = Delivery.objects.filter(
        state__in=[DeliveryState.DEFERRED, DeliveryState.UNCERTAIN],
        next_attempt_at__lte=now,
        dispatch__state__in=SENDABLE,
    )
    dispatches = due.order_by("next_attempt_at").values_list("dispatch_id", flat=True)
    chosen = list(dict.fromkeys(dispatches[: 10 * _AT_ONCE]))[:_AT_ONCE]
    for dispatch_id in chosen:
        with transaction.atomic():
            _batch_again(dispatch_id, now)
    return len(chosen)


def _batch_again(dispatch_id: int, now: datetime) -> None:
    waiting = [DeliveryState.DEFERRED, DeliveryState.UNCERTAIN]
    rows = list(
        Delivery.objects.select_for_update()
        .filter(dispatch_id=dispatch_id, state__in=waiting, next_attempt_at__lte=now)
        .order_by("next_attempt_at")[: min(settings.BATCH_SIZE, BLOCK)]
        .values_list("pk", "state", "account_id")
    )
    if not rows:
        return
    batch = Batch.objects.create(
        account_id=rows[0][2],
        dispatch_id=dispatch_id,
        size=len(rows),
        again=True,
        priority=Dispatch.objects.values_list("priority", flat=True).get(pk=dispatch_id),
    )
    ids = [pk for pk, _, _ in rows]
    Delivery.objects.filter(pk__in=ids).update(
        batch_id=batch.pk, state=DeliveryState.PENDING, claim=None, next_attempt_at=None
    )
    ledger.move(dispatch_id, [(state, "pending", 1) for _, state, _ in rows])


def skip_cancelled() -> int:
    """Marks what still waits of cancelled dispatches as skipped, some thousand rows a call."""
    cancelled = Dispatch.objects.filter(state=Dispatch.State.CANCELLED)
    unfinished = cancelled.exclude(pending=0, deferred=0, uncertain=0).order_by("pk")
    found = list(unfinished.values_list("pk", flat=True)[:_AT_ONCE])
    for dispatch_id in found:
        with transaction.atomic():
            _skip_waiting(dispatch_id)
    return len(found)


def _skip_waiting(dispatch_id: int) -> None:
    # Batches first: everybody locks batch, deliveries, dispatch in this order.
    batches = Batch.objects.filter(dispatch_id=dispatch_id, state=Batch.State.PENDING)
    list(batches.select_for_update().order_by("pk").values_list("pk"))
    waiting = Delivery.objects.filter(dispatch_id=dispatch_id, state__in=_AFTER_CANCEL)
    rows = list(
        waiting.select_for_update().order_by("pk").values_list("pk", "state")[:_ROWS_AT_ONCE]
    )
    for state, said in _AFTER_CANCEL.items():
        ids = [pk for pk, before in rows if before == state]
        Delivery.objects.filter(pk__in=ids).update(state=DeliveryState.SKIPPED, said=said)
        ledger.move(dispatch_id, [(state, "skipped", len(ids))])
    if len(rows) < _ROWS_AT_ONCE:
        batches.update(state=Batch.State.SETTLED)


def close_finished() -> int:
    """Ends dispatches whose last row was put right outside a claim (by a journal found late).

    And acknowledges pauses whose last claim ended in whatever way.
    """
    nobody = {str(state): 0 for state in UNFINISHED}
    done = Dispatch.objects.filter(state=Dispatch.State.RUNNING, fanned_out=True, **nobody)
    found = list(done.values_list("pk", flat=True)[:_AT_ONCE])
    for dispatch_id in found:
        with transaction.atomic():
            ledger.close_if_done(dispatch_id)
    pausing = Dispatch.objects.filter(state=Dispatch.State.PAUSING, sending=0)
    for dispatch_id in pausing.values_list("pk", flat=True)[:_AT_ONCE]:
        with transaction.atomic():
            ledger.close_pause(dispatch_id)
    return len(found)
