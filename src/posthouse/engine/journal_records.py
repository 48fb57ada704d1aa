"""What an engine's journal tells, as values and as bytes: claims, starts, replies, settlements."""

import json
import struct
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from posthouse.core.delivery.replies import Blame, Stage
from posthouse.core.delivery.states import Result
from posthouse.core.smtp.messages import Outcome

_HEAD = struct.Struct(">cII")  # kind, length and CRC-32 of what follows
_TOKEN = struct.Struct(">q")
_encode = json.JSONEncoder(check_circular=False, separators=(",", ":")).encode


@dataclass(slots=True)
class OpenClaim:
    """A claim that is not settled. Ids are in `started` until their outcome is known."""

    ids: set[int] = field(default_factory=set)
    started: set[int] = field(default_factory=set)
    outcomes: dict[int, Outcome] = field(default_factory=dict)

    @property
    def untouched(self) -> set[int]:
        return self.ids - self.started - self.outcomes.keys()


class Ledger:
    """The open claims by token: what a journal says when it is read from start to end."""

    def __init__(self) -> None:
        self.claims: dict[int, OpenClaim] = {}
        self._claim_of: dict[int, OpenClaim] = {}

    def claimed(self, token: int, ids: Iterable[int]) -> None:
        claim = self.claims.setdefault(token, OpenClaim())
        claim.ids.update(ids)
        self._claim_of.update(dict.fromkeys(claim.ids, claim))

    def started(self, ids: Iterable[int]) -> None:
        for one in ids:
            if claim := self._claim_of.get(one):
                claim.started.add(one)
                claim.outcomes.pop(one, None)  # tried again over another connection

    def replied(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            if claim := self._claim_of.get(outcome.token):
                claim.outcomes[outcome.token] = outcome
                claim.started.discard(outcome.token)

    def settled(self, token: int) -> None:
        claim = self.claims.pop(token, None)
        for one in claim.ids if claim else ():
            if self._claim_of.get(one) is claim:
                del self._claim_of[one]


def claimed_record(token: int, ids: Iterable[int]) -> bytes:
    return _record(b"C", _TOKEN.pack(token) + array("q", ids).tobytes())


def started_record(ids: Iterable[int]) -> bytes:
    return _record(b"S", array("q", ids).tobytes())


def replied_record(outcomes: Iterable[Outcome]) -> bytes:
    return _record(b"R", _encode(list(outcomes)).encode())


def settled_record(token: int) -> bytes:
    return _record(b"E", _TOKEN.pack(token))


def restated(ledger: Ledger) -> bytes:
    """The shortest journal that says what `ledger` says."""
    return b"".join(
        claimed_record(token, claim.ids)
        + started_record(claim.started)
        + replied_record(claim.outcomes.values())
        for token, claim in ledger.claims.items()
    )


def read(data: bytes) -> Ledger:
    """The ledger after all whole records; a torn or damaged one ends the reading."""
    ledger = Ledger()
    for kind, body in _records(data):
        _READERS[kind](ledger, body)
    return ledger


def _record(kind: bytes, body: bytes) -> bytes:
    return _HEAD.pack(kind, len(body), zlib.crc32(body, zlib.crc32(kind))) + body


def _records(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + _HEAD.size <= len(data):
        kind, length, checksum = _HEAD.unpack_from(data, at)
        body = data[at + _HEAD.size : at + _HEAD.size + length]
        if len(body) != length or zlib.crc32(body, zlib.crc32(kind)) != checksum:
            return
        yield kind, body
        at += _HEAD.size + length


def _ids(body: bytes) -> Sequence[int]:
    numbers = array("q")
    numbers.frombytes(body)
    return numbers


def _outcome(row: Sequence[Any]) -> Outcome:
    token, result, stage, code, enhanced, text, blame = row
    return Outcome(token, Result(result), Stage(stage), code, enhanced, text, Blame(blame))


_READERS: Mapping[bytes, Callable[[Ledger, bytes], None]] = {
    b"C": lambda ledger, body: ledger.claimed(_TOKEN.unpack_from(body)[0], _ids(body[8:])),
    b"S": lambda ledger, body: ledger.started(_ids(body)),
    b"R": lambda ledger, body: ledger.replied(map(_outcome, json.loads(body))),
    b"E": lambda ledger, body: ledger.settled(_TOKEN.unpack(body)[0]),
}
