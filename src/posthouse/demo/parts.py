"""The processes of the demo: started one by one, watched, and stopped in reverse order."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_STOP_SECONDS = 60  # an engine may drain for as long as its slice takes


class PartFailed(Exception):
    """A process of the demo did not start, or ended by itself; its last words are in the text."""

    def __init__(self, name: str, log: Path) -> None:
        words = log.read_text(errors="replace").strip().splitlines()[-3:] if log.exists() else []
        super().__init__(f"{name} ended. Its last words: {' / '.join(words) or 'none'} ({log})")


class Parts:
    """Processes by name, each with a log file in the demo's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def start(
        self,
        name: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        *,
        announces: bool = False,
    ) -> Any:
        """Starts ``python ARGUMENTS``; with ``announces`` reads the line of JSON that it prints."""
        with self.log(name).open("ab") as log:
            process = subprocess.Popen(  # noqa: S603  (our own modules, no shell)
                [sys.executable, *arguments],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if announces else log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the demo, which stops them in order
            )
        self._running[name] = process
        if not announces:
            return None
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise PartFailed(name, self.log(name))
        return json.loads(line)

    def log(self, name: str) -> Path:
        """Where a process writes what it has to say."""
        return self._folder / f"{name}.log"

    def pid(self, name: str) -> int:
        """The process id of a part."""
        return self._running[name].pid

    def demand_alive(self) -> None:
        """Raises PartFailed if one of them ended."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise PartFailed(name, self.log(name))

    def kill(self, name: str) -> None:
        """Ends a process at once, as a crash would."""
        process = self._running.pop(name)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self, name: str) -> None:
        """Asks a process to end, and waits until it has."""
        process = self._running.pop(name)
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()

    def stop_all(self) -> None:
        """Stops what runs, the last started first."""
        for name in reversed(list(self._running)):
            self.stop(name)


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
