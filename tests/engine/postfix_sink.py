"""Runs Postfix's smtp-sink, a fault server that nobody here wrote, and reads its dump."""

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.engine.pools import GUARD_SECONDS
from tests.services import require

_RECIPIENT = re.compile(r"^X-Rcpt-Args: <r(\d+)@example\.org>", re.MULTILINE)


@contextmanager
def postfix_sink(dump: Path, *options: str) -> Iterator[int]:
    """The port of a running smtp-sink; it writes what it takes to `dump`."""
    program = require("smtp-sink")
    port = _free_port()
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


def _free_port() -> int:
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
