"""What an engine needs of a queue: to be told that work may be there. The truth is in the rows."""

from typing import Protocol


class Queue(Protocol):
    """Hints only: a hint too many costs one empty claim, a lost one is made again by the sweep."""

    async def wait(self) -> None:
        """Returns when a batch may be waiting."""

    def worked(self) -> None:
        """The last hint led to a claim: there is probably more."""

    async def close(self) -> None:
        """Lets go of whatever the queue holds."""
