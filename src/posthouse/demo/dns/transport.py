"""Serves DNS over UDP and TCP on one port of the loopback interface."""

import asyncio
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import cast

import dns.exception
import dns.flags
import dns.message

Answering = Callable[[dns.message.Message], dns.message.Message]

# Largest reply in a packet: 512 octets without EDNS (RFC 1035), 1232 with it (DNS Flag Day 2020).
PLAIN_PAYLOAD = 512
EDNS_PAYLOAD = 1232
TCP_PAYLOAD = 65535
IDLE_SECONDS = 10.0

_PORT_TRIES = 20


class DnsListener:
    """Answers queries on a free port of `host` until it is closed."""

    def __init__(self, answering: Answering, host: str = "127.0.0.1") -> None:
        self.host = host
        self.port = 0
        self._answering = answering
        self._stream: asyncio.Server | None = None
        self._datagram: asyncio.DatagramTransport | None = None

    async def open(self) -> None:
        """Binds both sockets; OSError if no port is free for both."""
        for left in reversed(range(_PORT_TRIES)):
            self._stream = await asyncio.start_server(self._serve_stream, self.host, 0)
            self.port = self._stream.sockets[0].getsockname()[1]
            try:
                await self._open_datagram()
            except OSError:  # somebody else has the port for UDP
                await self.close()
                if not left:
                    raise
            else:
                return

    async def close(self) -> None:
        """Closes both sockets."""
        if self._datagram is not None:
            self._datagram.close()
            self._datagram = None
        if self._stream is not None:
            self._stream.close()
            await self._stream.wait_closed()
            self._stream = None

    async def _open_datagram(self) -> None:
        loop = asyncio.get_running_loop()
        self._datagram, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self._answering), local_addr=(self.host, self.port)
        )

    async def _serve_stream(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One connection: messages behind their length in two octets (RFC 1035 section 4.2.2)."""
        try:
            with suppress(asyncio.IncompleteReadError, OSError):  # they hung up, or say nothing
                while await self._serve_message(reader, writer):
                    pass
        finally:
            writer.close()

    async def _serve_message(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        async with asyncio.timeout(IDLE_SECONDS):
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            octets = await reader.readexactly(length)
        reply = answer_octets(self._answering, octets, over_tcp=True)
        if reply is not None:
            writer.write(struct.pack("!H", len(reply)) + reply)
            await writer.drain()
        return reply is not None


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The event loop's own class has this type's methods, but not its name (Python 3.11).
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = answer_octets(self._answering, data, over_tcp=False)
        if reply is not None and self._transport is not None:
            self._transport.sendto(reply, addr)


def answer_octets(answering: Answering, octets: bytes, *, over_tcp: bool) -> bytes | None:
    """The reply on the wire, truncated (TC) if it does not fit; None for what is no query."""
    try:
        query = dns.message.from_wire(octets)
    except (dns.exception.DNSException, ValueError):
        return None
    if query.flags & dns.flags.QR:
        return None
    limit = TCP_PAYLOAD if over_tcp else _packet_limit(query)
    return answering(query).to_wire(max_size=limit, prefer_truncation=True)


def _packet_limit(query: dns.message.Message) -> int:
    if query.edns < 0:
        return PLAIN_PAYLOAD
    return max(PLAIN_PAYLOAD, min(query.payload, EDNS_PAYLOAD))
