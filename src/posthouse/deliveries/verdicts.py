"""What one attempt makes of a delivery: its next state, when it is due, what is kept of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from posthouse.core.channels import Channel
from posthouse.core.delivery.retries import (
    SCHEDULES,
    UncertainRule,
    next_after_uncertain,
    next_attempt,
)
from posthouse.core.delivery.states import (
    MOVE_OF_RESULT,
    DeliveryMove,
    DeliveryState,
    Result,
    moved,
)
from posthouse.core.smtp.messages import Outcome
from posthouse.deliveries.models import Attempt, Delivery

_LONGEST = 500  # characters kept of a server's words


@dataclass(frozen=True, slots=True)
class Change:
    """The new values of one delivery's row."""

    id: int
    before: str
    state: str
    attempts: int
    losses: int
    first_attempt_at: datetime | None
    next_attempt_at: datetime | None
    said: str

    def values(self) -> tuple[str | int | datetime | None, ...]:
        """In the order of the outbox's UPDATE."""
        return (
            self.state,
            self.attempts,
            self.losses,
            self.first_attempt_at,
            self.next_attempt_at,
            self.said,
            self.id,
        )


def change(row: Delivery, outcome: Outcome, now: datetime, channel: Channel) -> Change:
    """The row after this outcome."""
    if outcome.result is Result.UNTOUCHED:
        return _untouched(row, now)
    lost = outcome.result is Result.UNCERTAIN
    delay = _delay(row, outcome.result, now, channel)
    move = MOVE_OF_RESULT[outcome.result]
    said = words(outcome)
    if delay is None and outcome.result is Result.DEFERRED:
        move, said = (
            DeliveryMove.FAIL,
            _storable(f"Given up after {row.attempts + 1} tries: {said}"),
        )
    if delay is None and lost:
        move, said = DeliveryMove.FAIL, _storable(f"Perhaps delivered, not sent again: {said}")
    return _changed(
        row,
        move,
        said,
        due=now + timedelta(seconds=delay) if delay is not None else None,
        tried_at=now,
        losses=row.losses + lost,
    )


def _untouched(row: Delivery, now: datetime) -> Change:
    """It waits again; one whose claim had ended has no batch any more, and is due at once."""
    if row.state == DeliveryState.SENDING:
        return _changed(row, DeliveryMove.RETURN, row.said, due=None)
    return _changed(row, DeliveryMove.DEFER, row.said, due=now, losses=max(0, row.losses - 1))


def words(outcome: Outcome) -> str:
    """``550 5.1.1 No such user``: the server's own words, or ours where it said nothing."""
    parts = (str(outcome.code) if outcome.code else "", outcome.enhanced, outcome.text)
    return _storable(" ".join(part for part in parts if part))


def skip(row: Delivery) -> Change:
    """The row of somebody who left, or whose dispatch was cancelled, after the claim."""
    said = "Suppressed, unsubscribed or cancelled before it was sent."
    return _changed(row, DeliveryMove.SKIP, said, due=None)


def attempt(row: Delivery, outcome: Outcome, engine: str, now: datetime) -> Attempt:
    """The line of history that an outcome leaves."""
    return Attempt(
        account_id=row.account_id,
        delivery_id=row.pk,
        at=now,
        result=outcome.result,
        stage=outcome.stage,
        code=outcome.code,
        enhanced=outcome.enhanced[:12],
        text=_storable(outcome.text),
        server_id=row.server_id,
        engine=engine,
    )


def _delay(row: Delivery, result: Result, now: datetime, channel: Channel) -> float | None:
    """Seconds until the next attempt; None: there is none."""
    schedule = SCHEDULES[channel]
    if result is Result.UNCERTAIN:
        resend = next_after_uncertain(schedule, row.losses + 1) is not None
        allowed = settings.UNCERTAIN_RULE != UncertainRule.NEVER
        return settings.UNCERTAIN_RETRY_SECONDS if resend and allowed else None
    if result is Result.DEFERRED:
        age = (now - (row.first_attempt_at or now)).total_seconds()
        return next_attempt(schedule, row.attempts + 1, age)
    return None


def _changed(
    row: Delivery,
    move: DeliveryMove,
    said: str,
    *,
    due: datetime | None,
    tried_at: datetime | None = None,
    losses: int | None = None,
) -> Change:
    # An uncertain row is settled late, by an adopted journal, as if it still were on its way.
    return Change(
        id=row.pk,
        before=row.state,
        state=moved(DeliveryState.SENDING, move),
        attempts=row.attempts + (tried_at is not None and row.state == DeliveryState.SENDING),
        losses=row.losses if losses is None else losses,
        first_attempt_at=row.first_attempt_at or tried_at,
        next_attempt_at=due,
        said=said,
    )


def _storable(text: str) -> str:
    """Servers are strangers: no NUL (PostgreSQL refuses it), no controls, no endless words."""
    return "".join(c if c.isprintable() else " " for c in text)[:_LONGEST]
