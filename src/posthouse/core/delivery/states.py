"""States of a delivery and of a batch, and the moves between them, as data."""

from collections.abc import Mapping
from enum import StrEnum


class Result(StrEnum):
    """How one attempt at one delivery ended, as the SMTP dialogue saw it."""

    ACCEPTED = "accepted"  # the relay took responsibility (2xx after the last byte)
    DEFERRED = "deferred"  # refused for now
    FAILED = "failed"  # refused for good
    UNCERTAIN = "uncertain"  # the last byte was handed out, the reply never came
    UNTOUCHED = "untouched"  # never started: nobody is to blame, nothing was tried


class DeliveryState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    SKIPPED = "skipped"


class DeliveryMove(StrEnum):
    """What can happen to a delivery."""

    CLAIM = "claim"  # an engine takes it
    ACCEPT = "accept"
    DEFER = "defer"
    FAIL = "fail"
    LOSE = "lose"  # connection, engine or host died between the last byte and the reply
    RETURN = "return"  # never started
    SKIP = "skip"  # suppressed, unsubscribed or cancelled before it was sent
    GIVE_UP = "give up"  # the channel's retry limit is reached


class BatchState(StrEnum):
    PENDING = "pending"
    CLAIMED = "claimed"
    SETTLED = "settled"


class BatchMove(StrEnum):
    CLAIM = "claim"
    SETTLE = "settle"
    EXPIRE = "expire"  # its lease ended
    RETURN = "return"  # its engine hands it back (drain, pause, server in trouble)


class MoveRefused(Exception):
    """The state has no such move."""

    def __init__(self, state: StrEnum, move: StrEnum) -> None:
        super().__init__(f"{type(state).__name__} {state} has no move {move!r}")
        self.state = state
        self.move = move


_D, _M = DeliveryState, DeliveryMove

DELIVERY_MOVES: Mapping[tuple[DeliveryState, DeliveryMove], DeliveryState] = {
    (_D.PENDING, _M.CLAIM): _D.SENDING,
    (_D.PENDING, _M.SKIP): _D.SKIPPED,
    (_D.SENDING, _M.ACCEPT): _D.ACCEPTED,
    (_D.SENDING, _M.DEFER): _D.DEFERRED,
    (_D.SENDING, _M.FAIL): _D.FAILED,
    (_D.SENDING, _M.LOSE): _D.UNCERTAIN,
    (_D.SENDING, _M.RETURN): _D.PENDING,
    (_D.SENDING, _M.SKIP): _D.SKIPPED,
    (_D.DEFERRED, _M.CLAIM): _D.SENDING,
    (_D.DEFERRED, _M.SKIP): _D.SKIPPED,
    (_D.DEFERRED, _M.GIVE_UP): _D.FAILED,
    (_D.UNCERTAIN, _M.CLAIM): _D.SENDING,
    (_D.UNCERTAIN, _M.SKIP): _D.SKIPPED,
    (_D.UNCERTAIN, _M.GIVE_UP): _D.FAILED,
}

BATCH_MOVES: Mapping[tuple[BatchState, BatchMove], BatchState] = {
    (BatchState.PENDING, BatchMove.CLAIM): BatchState.CLAIMED,
    (BatchState.CLAIMED, BatchMove.SETTLE): BatchState.SETTLED,
    (BatchState.CLAIMED, BatchMove.EXPIRE): BatchState.PENDING,
    (BatchState.CLAIMED, BatchMove.RETURN): BatchState.PENDING,
}

# What an attempt's result does to the delivery that was being sent.
MOVE_OF_RESULT: Mapping[Result, DeliveryMove] = {
    Result.ACCEPTED: _M.ACCEPT,
    Result.DEFERRED: _M.DEFER,
    Result.FAILED: _M.FAIL,
    Result.UNCERTAIN: _M.LOSE,
    Result.UNTOUCHED: _M.RETURN,
}

# A dispatch is Sent only when none of its deliveries stands in one of these.
UNFINISHED = frozenset({_D.PENDING, _D.SENDING, _D.DEFERRED, _D.UNCERTAIN})


def moved(state: DeliveryState, move: DeliveryMove) -> DeliveryState:
    """State of a delivery after `move`; raises `MoveRefused`."""
    try:
        return DELIVERY_MOVES[state, move]
    except KeyError:
        raise MoveRefused(state, move) from None


def batch_moved(state: BatchState, move: BatchMove) -> BatchState:
    """State of a batch after `move`; raises `MoveRefused`."""
    try:
        return BATCH_MOVES[state, move]
    except KeyError:
        raise MoveRefused(state, move) from None


def state_after(result: Result) -> DeliveryState:
    """State of a delivery that was being sent and ended with `result`."""
    return moved(DeliveryState.SENDING, MOVE_OF_RESULT[result])
