"""The SMTP sink with its inbox, inside a process or as one: `python -m posthouse.demo.sink`."""

import argparse
import asyncio
import json
import signal
import ssl
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import uvloop

from posthouse.demo.faults import Fault, FaultNotUnderstood, parse_fault
from posthouse.demo.inbox import Inbox
from posthouse.demo.record import Record
from posthouse.demo.sink_server import ALL_EXTENSIONS, SinkState, SmtpSink


class Sink:
    """Start it, send to `smtp_port`, look at `http_port`, read `record`, stop it."""

    def __init__(
        self,
        store: Path,
        *,
        host: str = "127.0.0.1",
        smtp_port: int = 0,
        http_port: int | None = 0,  # None = no inbox
        extensions: Sequence[str] = ALL_EXTENSIONS,
        faults: Iterable[Fault] = (),
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        credentials: tuple[str, str] | None = None,
    ) -> None:
        self.host, self.smtp_port, self.http_port = host, smtp_port, http_port
        self.record = Record(store)
        self._implicit = tls if implicit_tls else None
        self.state = SinkState(
            self.record,
            extensions,
            list(faults),
            None if implicit_tls else tls,
            credentials,
        )
        self._servers: list[asyncio.Server] = []

    async def start(self) -> None:
        """Listens; ports that were 0 are known afterwards."""
        loop = asyncio.get_running_loop()
        smtp = await loop.create_server(
            lambda: SmtpSink(self.state, encrypted=self._implicit is not None),
            self.host,
            self.smtp_port,
            ssl=self._implicit,
        )
        self._servers.append(smtp)
        self.smtp_port = smtp.sockets[0].getsockname()[1]
        if self.http_port is not None:
            inbox = Inbox(self.state)
            http = await asyncio.start_server(
                inbox.serve, self.host, self.http_port, limit=16 * 1024
            )
            self._servers.append(http)
            self.http_port = http.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Cuts all connections; what was answered with 250 is in the record."""
        for server in self._servers:
            server.close()
        for connection in tuple(self.state.open):
            connection.abort()
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()
        self.record.close()


async def _run(arguments: argparse.Namespace) -> None:
    faults = [parse_fault(text) for text in arguments.fault]
    sink = Sink(
        arguments.store,
        host=arguments.host,
        smtp_port=arguments.smtp_port,
        http_port=arguments.http_port,
        faults=faults,
        tls=_tls(arguments.tls) if arguments.tls else None,
        credentials=_credentials(arguments.login) if arguments.login else None,
    )
    await sink.start()
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    ports = {"smtp_port": sink.smtp_port, "http_port": sink.http_port}
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    await stopped.wait()
    await sink.stop()


def _tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


def _credentials(login: str) -> tuple[str, str]:
    name, _, password = login.partition(":")
    return name, password


def main(argv: Sequence[str] | None = None) -> int:
    """Runs until SIGTERM; the first line of output is a JSON object with the ports."""
    parser = argparse.ArgumentParser(
        prog="python -m posthouse.demo.sink",
        description="An SMTP server that takes and records everything, with a web inbox.",
        epilog="Example: --smtp-port 2525 --store sink --fault 'rcpt:*@bad.example:550 5.1.1 No'",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--smtp-port", type=int, default=0, help="0 = any free port")
    parser.add_argument("--http-port", type=int, default=0, help="0 = any free port")
    parser.add_argument("--store", type=Path, required=True, help="folder for the record")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="STAGE:PATTERN:ACTION",
        help="drop, lose, stall, or a reply; may be given several times",
    )
    parser.add_argument("--tls", type=Path, metavar="FILE.pem", help="key and certificate")
    parser.add_argument("--login", metavar="NAME:PASSWORD", help="ask for this login")
    try:
        uvloop.run(_run(parser.parse_args(argv)))
    except (FaultNotUnderstood, OSError) as error:
        sys.stderr.write(f"sink: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
