"""States of a campaign and the moves between them, as data (product.md, "States")."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from posthouse.campaigns.models import Campaign
from posthouse.deliveries.models import Dispatch

State = Campaign.State


class Move(StrEnum):
    """What can happen to a campaign."""

    QUEUE = "send"  # a person sends it
    BEGIN = "begin"  # its audience begins to be turned into deliveries
    PAUSE = "pause"  # a person, or the engine with a reason
    ACKNOWLEDGE = "acknowledge"  # every engine has handed back what it held
    RESUME = "resume"
    FINISH = "finish"  # nobody is left to mail
    FAIL = "fail"  # nobody was reached, for a reason that a person can act on
    CANCEL = "cancel"


# FAILED in a campaign's life means that nothing of it was accepted; later causes join it here.
MOVES: Final[Mapping[tuple[State, Move], State]] = {
    (State.DRAFT, Move.QUEUE): State.QUEUED,
    (State.QUEUED, Move.BEGIN): State.SENDING,
    (State.SENDING, Move.PAUSE): State.PAUSING,
    (State.PAUSING, Move.ACKNOWLEDGE): State.PAUSED,
    (State.PAUSED, Move.RESUME): State.SENDING,
    (State.SENDING, Move.FINISH): State.SENT,
    (State.SENDING, Move.FAIL): State.FAILED,
    # Any before Sent can be cancelled.
    (State.DRAFT, Move.CANCEL): State.CANCELLED,
    (State.QUEUED, Move.CANCEL): State.CANCELLED,
    (State.SENDING, Move.CANCEL): State.CANCELLED,
    (State.PAUSING, Move.CANCEL): State.CANCELLED,
    (State.PAUSED, Move.CANCEL): State.CANCELLED,
}

ENDED: Final = frozenset({State.SENT, State.CANCELLED, State.FAILED})
MOVING: Final = frozenset({State.QUEUED, State.SENDING, State.PAUSING})  # worth asking again

# Where its dispatch says that a campaign is; DONE is Sent, or Failed if nothing was accepted.
OF_DISPATCH: Final[Mapping[str, State]] = {
    Dispatch.State.RUNNING: State.SENDING,
    Dispatch.State.HELD: State.PAUSED,
    Dispatch.State.PAUSING: State.PAUSING,
    Dispatch.State.PAUSED: State.PAUSED,
    Dispatch.State.CANCELLED: State.CANCELLED,
    Dispatch.State.DONE: State.SENT,
}


def allows(state: str, move: Move) -> bool:
    """Is there such a move from this state?"""
    return (State(state), move) in MOVES


def reachable(state: str) -> frozenset[State]:
    """The states that any number of moves lead to from this one, itself left out."""
    found: set[State] = set()
    waiting = [State(state)]
    while waiting:
        here = waiting.pop()
        nexts = {after for (before, _), after in MOVES.items() if before == here} - found
        found |= nexts
        waiting += nexts
    return frozenset(found)
