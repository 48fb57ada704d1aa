"""Where an installation's own mail arrives in tests: the product's SMTP sink, on loopback."""

import asyncio
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import pytest

from posthouse.demo.sink import Sink
from posthouse.domains.background import looping


class SystemMail:
    """The sink; `faults` of its state can be changed while it runs."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink

    @property
    def received(self) -> list[tuple[str, EmailMessage]]:
        """Each message with whom it was for, in the order in which they came."""
        stored = [self.sink.record[number] for number in range(len(self.sink.record))]
        return [(one.recipient, _parsed(one.content)) for one in stored]


@pytest.fixture
def system_mail(tmp_path: Path, settings: Any) -> Iterator[SystemMail]:
    """The installation's mail goes to this sink."""
    with looping("system mail") as loop:

        def call(step: Any) -> None:
            asyncio.run_coroutine_threadsafe(step, loop).result(timeout=20)

        sink = Sink(tmp_path / "system-mail", http_port=None)
        call(sink.start())
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = (
            "127.0.0.1",
            sink.smtp_port,
            20,
        )
        yield SystemMail(sink)
        call(sink.stop())


def _parsed(content: bytes) -> EmailMessage:
    return cast("EmailMessage", message_from_bytes(content, policy=policy.default))
