"""Turns an audience into deliveries, a batch at a time, so that a million recipients stream."""

import logging

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Value

from posthouse.core.delivery.states import DeliveryState
from posthouse.deliveries import ledger
from posthouse.deliveries.ids import BLOCK, new_block
from posthouse.deliveries.models import Batch, Dispatch

_TRIED_AT_MOST = 20  # dispatches a call

log = logging.getLogger(__name__)

# A member counts while subscribed to a list of the dispatch that does not suppress the address.
_MEMBER = """EXISTS (
    SELECT 1 FROM audience_listmembership m
    WHERE m.subscriber_id = s.id AND m.status = 'subscribed' AND m.list_id IN ({lists})
    AND NOT EXISTS (SELECT 1 FROM audience_suppression x
                    WHERE x.normalised = s.normalised AND x.list_id = m.list_id))"""

_CHOOSE = f"""
SELECT s.id FROM audience_subscriber s
WHERE s.account_id = %s AND s.id > %s AND {_MEMBER} ORDER BY s.id LIMIT %s"""  # noqa: S608

# One address once per dispatch: subscribers are unique per account by normalised address, and the
# last condition keeps a row from coming twice even if somebody winds the position back. Counting
# (not NOT EXISTS, which PostgreSQL turns into a join) and the plus keep both planners from reading
# all rows of the dispatch, which have no statistics yet, where the few of the address are meant.
_INSERT = f"""
INSERT INTO deliveries_delivery
    (id, account_id, dispatch_id, batch_id, subscriber_id, address, normalised, state,
     attempts, losses, said)
SELECT %s + ROW_NUMBER() OVER (ORDER BY s.id), s.account_id, %s, %s, s.id, s.address, s.normalised,
    CASE WHEN EXISTS (SELECT 1 FROM audience_suppression x
                      WHERE x.normalised = s.normalised AND x.list_id IS NULL
                      AND (x.account_id IS NULL OR x.account_id = s.account_id))
         THEN 'skipped' ELSE 'pending' END, 0, 0, ''
FROM audience_subscriber s
WHERE s.account_id = %s AND s.id > %s AND s.id <= %s AND {_MEMBER}
AND 0 = (SELECT COUNT(*) FROM deliveries_delivery d
         WHERE d.account_id = s.account_id AND d.normalised = s.normalised
         AND +d.dispatch_id = %s)"""  # noqa: S608


def fan_out_next() -> bool:
    """Makes the next batch of a dispatch that is not fanned out; False: there was none to make.

    Who got the fewest so far comes first: ten recipients do not wait for a million. A dispatch
    that fails is passed over, this time.
    """
    waiting = Dispatch.objects.filter(fanned_out=False).exclude(state=Dispatch.State.CANCELLED)
    so_far = sum((F(state) for state in DeliveryState), Value(0))
    ordered = waiting.order_by("-priority", so_far, "id").values_list("pk", flat=True)
    return any(_made_batch(pk) for pk in ordered[:_TRIED_AT_MOST])


def _made_batch(dispatch_id: int) -> bool:
    try:
        with transaction.atomic():
            # Whoever holds the row makes the batch; a second worker goes on from where it ended.
            dispatch = Dispatch.objects.select_for_update().get(pk=dispatch_id)
            if not dispatch.fanned_out:
                _make_batch(dispatch)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("dispatch %s could not be fanned out; it is tried again", dispatch_id)
        return False
    return True


def _make_batch(dispatch: Dispatch) -> None:
    chosen = _choose(dispatch)
    if chosen:
        batch = Batch.objects.create(
            account_id=dispatch.account_id, dispatch=dispatch, priority=dispatch.priority, size=0
        )
        _fill(dispatch, batch, chosen[-1])
        Dispatch.objects.filter(pk=dispatch.pk).update(fan_out_after=chosen[-1])
    else:
        Dispatch.objects.filter(pk=dispatch.pk).update(fanned_out=True)
        ledger.close_if_done(dispatch.pk)


def _choose(dispatch: Dispatch) -> list[int]:
    """Ids of the next subscribers, at most a batch of them."""
    if not dispatch.list_ids:
        return []
    size = min(settings.BATCH_SIZE, BLOCK - 1)
    values = (dispatch.account_id, dispatch.fan_out_after, *dispatch.list_ids, size)
    with connection.cursor() as cursor:
        cursor.execute(_with_lists(_CHOOSE, dispatch), values)
        return [row[0] for row in cursor.fetchall()]


def _fill(dispatch: Dispatch, batch: Batch, upto: int) -> None:
    account, lists = dispatch.account_id, dispatch.list_ids
    values = (new_block(), dispatch.pk, batch.pk, account, dispatch.fan_out_after, upto)
    with connection.cursor() as cursor:
        cursor.execute(_with_lists(_INSERT, dispatch), (*values, *lists, dispatch.pk))
        cursor.execute(
            "SELECT state, COUNT(*) FROM deliveries_delivery WHERE batch_id = %s GROUP BY state",
            (batch.pk,),
        )
        counts = dict(cursor.fetchall())
    waiting = counts.get("pending", 0)
    state = Batch.State.PENDING if waiting else Batch.State.SETTLED
    Batch.objects.filter(pk=batch.pk).update(size=waiting, state=state)
    ledger.move(dispatch.pk, (("", state, count) for state, count in counts.items()))


def _with_lists(statement: str, dispatch: Dispatch) -> str:
    """The statement with a placeholder for each list."""
    return statement.replace("{lists}", ", ".join(["%s"] * len(dispatch.list_ids)))
