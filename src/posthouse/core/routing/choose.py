"""Which delivery server a dispatch leaves through, and why that one."""

from collections.abc import Mapping
from dataclasses import dataclass

from posthouse.core.channels import Channel
from posthouse.core.routing.badges import BADGES

Allocations = Mapping[Channel, int]  # channel -> server id


@dataclass(frozen=True, slots=True)
class Choice:
    """The server, and a sentence for each step that was looked at, in order."""

    server_id: int
    reasons: tuple[str, ...]


class NoServer(Exception):
    """Base of the refusals: this mail cannot leave. `reasons` has a sentence for each step."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


class NothingAllocated(NoServer):
    """No step names a server."""


class ServerGone(NoServer):
    """The step that decides names a server that is no longer there.

    Another server is never taken in its place unseen: whoever has a server of their own has it so
    that their mail does not mix with that of others.
    """

    def __init__(self, reasons: tuple[str, ...], server_id: int) -> None:
        super().__init__(reasons)
        self.server_id = server_id


def choose_server(
    channel: Channel,
    account_allocations: Allocations,
    group_allocations: Allocations,
    servers: Mapping[int, str],
    campaign_server: int | None = None,
) -> Choice:
    """The first step that names a server decides: campaign, then account, then group.

    `servers` gives the name of each server that may be used, by id. Raises NothingAllocated or
    ServerGone.
    """
    what = BADGES[channel].name.lower()
    steps = (
        *([("The campaign", "", campaign_server)] if campaign_server is not None else []),
        ("The account", f" for {what} mail", account_allocations.get(channel)),
        ("The user group", f" for {what} mail", group_allocations.get(channel)),
    )
    reasons: tuple[str, ...] = ()
    for who, purpose, server_id in steps:
        if server_id is None:
            reasons += (f"{who} names no delivery server{purpose}.",)
            continue
        if server_id not in servers:
            gone = f"{who} names a delivery server{purpose} that is no longer in use."
            raise ServerGone((*reasons, gone), server_id)
        return Choice(server_id, (*reasons, f"{who} names {servers[server_id]}{purpose}."))
    raise NothingAllocated(reasons)
