"""Save to disk: every message one whole file, its envelope kept where asked for, faults told."""

import asyncio
import email
from collections.abc import Callable
from email import policy
from pathlib import Path

import pytest
from django.utils import timezone

from posthouse.accounts import access
from posthouse.accounts.models import Account
from posthouse.campaigns.models import Campaign
from posthouse.core.delivery.pickup import Layout, file_name
from posthouse.core.delivery.states import Result
from posthouse.core.smtp.messages import Outgoing
from posthouse.deliveries.models import Batch
from posthouse.engine.disk import Folder
from posthouse.servers.disk import DiskSettings, probe_disk
from posthouse.servers.models import DeliveryServer
from posthouse.servers.rates import standings
from tests.engine.conftest import House, send
from tests.engine.pools import GUARD_SECONDS, Log, message, messages, until
from tests.sending import Sending, make_sending


def saved(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir() if one.is_file())


def write(
    where: DiskSettings, outgoing: list[Outgoing], log: Log | None = None
) -> tuple[Log, Folder]:
    """Puts everything in at once and waits until every message has its outcome."""
    log = log or Log()

    async def run() -> Folder:
        folder = Folder(where, log.start, log.outcome)
        folder.put(outgoing)
        async with asyncio.timeout(GUARD_SECONDS):
            await folder.close(drain=True)
        return folder

    return log, asyncio.run(run())


def test_each_message_is_one_file_with_the_bytes_of_the_wire(tmp_path: Path) -> None:
    where = DiskSettings(tmp_path / "marketing", Layout.EML)
    outgoing = messages(50)
    log, _ = write(where, outgoing)

    assert log.of(Result.ACCEPTED) == log.started == list(range(50))
    assert saved(where.folder) == sorted(file_name(one) for one in outgoing)
    for one in outgoing:
        assert (where.folder / file_name(one)).read_bytes() == one.content
    assert list((where.folder / ".drafts").iterdir()) == []


def test_powermta_finds_the_envelope_before_the_message(tmp_path: Path) -> None:
    one = message(7)
    write(DiskSettings(tmp_path, Layout.POWERMTA), [one])
    envelope = f"x-sender: {one.mail_from}\r\nx-receiver: {one.recipient}\r\n".encode()
    assert (tmp_path / file_name(one)).read_bytes() == envelope + one.content


@pytest.mark.parametrize("address", ["a@example.org\r\nx-receiver: b@example.org", "<a>", ""])
def test_an_address_cannot_add_a_line_to_the_envelope(tmp_path: Path, address: str) -> None:
    log, folder = write(
        DiskSettings(tmp_path, Layout.POWERMTA),
        [message(1)._replace(recipient=address), message(2)],
    )
    assert log.of(Result.FAILED) == [1]
    assert log.of(Result.ACCEPTED) == [2]
    assert folder.trouble is None


def test_a_message_is_in_the_journal_before_its_file_is_there(tmp_path: Path) -> None:
    where = DiskSettings(tmp_path / "out", Layout.EML)

    def nothing_yet(tokens: object) -> None:
        assert not where.folder.exists()

    write(where, messages(3), Log(before=nothing_yet))
    assert len(saved(where.folder)) == 3


def test_what_cannot_be_journaled_is_not_written(tmp_path: Path) -> None:
    def full(tokens: object) -> None:
        raise OSError("no space left")

    log, folder = write(DiskSettings(tmp_path, Layout.EML), messages(3), Log(before=full))
    assert saved(tmp_path) == []
    assert log.of(Result.UNTOUCHED) == [0, 1, 2]
    assert folder.trouble is not None


def test_a_folder_that_cannot_be_written_hands_everything_back(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    log, folder = write(DiskSettings(tmp_path / "file", Layout.EML), messages(30))
    assert log.of(Result.UNTOUCHED) == list(range(30))
    assert folder.trouble is not None
    assert "cannot be written" in folder.trouble.reason


def test_after_trouble_in_the_middle_files_and_outcomes_agree(tmp_path: Path) -> None:
    (tmp_path / file_name(message(5))).mkdir()
    (tmp_path / file_name(message(5)) / "in the way").touch()
    log, _ = write(DiskSettings(tmp_path, Layout.EML), messages(10))
    assert log.of(Result.ACCEPTED) == [0, 1, 2, 3, 4]
    assert log.of(Result.UNTOUCHED) == [5, 6, 7, 8, 9]
    assert saved(tmp_path) == sorted(file_name(one) for one in messages(5))


def test_waiting_messages_can_be_taken_back(tmp_path: Path) -> None:
    async def run() -> tuple[Log, list[Outgoing]]:
        log = Log()
        folder = Folder(DiskSettings(tmp_path, Layout.EML), log.start, log.outcome)
        folder.put(messages(4))
        taken = folder.take_back([1, 3])
        await folder.close(drain=True)
        return log, taken

    log, taken = asyncio.run(run())
    assert [one.token for one in taken] == [1, 3]
    assert log.of(Result.ACCEPTED) == [0, 2]


class Turnstile:
    """A gate that lets through as many as a test says."""

    def __init__(self, permits: int) -> None:
        self.permits = permits

    def allowed(self) -> int:
        return self.permits

    def use(self) -> None:
        self.permits -= 1


def test_a_gate_lets_files_through_by_number_until_the_last(tmp_path: Path) -> None:
    async def run() -> Log:
        log, gate = Log(), Turnstile(30)
        folder = Folder(DiskSettings(tmp_path, Layout.EML), log.start, log.outcome)
        folder.gate = gate
        folder.put(messages(50))
        await until(lambda: len(log.outcomes) == 30)
        assert (gate.permits, folder.waiting) == (0, 20)
        gate.permits = 5
        folder.wake()
        await until(lambda: len(log.outcomes) == 35)
        closing = asyncio.create_task(folder.close(drain=True))
        gate.permits = 100
        folder.wake()
        await closing
        return log

    assert asyncio.run(run()).of(Result.ACCEPTED) == list(range(50))
    assert len(saved(tmp_path)) == 50


@pytest.mark.parametrize("take_all_back", [True, False])
def test_a_closed_gate_keeps_no_engine_from_ending(tmp_path: Path, take_all_back: bool) -> None:
    async def run() -> tuple[Log, list[Outgoing]]:
        log = Log()
        folder = Folder(DiskSettings(tmp_path, Layout.EML), log.start, log.outcome)
        folder.gate = Turnstile(0)
        folder.put(messages(3))
        await asyncio.sleep(0)
        taken = folder.take_back() if take_all_back else []
        async with asyncio.timeout(GUARD_SECONDS):
            await folder.close(drain=take_all_back)
        return log, taken

    log, taken = asyncio.run(run())
    assert sorted([one.token for one in taken] + log.of(Result.UNTOUCHED)) == [0, 1, 2]
    assert saved(tmp_path) == []


def test_a_second_attempt_overwrites_the_first(tmp_path: Path) -> None:
    where = DiskSettings(tmp_path, Layout.EML)
    write(where, messages(2))
    write(where, messages(2))
    assert len(saved(tmp_path)) == 2


@pytest.mark.parametrize(
    ("spoil", "ok"), [(lambda _: None, True), (lambda folder: folder.write_text("x"), False)]
)
def test_the_test_says_whether_the_folder_can_be_written(
    tmp_path: Path, spoil: Callable[[Path], None], ok: bool
) -> None:
    folder = tmp_path / "out"
    spoil(folder)
    report = probe_disk(DiskSettings(folder, Layout.EML))
    assert report.ok is ok
    assert str(folder) in report.steps[0].words
    if ok:
        assert saved(folder) == []


@pytest.fixture
def to_disk(account: Account, house: House, tmp_path: Path) -> Sending:
    """60 recipients of a server that saves, below the folder of the test."""
    house.environment["POSTHOUSE_DISK_FOLDER"] = str(tmp_path)
    with access.across_tenants():
        sending = make_sending(account, members=60)
        DeliveryServer.objects.update(kind="disk", folder="marketing/pickup")
    return sending


def test_an_engine_saves_a_whole_campaign(house: House, to_disk: Sending, tmp_path: Path) -> None:
    campaign = send(to_disk)
    house.worker()
    house.engine()
    house.wait_for_state(campaign, Campaign.State.SENT)

    folder = tmp_path / "marketing" / "pickup"
    files = [(folder / name).read_bytes() for name in saved(folder)]
    letters = [email.message_from_bytes(file, policy=policy.default) for file in files]
    assert len({letter["To"] for letter in letters}) == len(letters) == 60
    assert {letter["From"].addresses[0].domain for letter in letters} == {to_disk.domain.name}


def test_two_engines_keep_a_folders_rate(house: House, to_disk: Sending, tmp_path: Path) -> None:
    DeliveryServer.objects.update(rate_per_day=25)
    house.environment["POSTHOUSE_BATCH_SIZE"] = "10"
    send(to_disk)
    house.worker()
    house.engine("e1")
    house.engine("e2")

    def is_full() -> bool:
        (standing,) = standings(DeliveryServer.objects.get(), timezone.now())
        with access.across_tenants():
            return standing.is_reached and not Batch.objects.filter(state="claimed").exists()

    house.wait_until(is_full, "a full folder")
    assert len(saved(tmp_path / "marketing" / "pickup")) == 25
