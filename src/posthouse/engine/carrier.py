"""What a worker asks of whatever carries messages away: a pool of connections, or a folder."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from posthouse.core.smtp.breakdown import Breakdown
from posthouse.core.smtp.messages import Outgoing


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing goes through this server now; `since` in seconds since 1970."""

    reason: str
    since: float
    breakdown: Breakdown


class Gate(Protocol):
    """Says how many messages may be started now; when more may be, it calls `Carrier.wake`."""

    def allowed(self) -> int: ...
    def use(self) -> None: ...


class Carrier(Protocol):
    """Messages go in by `put`; every one comes out once as an outcome, or by `take_back`.

    With a `gate` each takes a permit when it is started. In `trouble` everything put or waiting
    comes back UNTOUCHED at once; it stays in trouble, its successor is a new one.
    """

    trouble: Trouble | None
    gate: Gate | None  # none: as fast as it goes

    @property
    def settings(self) -> object: ...
    @property
    def waiting(self) -> int: ...
    def share(self, connections: int) -> None: ...
    def put(self, messages: Iterable[Outgoing]) -> None: ...
    def wake(self) -> None: ...
    def take_back(self, tokens: Collection[int] | None = None) -> list[Outgoing]: ...
    async def close(self, *, drain: bool) -> None: ...
