"""The queue of the embedded default: the engine looks for itself, seldom while nothing moves."""

import asyncio

_SOONEST, _LATEST = 0.05, 1.0  # seconds


class DatabaseQueue:
    """Waits longer each time that nothing was found, up to a second."""

    def __init__(self) -> None:
        self._pause = _SOONEST

    async def wait(self) -> None:
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 2, _LATEST)

    def worked(self) -> None:
        self._pause = _SOONEST

    async def close(self) -> None:
        """Nothing is held."""
