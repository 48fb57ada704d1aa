"""A whole installation goes up, is asked, loses an engine, and goes down; with real processes."""

import configparser
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from posthouse.operations import supervision
from posthouse.operations.configuration import Layout, configuration, programs

_GUARD = 120  # seconds; a start takes about eight


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Installation:
    """``posthouse`` commands on a home of their own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        ours = ("POSTHOUSE_DATABASE_URL", "POSTHOUSE_BASE_URL", "DJANGO_SETTINGS_MODULE")
        self._environment = {name: text for name, text in os.environ.items() if name not in ours}
        self.running: subprocess.Popen[str] | None = None

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "posthouse.cli.app", *words, "--home", str(self.home)]

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command(*words),
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=_GUARD,
            check=False,
        )

    def up(self, *words: str) -> None:
        self.running = subprocess.Popen(
            self.command("up", *words), env=self._environment, stdout=subprocess.PIPE, text=True
        )

    def wait_for(self, *wanted: str) -> list[str]:
        """Reads what ``up`` prints until each text was seen in a line; those lines."""
        assert self.running
        assert self.running.stdout
        guard = threading.Timer(_GUARD, self.running.kill)
        guard.start()
        found: dict[str, str] = {}
        said = []
        for line in self.running.stdout:
            said.append(line)
            found |= {text: line for text in wanted if text in line}
            if len(found) == len(wanted):
                guard.cancel()
                return [found[text] for text in wanted]
        guard.cancel()
        raise AssertionError(f"up ended before it said {set(wanted) - set(found)}: {''.join(said)}")

    def stop(self) -> None:
        if self.running:
            self.running.send_signal(signal.SIGINT)
            self.running.wait(_GUARD)
            assert self.running.stdout
            self.running.stdout.close()
            self.running = None


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path / "home")
    yield made
    made.stop()


def process_of(line: str) -> int:
    """The number in ``engine-1: running (process 123)``."""
    return int(line.rpartition("process ")[2].strip(" )\n"))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_everything_goes_up_mends_itself_and_stops(installation: Installation, port: int) -> None:
    layout = Layout(installation.home)
    installation.up("--port", str(port), "--engines", "2")
    names = ("web", "worker", "engine-1", "engine-2")
    installation.wait_for("operator create")
    *lines, _ = installation.wait_for(*(f"{name}: running" for name in names), "Ready: ")
    pids = [process_of(line) for line in lines]

    web = HTTPConnection("127.0.0.1", port, timeout=_GUARD)
    web.request("GET", "/healthz")
    assert web.getresponse().status == 200
    web.close()

    mode = layout.socket.stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert not mode & (stat.S_IRWXG | stat.S_IRWXO)

    for _ in range(_GUARD):  # an engine shows itself a moment after it started
        asked = installation.run("status", "--json")
        told = json.loads(asked.stdout)
        if len(told["engines"]) == 2:
            break
    assert asked.returncode == 0, asked.stderr
    assert {one["name"]: one["state"] for one in told["processes"]} == dict.fromkeys(
        names, "RUNNING"
    )
    assert {one["name"]: one["state"] for one in told["engines"]} == {
        "engine-1": "running",
        "engine-2": "running",
    }
    assert "engine-2" in installation.run("status").stdout

    again = installation.run("up", "--port", str(port))
    assert again.returncode == 2
    assert "already running" in again.stderr

    os.kill(pids[2], signal.SIGKILL)
    (line,) = installation.wait_for("engine-1: running")
    assert process_of(line) != pids[2]

    assert installation.running
    installation.running.send_signal(signal.SIGINT)
    installation.wait_for("Stopped.")
    assert installation.running.wait(_GUARD) == 0
    assert not [pid for pid in (*pids, process_of(line)) if is_alive(pid)]
    down = installation.run("status")
    assert down.returncode == 3
    assert "not running" in down.stderr


def test_a_taken_port_is_said_before_anything_is_done(
    installation: Installation, port: int
) -> None:
    with socket.create_server(("127.0.0.1", port)):
        refused = installation.run("up", "--port", str(port))
    assert refused.returncode == 2
    assert refused.stderr == (
        f"posthouse: port {port} is taken by another program: choose another with --port.\n"
    )
    assert not (installation.home / "posthouse.db").exists()


def test_each_process_is_a_program_that_drains_when_it_is_told_to_stop(tmp_path: Path) -> None:
    file = configparser.RawConfigParser()
    file.read_string(configuration(Layout(tmp_path), programs("127.0.0.1", 8080, 3)))
    found = {name for name in file.sections() if name.startswith("program:")}
    assert found == {
        "program:web",
        "program:worker",
        "program:engine-1",
        "program:engine-2",
        "program:engine-3",
    }
    for name in found:
        assert file[name]["stopsignal"] == "TERM"
        assert file[name]["stopwaitsecs"] == "60"
        assert file[name]["autorestart"] == "true"
        assert file[name]["stdout_logfile_maxbytes"] == "10MB"
    assert file["program:engine-2"]["command"].endswith("engine --name engine-2")
    assert file["program:web"]["command"].endswith("web --host 127.0.0.1 --port 8080")


@pytest.mark.parametrize(("name", "said"), [("100%", "contains %"), ("x" * 110, "too long")])
def test_a_home_that_the_supervisor_cannot_use_is_refused(
    tmp_path: Path, name: str, said: str
) -> None:
    with pytest.raises(supervision.SupervisorFailed, match=said):
        supervision.start(Layout(tmp_path / name), {})
    assert not (tmp_path / name).exists()


def test_what_a_process_said_last_cannot_command_the_terminal(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.logs.mkdir()
    (layout.logs / "web.log").write_bytes(b"first\nsecond\nthird\n\x1b[2Jfourth \xff\n")
    assert supervision.last_lines(layout, "web") == ["second", "third", "?[2Jfourth \ufffd"]
    assert supervision.last_lines(layout, "worker") == []
