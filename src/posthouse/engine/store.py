"""The engine's one database thread: asyncio asks, it answers, nothing else touches rows."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import OperationalError, close_old_connections

from posthouse.accounts import access

P = ParamSpec("P")
Answer = TypeVar("Answer")

_TRIES = 5  # a locked or restarting database; a lost one ends the engine, whose journal remains


class Store:
    """Runs functions of ``deliveries`` one after the other, in a thread of its own."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")

    async def ask(self, function: Callable[P, Answer], *args: P.args, **kwargs: P.kwargs) -> Answer:
        """The function's answer. Engines serve all accounts, so its queries see all of them."""
        loop = asyncio.get_running_loop()
        for attempt in range(1, _TRIES + 1):
            try:
                return await loop.run_in_executor(self._thread, _run, function, args, kwargs)
            except OperationalError:
                if attempt == _TRIES:
                    raise
                await asyncio.sleep(0.2 * 2**attempt)
        raise AssertionError("the loop above returns or raises")

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
