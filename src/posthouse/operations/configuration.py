"""The supervisor's configuration file: the processes of an installation and how they are kept."""

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

# An engine that drains waits for the replies to what is on the wire.
STOP_SECONDS = 60
# Tries 1, 2, 3... seconds apart, about a minute in all; then the process is shown as FATAL.
START_RETRIES = 10


@dataclass(frozen=True, slots=True)
class Layout:
    """Where an installation keeps what its supervisor needs, below its home."""

    home: Path

    @property
    def config(self) -> Path:
        return self.home / "run" / "supervisord.conf"

    @property
    def socket(self) -> Path:
        return self.home / "run" / "supervisor.sock"

    @property
    def logs(self) -> Path:
        return self.home / "logs"


def programs(host: str, port: int, engines: int) -> dict[str, list[str]]:
    """Each process's name and its ``posthouse`` command."""
    names = [f"engine-{number}" for number in range(1, engines + 1)]
    return {
        "web": ["web", "--host", host, "--port", str(port)],
        "worker": ["worker"],
        **{name: ["engine", "--name", name] for name in names},
    }


def configuration(layout: Layout, commands: dict[str, list[str]]) -> str:
    """The whole file. Processes inherit the environment, so that no secret is written here."""
    supervisor = f"""\
; Written anew by every "posthouse up".
[supervisord]
nodaemon = true
silent = true
identifier = posthouse
pidfile = {layout.home / "run" / "supervisord.pid"}
childlogdir = {layout.logs}
logfile = {layout.logs / "supervisord.log"}
logfile_maxbytes = 10MB
logfile_backups = 3

[unix_http_server]
file = {layout.socket}
chmod = 0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""
    return supervisor + "".join(
        _program(layout, name, command) for name, command in commands.items()
    )


def _program(layout: Layout, name: str, command: list[str]) -> str:
    words = [sys.executable, "-m", "posthouse.cli.app", *command]
    return f"""
[program:{name}]
command = {shlex.join(words)}
autorestart = true
startsecs = 5
startretries = {START_RETRIES}
stopsignal = TERM
stopwaitsecs = {STOP_SECONDS}
killasgroup = true
redirect_stderr = true
stdout_logfile = {layout.logs / name}.log
stdout_logfile_maxbytes = 10MB
stdout_logfile_backups = 5
"""
