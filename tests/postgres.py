"""A private PostgreSQL cluster for one test run, from Debian's packages, gone at its end."""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

# Debian keeps the server's programs out of PATH, one folder a version.
_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
_GIVEN = "POSTHOUSE_TEST_POSTGRES"
_START_GUARD = 60  # seconds; a start takes about one


def address() -> str:
    """Address of the run's cluster; the first process of the run starts it, the others share it."""
    if _GIVEN not in os.environ:
        os.environ[_GIVEN] = _start()
    return os.environ[_GIVEN]


def _start() -> str:
    """Makes a cluster without fsync (it lives for minutes) and starts it on a free port."""
    folder = Path(tempfile.mkdtemp(prefix="posthouse-postgres-"))
    user = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    if user:
        shutil.chown(folder, "postgres", "postgres")
    data, port = folder / "data", _free_port()
    initdb = f"{_program('initdb')} -D {data} -U postgres -A trust -N -E UTF8".split()
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=folder, user=user, group=user)
    options = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": str(folder),
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_connections": "200",
    }
    command = f"{_program('postgres')} -D {data} -p {port}".split()
    command += [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=folder, user=user, group=user
        )
    atexit.register(_stop, server, folder, os.getpid())
    _wait(server, port, folder / "log")
    return f"postgres://postgres@127.0.0.1:{port}/posthouse"


def _program(name: str) -> Path:
    for folder in _PROGRAMS:
        if (folder / name).exists():
            return folder / name
    required = os.environ.get("POSTHOUSE_REQUIRE_SERVICES") == "1"
    pytest.exit(
        f"{name} is not installed (apt-get install postgresql): the tests on PostgreSQL are "
        f"{'required here' if required else 'skipped'}.",
        returncode=1 if required else 0,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    """Until the cluster answers; ``pg_isready`` asks as a client would."""
    until = time.monotonic() + _START_GUARD
    ready = f"{_program('pg_isready')} -q -h 127.0.0.1 -p {port} -U postgres".split()
    while subprocess.run(ready, check=False).returncode != 0:
        if server.poll() is not None or time.monotonic() > until:
            pytest.exit(f"PostgreSQL did not start: {log.read_text()}", returncode=1)
        time.sleep(0.05)


def _stop(server: "subprocess.Popen[bytes]", folder: Path, owner: int) -> None:
    if os.getpid() != owner:  # a fork of the run inherits its exit handlers
        return
    server.send_signal(signal.SIGINT)  # "fast": ends sessions, then itself
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    shutil.rmtree(folder, ignore_errors=True)
