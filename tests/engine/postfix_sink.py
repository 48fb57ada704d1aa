"""Runs Postfix's smtp-sink, a fault server that nobody here wrote, and reads its dump."""

import os
import re
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.engine.pools import GUARD_SECONDS
from tests.services import require

_RECIPIENT = re.compile(r"^X-Rcpt-Args: <r(\d+)@example\.org>", re.MULTILINE)


@dataclass(frozen=True)
class Letter:
    """A message and the envelope in which it came."""

    ip: str
    helo: str
    mail_from: str
    recipient: str
    content: bytes


@contextmanager
def postfix_sink(dump: Path, *options: str) -> Iterator[int]:
    """The port of a running smtp-sink; it writes what it takes to `dump`."""
    program = require("smtp-sink")
    port = free_port()
    user = ("-u", "root") if os.geteuid() == 0 else ()  # it wants to be told
    command = [program, *user, *options, "-D", str(dump), f"inet:127.0.0.1:{port}", "50"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(GUARD_SECONDS)
        assert process.stderr is not None
        process.stderr.close()


def dumped(dump: Path) -> list[int]:
    """Tokens of the messages in the dump, each as often as it is there."""
    text = dump.read_text("utf-8", "replace") if dump.exists() else ""
    return sorted(int(number) for number in _RECIPIENT.findall(text))


def letters(dump: Path) -> Sequence[Letter]:
    """What Postfix's smtp-sink wrote of the messages that it took, each with its envelope."""
    parts = dump.read_bytes().split(b"X-Client-Addr: ")[1:]
    return [_letter(b"X-Client-Addr: " + part) for part in parts]


def _letter(dumped: bytes) -> Letter:
    """Its lines stand before the message, the last of them Received with its folded lines."""
    lines = dumped.split(b"\n")
    told: dict[str, str] = {}
    while not lines[0].startswith(b"Received:"):
        name, _, value = lines.pop(0).decode("ascii").partition(": ")
        told[name] = value.strip()
    lines.pop(0)
    while lines[0][:1] in (b" ", b"\t"):
        lines.pop(0)
    content = b"\r\n".join(line.removesuffix(b"\r") for line in lines).rstrip(b"\r\n") + b"\r\n"
    return Letter(
        ip=told["X-Client-Addr"],
        helo=told["X-Helo-Args"],
        mail_from=told["X-Mail-Args"].partition("<")[2].partition(">")[0],
        recipient=told["X-Rcpt-Args"].partition("<")[2].partition(">")[0],
        content=content,
    )


def free_port() -> int:
    """A port of loopback on which nothing listens now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), GUARD_SECONDS).close()
        except ConnectionRefusedError:
            continue
        return
    assert process.stderr is not None
    raise AssertionError(process.stderr.read().decode())
