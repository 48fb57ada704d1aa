"""The sink's memory: an append-only file of every message it took, readable by anyone."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

FILE_NAME = "messages.record"

# A record: this line, then the three values one after the other, then LF.
_HEAD = re.compile(rb"message (\d+\.\d{6}) (\d+) (\d+) (\d+)\n")
_LONGEST_HEAD = 100


class StoredMessage(NamedTuple):
    """One message for one recipient, octet by octet as it was received."""

    mail_from: str
    recipient: str
    content: bytes
    received_at: float  # seconds since 1970


def read_record(path: Path) -> Iterator[StoredMessage]:
    """All messages in `path` (the file, or the folder it is in), oldest first.

    May be called while the sink writes; a record that is not complete yet ends the reading.
    """
    file = path / FILE_NAME if path.is_dir() else path
    with file.open("rb") as opened:
        while (entry := _read_one(opened)) is not None:
            yield entry


def _read_one(opened: BinaryIO) -> StoredMessage | None:
    match = _HEAD.fullmatch(opened.readline(_LONGEST_HEAD))
    if match is None:
        return None
    sizes = [int(size) for size in match.groups()[1:]]
    body = opened.read(sum(sizes) + 1)
    if len(body) != sum(sizes) + 1:
        return None
    sender_end, recipient_end = sizes[0], sizes[0] + sizes[1]
    return StoredMessage(
        body[:sender_end].decode("utf-8", "surrogateescape"),
        body[sender_end:recipient_end].decode("utf-8", "surrogateescape"),
        body[recipient_end:-1],
        float(match[1]),
    )


class Record:
    """The file, open for appending, with the place of every message in memory."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / FILE_NAME
        self.path.touch()
        self._places: list[int] = []
        end = self._reload()
        self._file = self.path.open("r+b", buffering=1 << 20)
        self._file.truncate(end)  # a record cut short by a crash was never answered with 250
        self._file.seek(end)
        self._end = end

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, number: int) -> StoredMessage:
        with self.path.open("rb") as opened:
            opened.seek(self._places[number])
            entry = _read_one(opened)
        if entry is None:
            raise IndexError(number)
        return entry

    def append(self, mail_from: str, recipients: list[str], content: bytes) -> None:
        """Adds one record for each recipient; :meth:`flush` before anybody is told."""
        sender = mail_from.encode("utf-8", "surrogateescape")
        for recipient in recipients:
            to = recipient.encode("utf-8", "surrogateescape")
            head = b"message %.6f %d %d %d\n" % (time.time(), len(sender), len(to), len(content))
            self._file.write(b"%b%b%b%b\n" % (head, sender, to, content))
            self._places.append(self._end)
            self._end += len(head) + len(sender) + len(to) + len(content) + 1

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def _reload(self) -> int:
        """Finds the places of the messages already there; the end of the last whole one."""
        with self.path.open("rb") as opened:
            while True:
                place = opened.tell()
                if _read_one(opened) is None:
                    return place
                self._places.append(place)
