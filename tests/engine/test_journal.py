"""A journal tells what may have happened, to whoever finds it, however its engine died."""

import os
import resource
import signal
import subprocess
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.delivery.replies import Blame, Stage
from posthouse.core.delivery.states import Result
from posthouse.core.smtp.messages import Outcome
from posthouse.engine import journal as journals
from posthouse.engine.journal import AbandonedJournal, Journal, JournalUnwritable, adopt
from posthouse.engine.journal_records import (
    Ledger,
    claimed_record,
    read,
    replied_record,
    restated,
    settled_record,
    started_record,
)

Step = tuple[str, int, tuple[int, ...]]  # verb, claim token, ids


def outcome(token: int, result: Result = Result.ACCEPTED, text: str = "taken") -> Outcome:
    return Outcome(token, result, Stage.END, 250, "2.0.0", text, Blame.NOBODY)


def die(journal: Journal) -> None:
    """What is left of an engine after kill -9: its file, without its lock."""
    os.close(journal._file)


def abandoned(folder: Path) -> list[AbandonedJournal]:
    return list(adopt(folder))


def test_an_abandoned_journal_tells_the_three_kinds_apart(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, "engine-1")
    journal.claimed(77, ())
    journal.claimed(77, range(1, 7))
    journal.started([1, 2])
    journal.replied([outcome(1)])
    journal.started([3])
    journal.replied([outcome(2, Result.DEFERRED, "spät \u202e")])
    die(journal)

    (found,) = abandoned(tmp_path)
    assert found.engine == "engine-1"
    (claim,) = found.claims
    assert claim.token == 77
    assert claim.outcomes == (outcome(1), outcome(2, Result.DEFERRED, "spät \u202e"))
    assert claim.lost == (3,)
    assert claim.untouched == (4, 5, 6)


def test_a_journal_with_a_living_owner_is_left_alone(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, "engine-1")
    journal.claimed(1, [1])
    assert abandoned(tmp_path) == []
    die(journal)
    assert len(abandoned(tmp_path)) == 1


def test_two_adopters_never_have_the_same_journal(tmp_path: Path) -> None:
    for name in ("engine-1", "engine.with.dots"):
        journal = Journal.open(tmp_path, name)
        journal.claimed(1, [1])
        die(journal)
    first = adopt(tmp_path)
    held = next(first)
    others = abandoned(tmp_path)
    assert {held.engine} | {o.engine for o in others} == {"engine-1", "engine.with.dots"}
    assert len(others) == 1
    first.close()  # type: ignore[attr-defined]
    assert len(abandoned(tmp_path)) == 2


def test_the_file_goes_only_when_the_caller_says_so(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, "engine-1")
    journal.claimed(1, [1])
    die(journal)
    assert len(abandoned(tmp_path)) == 1
    for found in adopt(tmp_path):
        found.done()
    assert abandoned(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_settled_claim_is_not_told_of(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, "engine-1")
    journal.claimed(1, [1, 2])
    journal.claimed(2, [3, 4])
    journal.started([1, 3])
    journal.settled(1)
    die(journal)
    (found,) = abandoned(tmp_path)
    assert [(c.token, c.lost, c.untouched) for c in found.claims] == [(2, (3,), (4,))]


def test_a_delivery_claimed_again_belongs_to_its_new_claim(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, "engine-1")
    journal.claimed(1, [1])
    journal.started([1])
    journal.replied([outcome(1, Result.DEFERRED)])
    journal.claimed(2, [1])
    journal.settled(1)
    journal.started([1])
    die(journal)
    (found,) = abandoned(tmp_path)
    assert [(c.token, c.outcomes, c.lost) for c in found.claims] == [(2, (), (1,))]


def test_a_drained_engine_leaves_nothing_behind(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, "engine-1")
    journal.claimed(1, [1])
    journal.settled(1)
    journal.close()
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_engine_with_an_open_claim_leaves_its_journal(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, "engine-1")
    journal.claimed(1, [1])
    journal.close()
    assert [c.untouched for found in abandoned(tmp_path) for c in found.claims] == [(1,)]


def test_the_file_stays_small_though_claims_always_overlap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "_COMPACT_AT", 4096)
    journal = Journal.open(tmp_path, "engine-1")
    journal.claimed(0, range(10))
    for token in range(1, 200):
        ids = range(token * 10, token * 10 + 10)
        journal.claimed(token, ids)
        journal.started(ids)
        journal.replied([outcome(one) for one in ids[1:]])
        journal.settled(token - 1)
    (path,) = tmp_path.glob("*.journal")
    assert path.stat().st_size < 3 * 4096
    assert abandoned(tmp_path) == []  # the lock came along
    die(journal)
    (found,) = abandoned(tmp_path)
    (claim,) = found.claims
    assert (claim.token, claim.lost, len(claim.outcomes)) == (199, (1990,), 9)


def test_a_journal_replaced_while_it_was_opened_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.open(tmp_path, "engine-1")
    journal.claimed(1, [1])
    lock = journals._lock

    def compacted_meanwhile(descriptor: int) -> bool:
        journal._compact()
        return lock(descriptor)

    monkeypatch.setattr(journals, "_lock", compacted_meanwhile)
    assert abandoned(tmp_path) == []


def test_a_full_disk_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, "engine-1")
    journal.claimed(1, range(20))
    journal.started([0])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    (path,) = tmp_path.glob("*.journal")
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, limits[1]))
        for _ in range(2):
            with pytest.raises(JournalUnwritable):
                journal.started(range(1, 10))
        with pytest.raises(JournalUnwritable):
            journal.claimed(2, [99])
        journal.replied([outcome(5)])  # its engine must hear of a reply all the same
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    journal.started([10])  # there is room again
    die(journal)
    (found,) = abandoned(tmp_path)
    assert found.claims[0].lost == (0, 10)


# ---------------------------------------------------------------- any history, torn anywhere

ids = st.lists(st.integers(0, 30), max_size=6, unique=True).map(tuple)
steps = st.lists(
    st.tuples(st.sampled_from(["claimed", "started", "replied", "settled"]), st.integers(1, 4), ids)
)


def record_of(step: Step) -> bytes:
    verb, token, numbers = step
    return {
        "claimed": lambda: claimed_record(token, numbers),
        "started": lambda: started_record(numbers),
        "replied": lambda: replied_record([outcome(one) for one in numbers]),
        "settled": lambda: settled_record(token),
    }[verb]()


def told(ledger: Ledger) -> object:
    return {
        token: (claim.ids, claim.started, claim.outcomes, claim.untouched)
        for token, claim in ledger.claims.items()
    }


def after(history: Sequence[Step]) -> Ledger:
    ledger = Ledger()
    for verb, token, numbers in history:
        if verb == "claimed":
            ledger.claimed(token, numbers)
        elif verb == "started":
            ledger.started(numbers)
        elif verb == "replied":
            ledger.replied([outcome(one) for one in numbers])
        else:
            ledger.settled(token)
    return ledger


@given(steps, st.data())
def test_a_torn_file_tells_the_history_up_to_the_tear(
    history: list[Step], data: st.DataObject
) -> None:
    records = [record_of(step) for step in history]
    whole = b"".join(records)
    cut = data.draw(st.integers(0, len(whole)))
    ends = [sum(map(len, records[: n + 1])) for n in range(len(records))]
    complete = sum(end <= cut for end in ends)
    assert told(read(whole[:cut])) == told(after(history[:complete]))


@given(steps.filter(bool), st.data())
def test_a_damaged_octet_ends_the_reading_there(history: list[Step], data: st.DataObject) -> None:
    records = [record_of(step) for step in history]
    whole = bytearray(b"".join(records))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    ends = [sum(map(len, records[: n + 1])) for n in range(len(records))]
    complete = sum(end <= place for end in ends)
    assert told(read(bytes(whole))) == told(after(history[:complete]))


@given(st.binary(max_size=200))
def test_noise_is_no_journal(noise: bytes) -> None:
    assert read(noise).claims == {}


@given(steps)
def test_every_delivery_of_a_claim_is_in_exactly_one_kind(history: list[Step]) -> None:
    for claim in after(history).claims.values():
        kinds = [claim.started, claim.outcomes.keys(), claim.untouched]
        assert sum(map(len, kinds)) == len(claim.ids)
        assert set().union(*kinds) == claim.ids


@given(steps)
def test_a_compacted_journal_tells_the_same(history: list[Step]) -> None:
    ledger = after(history)
    # A delivery in two open claims counts for the later one; both are restated as they stand.
    once = {one for claim in ledger.claims.values() for one in claim.ids}
    if len(once) == sum(len(claim.ids) for claim in ledger.claims.values()):
        assert told(read(restated(ledger))) == told(ledger)


# -------------------------------------------------------------------------- a real kill -9

ENGINE = """
import json, os, sys
from pathlib import Path
from posthouse.core.delivery.replies import Stage
from posthouse.core.delivery.states import Result
from posthouse.core.smtp.messages import Outcome
from posthouse.engine.journal import Journal

folder, wire = Path(sys.argv[1]), os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
journal = Journal.open(folder, "engine-1")
print("ready", flush=True)
for token in range(1, 1_000_000):
    ids = range(token * 8, token * 8 + 8)
    journal.claimed(token, ids)
    for first in range(0, 8, 4):
        part = ids[first : first + 4]
        journal.started(part)
        for one in part:
            os.write(wire, b"%d\\n" % one)
        journal.replied([Outcome(i, Result.ACCEPTED, Stage.END, 250, "", "") for i in part])
    if token % 3:
        journal.settled(token)
"""


@pytest.mark.parametrize("moment", range(8))
def test_after_kill_9_everything_sent_is_known(moment: int, tmp_path: Path) -> None:
    wire, folder = tmp_path / "wire", tmp_path / "journals"
    command = [sys.executable, "-c", ENGINE, str(folder), str(wire)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    while not wire.exists() or wire.stat().st_size < 200 * (moment + 1):
        assert process.poll() is None
    assert abandoned(folder) == []
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()

    sent = {int(line) for line in wire.read_text().split()}
    (found,) = abandoned(folder)
    told_of = {c.token: c for c in found.claims}
    last = max(told_of)
    for one in sent:
        claim = told_of.get(one // 8)
        if claim is None:
            assert one // 8 % 3  # it was settled
        else:
            assert one in claim.lost or one in {o.token for o in claim.outcomes}
    for claim in found.claims:
        assert not sent & set(claim.untouched)
        assert len(claim.lost) <= 4
        assert claim.token == last or not claim.lost


def test_a_journal_that_is_not_understood_is_put_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    later_version = settled_record(5).replace(b"E", b"Z", 1)
    body = later_version[9:]
    checksum = zlib.crc32(body, zlib.crc32(b"Z"))
    record = later_version[:5] + checksum.to_bytes(4, "big") + body
    (tmp_path / "engine-1.77.abcd.journal").write_bytes(record)
    journal = Journal.open(tmp_path, "engine-2")
    journal.claimed(6, [1])
    die(journal)

    (found,) = abandoned(tmp_path)
    assert found.engine == "engine-2"
    assert "is not understood" in caplog.text
    assert [path.name for path in tmp_path.glob("*.unreadable")] == ["engine-1.77.abcd.unreadable"]
