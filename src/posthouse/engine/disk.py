"""Carries messages into a folder, one file each, for a server of the kind "Save to disk"."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence

from posthouse.core.delivery.pickup import file_content, file_name
from posthouse.core.delivery.replies import Stage
from posthouse.core.delivery.states import Result
from posthouse.core.smtp.breakdown import Breakdown, Cause
from posthouse.core.smtp.extensions import Extensions
from posthouse.core.smtp.messages import Outcome, Outgoing, objection
from posthouse.engine.carrier import Gate, Trouble
from posthouse.servers.disk import DiskSettings, save, settle

_AT_ONCE = 20  # files between two looks at what is waiting
_A_FILE_HOLDS = Extensions(names=frozenset({"8BITMIME"}))  # any octets, of any number


class Folder:
    """A carrier (see ``carrier.py``). Files are written in a thread, a few at a time, in order."""

    def __init__(
        self,
        settings: DiskSettings,
        on_start: Callable[[Sequence[int]], None],
        on_outcome: Callable[[Sequence[Outcome]], None],
    ) -> None:
        self.settings = settings
        self.trouble: Trouble | None = None
        self.gate: Gate | None = None  # none: as fast as the disk takes it
        self._on_start, self._on_outcome = on_start, on_outcome
        self._waiting: deque[Outgoing] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Messages that are not being written yet."""
        return len(self._waiting)

    def share(self, connections: int) -> None:
        """A folder has no connections: any number of engines writes into it."""

    def put(self, messages: Iterable[Outgoing]) -> None:
        self._waiting.extend(messages)
        if self.trouble:
            self._hand_back(self.trouble.reason)
        elif self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write())

    def wake(self) -> None:
        """Goes on with what waits: the gate is open again, or less waits for it."""
        self._woken.set()

    def take_back(self, tokens: Collection[int] | None = None) -> list[Outgoing]:
        """Removes the waiting messages, or those with `tokens`; none of them was started."""
        taken = [m for m in self._waiting if tokens is None or m.token in tokens]
        left = [m for m in self._waiting if tokens is not None and m.token not in tokens]
        self._waiting = deque(left)
        self.wake()
        return taken

    async def close(self, *, drain: bool) -> None:
        """`drain`: everything is written first; else what is being written now is the last."""
        if not drain:
            self._hand_back("The engine is stopping.")
        if self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        while self._waiting:
            if some := self._pull():
                await self._write_some(self._fit(some))
            else:
                self._woken.clear()
                await self._woken.wait()

    def _pull(self) -> list[Outgoing]:
        """The next few that may be started now."""
        count = min(_AT_ONCE, len(self._waiting))
        if self.gate is not None:
            count = min(count, self.gate.allowed())
            for _ in range(count):
                self.gate.use()
        return [self._waiting.popleft() for _ in range(count)]

    def _fit(self, messages: Sequence[Outgoing]) -> list[Outgoing]:
        """Without those that no envelope and no file can hold: these have their outcome."""
        judged = [(message, objection(message, _A_FILE_HOLDS)) for message in messages]
        if refused := [outcome for _, outcome in judged if outcome]:
            self._on_outcome(refused)
        return [message for message, outcome in judged if outcome is None]

    async def _write_some(self, messages: Sequence[Outgoing]) -> None:
        if not messages:
            return
        try:
            self._on_start([message.token for message in messages])
        except Exception as error:  # noqa: BLE001 - without a journal nothing is written
            words = f"Sending stopped, the start of messages could not be recorded: {error}"
            self._fall_into_trouble(words, messages)
            return
        written, words = await asyncio.to_thread(self._save, messages)
        if written:
            self._on_outcome([_saved(message) for message in messages[:written]])
        if words:
            self._fall_into_trouble(words, messages[written:])

    def _save(self, messages: Sequence[Outgoing]) -> tuple[int, str]:
        """How many of them are there to stay, and what went wrong with the next."""
        folder, layout = self.settings.folder, self.settings.layout
        done, words = 0, ""
        try:
            for message in messages:
                save(folder, file_name(message), file_content(message, layout))
                done += 1
            settle(folder)
        except OSError as error:
            words = f"{folder} cannot be written: {error.strerror or error}."
        return done, words

    def _fall_into_trouble(self, words: str, not_written: Sequence[Outgoing]) -> None:
        breakdown = Breakdown(Cause.OURSELVES, Stage.END, words)
        self.trouble = Trouble(words, time.time(), breakdown)
        self._waiting.extendleft(reversed(not_written))
        self._hand_back(words)

    def _hand_back(self, reason: str) -> None:
        if untouched := self.take_back():
            self._on_outcome(
                [
                    Outcome(message.token, Result.UNTOUCHED, Stage.CONNECT, 0, "", reason)
                    for message in untouched
                ]
            )


def _saved(message: Outgoing) -> Outcome:
    words = f"Saved as {file_name(message)}."
    return Outcome(message.token, Result.ACCEPTED, Stage.END, 0, "", words)
