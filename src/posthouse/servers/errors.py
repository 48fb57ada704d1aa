"""What can go wrong with delivery servers, apart from a field that is not accepted."""

from collections.abc import Sequence


class ServerRefused(Exception):
    """Base of what is refused here; the text says what, why and what to do."""


class ServerInUse(ServerRefused):
    """A server cannot be deleted while somebody or something sends through it."""

    def __init__(self, server: str, users: Sequence[str]) -> None:
        super().__init__(
            f"{server} cannot be deleted: {_listed(users)} would have nothing to send through. "
            "Choose another delivery server for them first; retiring this one asks for it."
        )
        self.server, self.users = server, tuple(users)


class ServerRetired(ServerRefused):
    """Nothing is sent through a retired server."""

    def __init__(self, server: str) -> None:
        super().__init__(f"{server} is retired: bring it back before somebody sends through it.")
        self.server = server


class ServerNamedInSettings(ServerRefused):
    """The installation's own server stays in use: nothing here could name another in its place."""

    def __init__(self, server: str) -> None:
        super().__init__(
            f"POSTHOUSE_SYSTEM_SERVER names {server}, so it cannot retire: mail without a server "
            "of its own would stop. Name another server in that setting first."
        )
        self.server = server


class ServerEditedMeanwhile(ServerRefused):
    """Somebody else saved other settings since these were shown: nobody's work is overwritten."""

    def __init__(self, server: str) -> None:
        super().__init__(
            f"Somebody else changed {server} since this page was opened, so nothing was saved. "
            "Open the page again to see what they changed."
        )
        self.server = server


class ServerChangedMeanwhile(ServerRefused):
    """The connection was changed while it was being tested: the result says nothing about it."""

    def __init__(self, server: str) -> None:
        super().__init__(
            f"The settings of {server} were changed during the test, so its result was not kept. "
            "Test again."
        )
        self.server = server


def _listed(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
