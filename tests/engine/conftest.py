"""An installation for engine tests: a relay, a worker and engines as real processes."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM
from posthouse.campaigns import services as campaigns
from posthouse.campaigns.models import Campaign
from posthouse.demo.parts import Parts
from posthouse.demo.record import StoredMessage, read_record
from tests.sending import Sending

HANGING = 240.0  # seconds


@dataclass(frozen=True)
class House:
    """Processes on the test's database; everything is stopped at the end of the test."""

    parts: Parts
    environment: dict[str, str]
    store: Path

    def relay(self, *faults: str) -> int:
        """Starts the sink; returns its port."""
        arguments = ["-m", "posthouse.demo.sink", "--store", str(self.store)]
        for fault in faults:
            arguments += ["--fault", fault]
        started = self.parts.start("sink", arguments, os.environ, announces=True)
        return int(started["smtp_port"])

    def worker(self, name: str = "worker") -> None:
        self.parts.start(name, ["-m", "posthouse.cli.app", "worker"], self.environment)

    def engine(self, name: str = "e1") -> None:
        arguments = ["-m", "posthouse.cli.app", "engine", "--name", name]
        self.parts.start(name, arguments, self.environment)

    def drain(self, name: str) -> int:
        """SIGTERM; the exit code."""
        process = self.parts._running[name]
        self.parts.stop(name)
        return process.returncode

    def copies(self) -> Counter[str]:
        """How often the relay has taken a message, by recipient."""
        return Counter(message.recipient for message in self.taken())

    def wait_for_copies(self, count: int) -> None:
        """Until the relay has taken so many."""
        self.wait_until(lambda: len(self.taken()) >= count, f"message {count}")

    def taken(self) -> list[StoredMessage]:
        """What the relay has taken so far, by its own record."""
        return list(read_record(self.store))

    def wait_until(self, ready: Callable[[], bool], what: str) -> None:
        """Looks until it is so; a test that hangs says for what."""
        until = time.monotonic() + HANGING
        while not ready():
            self.parts.demand_alive()
            assert time.monotonic() < until, f"{what} did not come to pass"
            time.sleep(0.02)

    def wait_for_state(self, campaign: Campaign, state: Campaign.State) -> None:
        """Until housekeeping has told the campaign what became of it."""

        def reached() -> bool:
            with access.across_tenants():
                campaign.refresh_from_db()
            return bool(campaign.state == state)

        self.wait_until(reached, f"the state {state.label}")


@pytest.fixture
def house(child_environment: dict[str, str], tmp_path: Path) -> Iterator[House]:
    environment = child_environment | {
        "POSTHOUSE_UNCERTAIN_RETRY_SECONDS": "1",
        "POSTHOUSE_BATCH_SIZE": "200",
    }
    running = House(Parts(tmp_path / "logs"), environment, tmp_path / "sink")
    yield running
    running.parts.stop_all()


def send(sending: Sending, **values: object) -> Campaign:
    """A campaign to the list, sent now."""
    usual = {
        "name": "Autumn",
        "from_name": "Harbour Books",
        "from_local": "news",
        "sender_domain": sending.domain,
        "subject": "Hello {{ first_name }}",
        "html": "<p>Dear {{ first_name }},</p>" + "<p>A long letter.</p>" * 300,
        "lists": [sending.list],
    }
    with access.tenant(sending.account):
        draft = campaigns.create(SYSTEM, sending.account, **(usual | values))
        return campaigns.send_now(SYSTEM, draft)
