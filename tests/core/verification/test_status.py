"""A sender domain moves only along the table, and never to Enabled without proof."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.verification.checks import CheckResult
from posthouse.core.verification.status import (
    FAILURES_IN_A_ROW,
    TRANSITIONS,
    Event,
    NeverVerified,
    Status,
    StatusRefused,
    TransitionRefused,
    after,
    after_check,
)


@pytest.mark.parametrize(
    ("status", "event", "following"),
    [
        (Status.NEW, Event.ADD, Status.PENDING),
        (Status.NEW, Event.ADD_WITHOUT_RECORDS, Status.ENABLED),
        (Status.PENDING, Event.VERIFIED, Status.ENABLED),
        (Status.ENABLED, Event.FAILED_THREE_TIMES, Status.PENDING),
        (Status.ENABLED, Event.SETTINGS_CHANGED, Status.PENDING),
        (Status.ENABLED, Event.DISABLE, Status.DISABLED),
        (Status.DISABLED, Event.ENABLE, Status.ENABLED),
        (Status.DISABLED, Event.VERIFIED, Status.DISABLED),
        (Status.SUSPENDED, Event.VERIFIED, Status.SUSPENDED),
        (Status.DELETED, Event.ADD, Status.PENDING),
    ],
)
def test_the_ways_of_a_domain(status: Status, event: Event, following: Status) -> None:
    assert after(status, event, proven=True) is following


@pytest.mark.parametrize("status", [Status.PENDING, Status.ENABLED, Status.DISABLED])
def test_a_suspension_ends_where_it_began(status: Status) -> None:
    assert after(status, Event.SUSPEND) is Status.SUSPENDED
    back = after(Status.SUSPENDED, Event.UNSUSPEND, proven=True, suspended_from=status)
    assert back is status


def test_a_suspension_without_memory_ends_enabled_only_with_proof() -> None:
    assert after(Status.SUSPENDED, Event.UNSUSPEND, proven=True) is Status.ENABLED
    assert after(Status.SUSPENDED, Event.UNSUSPEND) is Status.PENDING


def test_deleting_and_adding_again_does_not_lift_a_suspension() -> None:
    assert after(Status.SUSPENDED, Event.DELETE) is Status.DELETED
    again = after(Status.DELETED, Event.ADD, suspended_from=Status.ENABLED)
    assert again is Status.SUSPENDED


@pytest.mark.parametrize("status", [s for s in Status if s not in (Status.NEW, Status.DELETED)])
def test_any_domain_can_be_deleted(status: Status) -> None:
    assert after(status, Event.DELETE) is Status.DELETED


@pytest.mark.parametrize("status", [Status.PENDING, Status.DISABLED])
def test_a_domain_never_verified_cannot_be_enabled_by_hand(status: Status) -> None:
    with pytest.raises(NeverVerified) as refused:
        after(status, Event.ENABLE, proven=False)
    assert refused.value.status is status


@given(st.sampled_from(list(Status)), st.sampled_from(list(Event)))
def test_what_the_table_does_not_hold_is_refused(status: Status, event: Event) -> None:
    if (status, event) in TRANSITIONS:
        return
    with pytest.raises(StatusRefused) as refused:
        after(status, event, proven=True)
    assert refused.value.reason
    assert isinstance(refused.value, TransitionRefused | NeverVerified)


@given(st.lists(st.sampled_from(list(Event))))
def test_no_way_leads_to_enabled_without_a_check(events: list[Event]) -> None:
    status = Status.NEW
    for event in events:
        if event in (Event.VERIFIED, Event.ADD_WITHOUT_RECORDS):
            continue
        try:
            status = after(status, event, proven=False)
        except StatusRefused:
            continue
        assert status is not Status.ENABLED


@given(st.lists(st.sampled_from(list(CheckResult)), max_size=30))
def test_only_three_failures_in_a_row_put_a_domain_back(results: list[CheckResult]) -> None:
    status, failures, proven = Status.ENABLED, 0, True
    row = 0
    for each in results:
        status, failures, proven = after_check(status, each, failures, proven=proven)
        if each is CheckResult.VERIFIED:
            row = 0
        elif each is CheckResult.FAILED:
            row += 1
        assert status is (Status.PENDING if row >= FAILURES_IN_A_ROW else Status.ENABLED)
        assert proven is (status is Status.ENABLED)


def test_statuses_are_said_in_words() -> None:
    assert [each.word for each in Status] == [
        "New",
        "Approval Pending",
        "Enabled",
        "Disabled",
        "Suspended",
        "Deleted",
    ]
