"""The demo's two name servers: one that holds the zones, and a recursor in front of it."""

import logging
from pathlib import Path

import dns.message

from posthouse.demo.dns import authority, recursor
from posthouse.demo.dns.transport import DnsListener
from posthouse.demo.dns.zones import Zones, ZonesUnreadable, read

log = logging.getLogger(__name__)


class WatchedZones:
    """The zones of a file, read again whenever the file was replaced or changed."""

    def __init__(self, zone_file: Path) -> None:
        self._file = zone_file
        self._stamp = _stamp(zone_file)
        self._zones = read(zone_file)

    def current(self) -> Zones:
        """The zones as the file has them now; the last good ones if it cannot be read."""
        stamp = _stamp(self._file)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._zones = read(self._file)
            except ZonesUnreadable as error:
                log.warning("The zones stay as they were: %s", error)
        return self._zones


class DemoDns:
    """Authority and recursor on free ports of the loopback interface.

    Ask `recursor` (address and port); `authority` is for who wants to ask the zones' own server.
    Raises ZonesUnreadable if the file cannot be served.
    """

    def __init__(self, zone_file: Path, host: str = "127.0.0.1") -> None:
        self._zones = WatchedZones(zone_file)
        self._authority = DnsListener(self._ask_authority, host)
        self._recursor = DnsListener(self._ask_recursor, host)

    @property
    def authority(self) -> tuple[str, int]:
        """Where the authoritative server listens."""
        return self._authority.host, self._authority.port

    @property
    def recursor(self) -> tuple[str, int]:
        """Where the recursor listens."""
        return self._recursor.host, self._recursor.port

    async def start(self) -> None:
        """Opens the ports; queries are answered from now on."""
        await self._authority.open()
        await self._recursor.open()

    async def stop(self) -> None:
        """Closes the ports."""
        await self._recursor.close()
        await self._authority.close()

    def _ask_authority(self, query: dns.message.Message) -> dns.message.Message:
        return authority.answer(self._zones.current(), query)

    def _ask_recursor(self, query: dns.message.Message) -> dns.message.Message:
        return recursor.answer(self._zones.current(), query)


def _stamp(path: Path) -> tuple[int, int, int]:
    """Changes when the file is changed or replaced; zeros while it is missing."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0, 0
    return status.st_ino, status.st_mtime_ns, status.st_size
