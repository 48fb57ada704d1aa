"""Which delivery server a dispatch leaves through, and why that one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from posthouse.core.channels import Channel
from posthouse.core.routing.badges import BADGES


class Fallback(StrEnum):
    """What a user group does with mail for which neither it nor the account names a server."""

    SYSTEM = "system"  # the installation's send method
    NOTHING = "nothing"  # it does not leave


@dataclass(frozen=True, slots=True)
class Named:
    """The server that each step names for one channel, by id; None: it names none."""

    campaign: int | None = None
    account: int | None = None
    group: int | None = None
    fallback: int | Fallback = Fallback.SYSTEM
    system: int | None = None


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


@dataclass(frozen=True, slots=True)
class _Step:
    """Who is asked, for what, which server they name, and what is said when they name none."""

    who: str
    purpose: str
    server_id: int | None
    none: str = ""


def choose_server(channel: Channel, named: Named, servers: Mapping[int, str]) -> Choice:
    """The first step that names a server decides.

    The order: campaign, account, user group for this channel, the group's send method for what is
    left, the installation's send method. `servers` gives the name of each server that may be used,
    by id. Raises NothingAllocated or ServerGone.
    """
    reasons: tuple[str, ...] = ()
    for step in _steps(BADGES[channel].name.lower(), named):
        if step.server_id is None:
            reasons += (step.none or f"{step.who} names no delivery server{step.purpose}.",)
        elif step.server_id in servers:
            name = servers[step.server_id]
            return Choice(step.server_id, (*reasons, f"{step.who} names {name}{step.purpose}."))
        else:
            gone = f"{step.who} names a delivery server{step.purpose} that is no longer in use."
            raise ServerGone((*reasons, gone), step.server_id)
    raise NothingAllocated(reasons)


def _steps(what: str, named: Named) -> Iterator[_Step]:
    if named.campaign is not None:
        yield _Step("The campaign", "", named.campaign)
    yield _Step("The account", f" for {what} mail", named.account)
    yield _Step("The user group", f" for {what} mail", named.group)
    left = " for mail without one of its own"
    if named.fallback is Fallback.NOTHING:
        yield _Step("", "", None, "The user group's send method is None: other mail stays here.")
    elif named.fallback is Fallback.SYSTEM:
        yield _Step("", "", None, "The user group's send method is System, the installation's.")
        yield _Step("The installation", left, named.system)
    else:
        yield _Step("The user group", left, int(named.fallback))
