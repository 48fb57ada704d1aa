"""The engine's journal: what it claimed, started and heard, in a file that outlives it.

A record is appended before what it tells of can happen (start before the last byte, claim before
the rows know it), so that after ``kill -9`` the file says what may have happened and no more.
"""

import fcntl
import logging
import os
import secrets
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from posthouse.core.smtp.messages import Outcome
from posthouse.engine.journal_records import (
    Ledger,
    claimed_record,
    read,
    replied_record,
    restated,
    settled_record,
    started_record,
)

_SUFFIX = ".journal"
_COMPACT_AT = 4 * 2**20  # bytes; about 30,000 messages

log = logging.getLogger(__name__)


class JournalUnwritable(OSError):
    """The disk is full or broken: what is not in the journal must not be sent."""


@dataclass(frozen=True, slots=True)
class AbandonedClaim:
    """One claim of a dead engine, by what is known of its deliveries."""

    token: int
    outcomes: tuple[Outcome, ...]  # answered
    lost: tuple[int, ...]  # started, and no answer came
    untouched: tuple[int, ...]  # never started


@dataclass(frozen=True, slots=True)
class AbandonedJournal:
    """A journal whose owner is gone; call :attr:`done` once its claims are settled."""

    engine: str
    claims: tuple[AbandonedClaim, ...]
    done: Callable[[], None]


class Journal:
    """One engine's open journal. Every call is in the kernel's hands when it returns.

    `claimed` and `started` raise JournalUnwritable: what is not written must not happen.

    Nothing is buffered: a write of some hundred bytes costs under a microsecond, and so the
    starts without a reply in the file are never more than those on the wire.
    """

    def __init__(self, path: Path, descriptor: int, *, durable: bool) -> None:
        self._path, self._file, self._durable = path, descriptor, durable
        self._ledger = Ledger()
        self._size = 0
        self._compact_at = _COMPACT_AT

    @classmethod
    def open(cls, folder: Path, engine: str, *, durable: bool = False) -> "Journal":
        """A new file of this engine's own, locked for as long as the process lives.

        ``durable`` syncs each start to the disk, which also survives a power cut.
        """
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{engine}.{os.getpid()}.{secrets.token_hex(4)}{_SUFFIX}"
        descriptor = _create_locked(path, b"")
        return cls(path, descriptor, durable=durable)

    def claimed(self, token: int, ids: Sequence[int]) -> None:
        """A claim under ``token``: first without ids, before the database is asked; then with."""
        self._append(claimed_record(token, ids))
        self._ledger.claimed(token, ids)

    def started(self, ids: Sequence[int]) -> None:
        """The last byte of these deliveries' messages is about to be written."""
        self._append(started_record(ids))
        if self._durable:
            os.fdatasync(self._file)
        self._ledger.started(ids)

    def replied(self, outcomes: Sequence[Outcome]) -> None:
        """These deliveries have their outcome.

        Never raises: a reply that finds no room makes a delivery uncertain should the engine
        die, while a reply that does not reach the engine would keep it waiting for ever.
        """
        with suppress(JournalUnwritable):
            self._append(replied_record(outcomes))
        self._ledger.replied(outcomes)

    def settled(self, token: int) -> None:
        """The database knows all there is to know of this claim. Never raises.

        Were it told again after a crash, the claim's token would no longer be good for anything.
        """
        with suppress(JournalUnwritable):
            self._append(settled_record(token))
        self._ledger.settled(token)
        if self._size > self._compact_at:
            with suppress(OSError):  # no room for a second file: the first one goes on
                self._compact()

    def close(self) -> None:
        """The engine has drained: what is settled need not be kept, what is not stays."""
        if not self._ledger.claims:
            self._path.unlink(missing_ok=True)
        os.close(self._file)

    def _append(self, record: bytes) -> None:
        try:
            written = os.write(self._file, record)
        except OSError as error:
            raise JournalUnwritable(error.errno, f"{error.strerror}: {self._path}") from error
        if written != len(record):  # the disk is full; no torn record may stand in the middle
            os.ftruncate(self._file, self._size)
            raise JournalUnwritable(f"{self._path} took {written} of {len(record)} bytes")
        self._size += written

    def _compact(self) -> None:
        """Replaces the file by one that tells of the open claims only."""
        content = restated(self._ledger)
        descriptor = _create_locked(self._path, content)
        os.close(self._file)
        self._file, self._size = descriptor, len(content)
        self._compact_at = max(_COMPACT_AT, 2 * self._size)


def adopt(folder: Path) -> Iterator[AbandonedJournal]:
    """Journals in the folder whose owner is gone, each locked while the caller has it."""
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        with suppress(FileNotFoundError):
            descriptor = os.open(path, os.O_RDWR)
            try:
                # Replaced or settled by somebody else while we opened it: not ours to read.
                if not (_lock(descriptor) and os.path.samestat(os.fstat(descriptor), path.stat())):
                    continue
                if (journal := _read_or_put_aside(path, descriptor)) is not None:
                    yield journal
            finally:
                os.close(descriptor)


def _create_locked(path: Path, content: bytes) -> int:
    """Descriptor of a file that nobody can take for an abandoned one before it is locked."""
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_RDWR | os.O_APPEND, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.write(descriptor, content) != len(content):
            raise JournalUnwritable(f"{draft} did not take {len(content)} bytes")
        draft.rename(path)
    except OSError:
        os.close(descriptor)
        draft.unlink(missing_ok=True)
        raise
    return descriptor


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_or_put_aside(path: Path, descriptor: int) -> AbandonedJournal | None:
    """A file that is whole and yet not understood must not keep engines from starting."""
    try:
        return _read(path, descriptor)
    except (KeyError, TypeError, ValueError, struct.error):
        log.exception("%s is not understood: its claims wait for the end of their leases", path)
        path.rename(path.with_suffix(".unreadable"))
        return None


def _read(path: Path, descriptor: int) -> AbandonedJournal:
    ledger = read(os.pread(descriptor, os.fstat(descriptor).st_size, 0))
    claims = tuple(
        AbandonedClaim(
            token,
            tuple(claim.outcomes.values()),
            tuple(sorted(claim.started)),
            tuple(sorted(claim.untouched)),
        )
        for token, claim in ledger.claims.items()
    )
    engine = path.name.removesuffix(_SUFFIX).rsplit(".", 2)[0]
    return AbandonedJournal(engine, claims, path.unlink)
