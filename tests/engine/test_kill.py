"""kill -9 of an engine in the middle of a campaign, again and again: nobody lost, hardly one twice."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account
from posthouse.campaigns import services as campaigns
from posthouse.campaigns.models import Campaign
from posthouse.deliveries.models import Attempt, Dispatch, Engine
from posthouse.demo.parts import Parts
from posthouse.demo.record import read_record
from tests.sending import Sending, counted, make_sending

RECIPIENTS, KILLS = 5_000, 5
CONNECTIONS, IN_FLIGHT = 4, 4
HANGING = 240.0  # seconds


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    running = Parts(tmp_path / "logs")
    yield running
    running.stop_all()


@pytest.fixture
def sink(parts: Parts, tmp_path: Path) -> tuple[int, Path]:
    """A relay's port, and the folder of its own record."""
    store = tmp_path / "sink"
    arguments = ["-m", "posthouse.demo.sink", "--store", str(store)]
    ports = parts.start("sink", arguments, environment(), announces=True)
    return int(ports["smtp_port"]), store


def environment() -> dict[str, str]:
    import os

    return dict(os.environ)


def send(sending: Sending) -> Campaign:
    """A campaign to the list, sent now."""
    with access.tenant(sending.account):
        draft = campaigns.create(
            SYSTEM,
            sending.account,
            name="Autumn",
            from_name="Harbour Books",
            from_local="news",
            sender_domain=sending.domain,
            subject="Hello {{ first_name }}",
            html="<p>Dear {{ first_name }},</p>" + "<p>A long letter.</p>" * 300,
            lists=[sending.list],
        )
        return campaigns.send_now(SYSTEM, draft)


def wait_until(parts: Parts, ready: Callable[[], bool], what: str) -> None:
    """Looks until it is so; a test that hangs says for what."""
    until = time.monotonic() + HANGING
    while not ready():
        parts.demand_alive()
        assert time.monotonic() < until, f"{what} did not come to pass"
        time.sleep(0.02)


def start_engine(parts: Parts, environment: dict[str, str]) -> None:
    parts.start("engine", ["-m", "posthouse.cli.app", "engine", "--name", "e1"], environment)


def test_five_kills_in_a_campaign_of_five_thousand(
    account: Account, parts: Parts, sink: tuple[int, Path], child_environment: dict[str, str]
) -> None:
    port, store = sink
    child = child_environment | {
        "POSTHOUSE_UNCERTAIN_RETRY_SECONDS": "1",
        "POSTHOUSE_BATCH_SIZE": "200",
    }
    with access.across_tenants():
        sending = make_sending(account, RECIPIENTS, port)
        sending.server.max_connections = CONNECTIONS
        sending.server.save()
        campaign = send(sending)
        dispatch = Dispatch.objects.get(pk=campaign.dispatch_id)
    parts.start("worker", ["-m", "posthouse.cli.app", "worker"], child)

    def arrived() -> int:
        return sum(1 for _ in read_record(store))

    chance = random.Random(2026)
    for kill in range(KILLS):
        start_engine(parts, child)
        goal = RECIPIENTS * (kill + 1) // (KILLS + 1) - chance.randint(0, 200)
        wait_until(parts, lambda goal=goal: arrived() >= goal, f"message {goal}")
        parts.kill("engine")
    start_engine(parts, child)

    def sent() -> bool:
        campaign.refresh_from_db()
        return bool(campaign.state == Campaign.State.SENT)

    with access.across_tenants():
        wait_until(parts, sent, "the state Sent")
        copies = Counter(message.recipient for message in read_record(store))
        uncertain = Attempt.objects.filter(result="uncertain").count()
        engine = Engine.objects.get(name="e1")
    duplicated = sum(count - 1 for count in copies.values())

    assert len(copies) == RECIPIENTS
    assert duplicated <= uncertain <= KILLS * CONNECTIONS * IN_FLIGHT
    assert counted(dispatch) == {"accepted": RECIPIENTS}
    parts.stop("engine")
    engine.refresh_from_db()
    assert engine.state == Engine.State.STOPPED
