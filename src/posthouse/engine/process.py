"""The engine process: starts, works, drains on SIGTERM."""

import asyncio
import logging
import os
import signal
import socket

import uvloop
from django.conf import settings

from posthouse.deliveries import engines
from posthouse.engine.controller import Controller
from posthouse.engine.queue.database import DatabaseQueue
from posthouse.engine.store import Store

log = logging.getLogger(__name__)


def run(name: str) -> None:
    """Runs one engine until it is told to stop."""
    uvloop.run(_run(name))


async def _run(name: str) -> None:
    store = Store()
    try:
        controller = Controller(name, store, DatabaseQueue(), settings.HOME / "journals")
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, controller.drain)
        await store.ask(engines.register, name, socket.gethostname(), os.getpid())
        log.info("%s works, process %s", name, os.getpid())
        await controller.run(settings.ENGINE_WORKERS)
        log.info("%s has drained and stops", name)
    finally:
        store.close()
