"""The states of deliveries and batches move only where the tables say so."""

import pytest

from posthouse.core.delivery.states import (
    BATCH_MOVES,
    DELIVERY_MOVES,
    MOVE_OF_RESULT,
    UNFINISHED,
    BatchMove,
    BatchState,
    DeliveryMove,
    DeliveryState,
    MoveRefused,
    Result,
    batch_moved,
    moved,
    state_after,
)


def reachable(state: DeliveryState) -> set[DeliveryState]:
    seen, new = set(), {state}
    while new:
        seen |= new
        new = {to for (start, _), to in DELIVERY_MOVES.items() if start in new} - seen
    return seen


def test_every_result_moves_a_delivery_that_is_being_sent() -> None:
    assert set(MOVE_OF_RESULT) == set(Result)
    assert {result: state_after(result) for result in Result} == {
        Result.ACCEPTED: DeliveryState.ACCEPTED,
        Result.DEFERRED: DeliveryState.DEFERRED,
        Result.FAILED: DeliveryState.FAILED,
        Result.UNCERTAIN: DeliveryState.UNCERTAIN,
        Result.UNTOUCHED: DeliveryState.PENDING,
    }


@pytest.mark.parametrize(
    "final", [DeliveryState.ACCEPTED, DeliveryState.FAILED, DeliveryState.SKIPPED]
)
def test_what_is_final_stays(final: DeliveryState) -> None:
    for move in DeliveryMove:
        with pytest.raises(MoveRefused):
            moved(final, move)
    assert final not in UNFINISHED


@pytest.mark.parametrize("state", sorted(UNFINISHED))
def test_what_is_unfinished_can_still_end_in_every_way(state: DeliveryState) -> None:
    assert reachable(state) >= set(DeliveryState) - UNFINISHED


def test_every_state_is_finished_or_unfinished_never_in_between() -> None:
    starts = {start for start, _ in DELIVERY_MOVES}
    assert starts == UNFINISHED


def test_a_batch_goes_back_when_its_lease_ends_and_settles_once() -> None:
    assert batch_moved(BatchState.CLAIMED, BatchMove.EXPIRE) is BatchState.PENDING
    assert {to for (start, _), to in BATCH_MOVES.items() if start is BatchState.SETTLED} == set()
    with pytest.raises(MoveRefused, match="settled has no move"):
        batch_moved(BatchState.SETTLED, BatchMove.SETTLE)
