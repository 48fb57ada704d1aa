"""The states of a sender domain, and what moves it from one to another: one table."""

from collections.abc import Mapping
from enum import StrEnum

from posthouse.core.verification.checks import CheckResult

# A domain that sends is put back only after so many failed checks in a row.
FAILURES_IN_A_ROW = 3


class Status(StrEnum):
    """Where a sender domain stands. The older word for Enabled is Confirmed."""

    NEW = "new"  # not stored yet
    PENDING = "approval_pending"
    ENABLED = "enabled"
    DISABLED = "disabled"
    SUSPENDED = "suspended"
    DELETED = "deleted"

    @property
    def word(self) -> str:
        """The status as people read it."""
        return self.value.replace("_", " ").title()


class Event(StrEnum):
    """What happens to a sender domain."""

    ADD = "add"  # also: add again after deleting
    ADD_WITHOUT_RECORDS = "add_without_records"  # an empty template
    VERIFIED = "verified"
    FAILED_THREE_TIMES = "failed_three_times"
    SETTINGS_CHANGED = "settings_changed"  # subdomain or tracking: the records are made anew
    RECORDS_ADDED = "records_added"  # operator: by a changed template, and DNS does not have them
    DISABLE = "disable"
    ENABLE = "enable"
    SUSPEND = "suspend"  # operator
    UNSUSPEND = "unsuspend"  # operator
    DELETE = "delete"


class StatusRefused(Exception):
    """Base of the refusals: the event cannot happen to a domain in this status."""

    def __init__(self, status: Status, event: Event, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.event = event
        self.reason = reason


class TransitionRefused(StatusRefused):
    """The table has no way from this status by this event."""


class NeverVerified(StatusRefused):
    """A domain whose records never passed cannot be enabled by hand."""


# Every way there is; what is not here is refused.
TRANSITIONS: Mapping[tuple[Status, Event], Status] = {
    (Status.NEW, Event.ADD): Status.PENDING,
    (Status.NEW, Event.ADD_WITHOUT_RECORDS): Status.ENABLED,
    (Status.PENDING, Event.VERIFIED): Status.ENABLED,
    (Status.PENDING, Event.FAILED_THREE_TIMES): Status.PENDING,
    (Status.PENDING, Event.SETTINGS_CHANGED): Status.PENDING,
    (Status.PENDING, Event.RECORDS_ADDED): Status.PENDING,
    (Status.PENDING, Event.SUSPEND): Status.SUSPENDED,
    (Status.PENDING, Event.DELETE): Status.DELETED,
    (Status.ENABLED, Event.VERIFIED): Status.ENABLED,
    (Status.ENABLED, Event.FAILED_THREE_TIMES): Status.PENDING,
    (Status.ENABLED, Event.SETTINGS_CHANGED): Status.PENDING,
    (Status.ENABLED, Event.RECORDS_ADDED): Status.PENDING,
    (Status.ENABLED, Event.ENABLE): Status.ENABLED,
    (Status.ENABLED, Event.DISABLE): Status.DISABLED,
    (Status.ENABLED, Event.SUSPEND): Status.SUSPENDED,
    (Status.ENABLED, Event.DELETE): Status.DELETED,
    # A check of a domain that its owner or the operator has stopped does not start it again; nor do
    # records that the operator adds: it is enabled by hand when they have passed a check.
    (Status.DISABLED, Event.VERIFIED): Status.DISABLED,
    (Status.DISABLED, Event.FAILED_THREE_TIMES): Status.DISABLED,
    (Status.DISABLED, Event.SETTINGS_CHANGED): Status.PENDING,
    (Status.DISABLED, Event.RECORDS_ADDED): Status.DISABLED,
    (Status.DISABLED, Event.ENABLE): Status.ENABLED,
    (Status.DISABLED, Event.DISABLE): Status.DISABLED,
    (Status.DISABLED, Event.SUSPEND): Status.SUSPENDED,
    (Status.DISABLED, Event.DELETE): Status.DELETED,
    (Status.SUSPENDED, Event.VERIFIED): Status.SUSPENDED,
    (Status.SUSPENDED, Event.FAILED_THREE_TIMES): Status.SUSPENDED,
    (Status.SUSPENDED, Event.SUSPEND): Status.SUSPENDED,
    (Status.SUSPENDED, Event.UNSUSPEND): Status.ENABLED,
    (Status.SUSPENDED, Event.DELETE): Status.DELETED,
    (Status.DELETED, Event.ADD): Status.PENDING,
    (Status.DELETED, Event.ADD_WITHOUT_RECORDS): Status.ENABLED,
}


def after(
    status: Status, event: Event, *, proven: bool = False, suspended_from: Status | None = None
) -> Status:
    """The status that `event` leads to; StatusRefused if it cannot happen now.

    `proven`: the present records passed the last finished check (an empty set passes).
    `suspended_from`: the status that a suspension interrupted, kept also through a deletion, so
    that adding a suspended domain again does not lift the suspension.
    """
    following = TRANSITIONS.get((status, event))
    if following is None:
        raise _refusal(status, event)
    if event is Event.ENABLE and not proven:
        raise NeverVerified(status, event, "Its records must pass a check before it is enabled.")
    if event is Event.UNSUSPEND:
        return _back(proven, suspended_from)
    if status is Status.DELETED and suspended_from is not None:
        return Status.SUSPENDED
    return following


def after_check(
    status: Status, result: CheckResult, failures: int, *, proven: bool = False
) -> tuple[Status, int, bool]:
    """Status, failed checks in a row and `proven` after a check that ended in `result`.

    A check that could not be made changes nothing: it neither counts nor breaks the row.
    """
    if result is CheckResult.COULD_NOT_CHECK:
        return status, failures, proven
    if result is CheckResult.VERIFIED:
        return after(status, Event.VERIFIED), 0, True
    failures += 1
    if failures < FAILURES_IN_A_ROW:
        return status, failures, proven
    return after(status, Event.FAILED_THREE_TIMES), failures, False


def _back(proven: bool, suspended_from: Status | None) -> Status:
    """Where a suspension ends: where it began, but never Enabled without proof."""
    before = suspended_from or Status.ENABLED
    return Status.PENDING if before is Status.ENABLED and not proven else before


def _refusal(status: Status, event: Event) -> StatusRefused:
    if (status, event) == (Status.PENDING, Event.ENABLE):
        reason = "It is enabled by itself as soon as all its records pass a check."
        return NeverVerified(status, event, reason)
    deed = event.value.replace("_", " ")
    return TransitionRefused(status, event, f"A domain that is {status.word} cannot take: {deed}.")
