"""Where a webhook's name leads: asked for each connection, and every address judged (A4).

The name is looked up here and the connection is made to the address that was judged, so a name that
answers otherwise a moment later leads nowhere else. Nothing knocks at an address that is refused.
"""

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from ipaddress import ip_address

from posthouse.core.networks import Address, Network, is_allowed, literal, refusal

MOST_TRIED = 3  # addresses of one name


class DoorClosed(Exception):
    """There is nowhere to connect to; the text does not tell what a name inside means."""


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Looks names up in threads of its own, and knows which networks the operator opened."""

    threads: Executor
    allowed: Sequence[Network]

    async def addresses(self, host: str, port: int, scheme: str) -> list[Address]:
        """Where to connect to, in order; raises :class:`DoorClosed`."""
        found = await self._looked_up(host, port)
        if any(refusal(address, self.allowed) for address in found):
            raise DoorClosed(f"{host} leads to an address that is not public.")
        if scheme == "http" and not all(is_allowed(one, self.allowed) for one in found):
            raise DoorClosed(f"{host} is not inside: only https:// may lead there.")
        return found[:MOST_TRIED]

    async def _looked_up(self, host: str, port: int) -> list[Address]:
        if address := literal(host):
            return [address]
        try:
            found = await asyncio.get_running_loop().run_in_executor(
                self.threads, _look_up, host, port
            )
        except (OSError, UnicodeError) as error:
            raise DoorClosed(f"No address was found for the name {host}.") from error
        return found


def _look_up(host: str, port: int) -> list[Address]:
    """By the system's resolver, like every connection; names such as 0x7f.1 are its business."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ip_address(address) for address in dict.fromkeys(str(one[4][0]) for one in found)]
