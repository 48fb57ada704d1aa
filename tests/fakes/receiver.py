"""A customer's program that webhooks call: an HTTP server on loopback, told how to answer."""

import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GUARD_SECONDS = 30  # against hanging; nothing takes a second


@dataclass(frozen=True)
class Request:
    """What came."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What is answered; ``before`` and ``after`` may wait for an event of the test."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"taken"
    before: Callable[[], object] = lambda: None
    after: Callable[[], object] = lambda: None


class Receiver:
    """The server; each path answers what `replies` has for it, else 200."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.replies: dict[str, Reply] = {}
        self._arrived = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def at(self, path: str) -> list[Request]:
        """What came at one path."""
        return [request for request in self.requests if request.path == path]

    def wait_for(self, path: str, count: int) -> None:
        """Until so many requests have come there."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.at(path)) >= count, GUARD_SECONDS)

    def take(self, request: Request) -> Reply:
        with self._arrived:
            self.requests.append(request)
            self._arrived.notify_all()
        return self.replies.get(request.path, Reply())

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(GUARD_SECONDS)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hangs up in the middle is what some tests are about."""


def _handler_of(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            seen = Request(self.path, dict(self.headers), self.rfile.read(length))
            reply = receiver.take(seen)
            reply.before()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)
            self.wfile.flush()
            reply.after()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """The test's output is for the test."""

    return Handler


def closed_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
