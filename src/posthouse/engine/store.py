"""The engine's one database thread: asyncio asks, it answers, nothing else touches rows."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, close_old_connections

from posthouse.accounts import access

P = ParamSpec("P")
Answer = TypeVar("Answer")

_PATIENCE_SECONDS = 300.0  # a locked or restarting database; one that stays away ends the engine
_LONGEST_PAUSE = 5.0

log = logging.getLogger(__name__)


class Store:
    """Runs functions of ``deliveries`` one after the other, in a thread of its own."""

    def __init__(self) -> None:
        self.patient = True  # False: what the database does not take at once is given up
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")

    async def ask(self, function: Callable[P, Answer], *args: P.args, **kwargs: P.kwargs) -> Answer:
        """The function's answer. Engines serve all accounts, so its queries see all of them."""
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + _PATIENCE_SECONDS, 0.2
        while True:
            try:
                return await loop.run_in_executor(self._thread, _run, function, args, kwargs)
            except (OperationalError, InterfaceError) as error:
                if not self.patient or loop.time() > until:
                    raise
                log.warning("the database did not answer: %s", error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def close(self) -> None:
        """Ends the thread after what it does now."""
        self._thread.submit(close_old_connections)
        self._thread.shutdown(wait=True)


def _run(
    function: Callable[..., Answer], args: tuple[object, ...], kwargs: dict[str, object]
) -> Answer:
    close_old_connections()
    with access.across_tenants():
        return function(*args, **kwargs)
