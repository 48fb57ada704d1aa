"""Serves the WSGI application with granian."""

import os
import sys


def serve(host: str, port: int, workers: int = 1, threads: int = 4) -> None:
    """Replaces this process by granian: signals of a supervisor then reach it directly."""
    arguments = [
        "granian",
        "--interface=wsgi",
        f"--host={host}",
        f"--port={port}",
        f"--workers={workers}",
        f"--blocking-threads={threads}",
        "--no-access-log",
        "--log-level=warning",
        "--respawn-failed-workers",
        "posthouse.web.wsgi:application",
    ]
    os.execv(sys.executable, [sys.executable, "-m", *arguments])  # noqa: S606
