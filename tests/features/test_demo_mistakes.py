"""The doctor calls every mistake of the demo's domains by its name, and sees them mended."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from posthouse.core.dns.records import Record, RecordType, record
from posthouse.core.dns.template_file import parse
from posthouse.core.dns.templates import generate
from posthouse.core.verification.cases import Fault
from posthouse.core.verification.checks import CheckResult
from posthouse.demo.dns.world import DemoDns
from posthouse.demo.dns.zones import create, publish, withdraw
from posthouse.demo.mistakes import TO_BE_LEFT, TO_BE_MENDED, Mistake, with_mistakes
from posthouse.demo.world import MASTER
from posthouse.domains.examine import Examination, NameServers, examine_async

CONFIG = Path(__file__).parents[2] / "config" / "dns.toml"
DOMAIN = "mail.harbour.example.com"


@pytest.fixture
def zone_file(tmp_path: Path) -> Path:
    """The zones of the demo's world, before any account publishes something."""
    hosts = (MASTER, f"track.{MASTER}")
    keys = (f"_dmarc.{MASTER}", f"key1._domainkey.{MASTER}")
    inherited = [
        *(record(host, RecordType.A, "127.0.0.1") for host in hosts),
        *(record(host, RecordType.TXT, "v=DMARC1; p=none") for host in keys),
    ]
    create(tmp_path / "zones.json", {"example.net": inherited, "example.com": ()})
    return tmp_path / "zones.json"


def wanted() -> tuple[Record, ...]:
    return generate(
        parse(CONFIG.read_text("utf-8")).campaign["Default"],
        domain=DOMAIN,
        subdomain="sl",
        track_prefix="track",
        track_merge="-",
        tracking_subdomain=True,
        random="abcdefghij",
        ownership_hash="0123456789abcdef",
    )


def examine(zone_file: Path) -> Examination:
    async def run() -> Examination:
        servers = DemoDns(zone_file)
        await servers.start()
        try:
            asked = NameServers([servers.recursor], servers.authority[1], private_authority=True)
            return await examine_async(wanted(), DOMAIN, asked)
        finally:
            await servers.stop()

    return asyncio.run(run())


@pytest.mark.parametrize("mistakes", [TO_BE_MENDED, TO_BE_LEFT], ids=["mended", "left"])
def test_each_mistake_is_named_and_nothing_else_is(
    mistakes: tuple[Mistake, ...], zone_file: Path
) -> None:
    publish(zone_file, with_mistakes(wanted(), mistakes))
    found = examine(zone_file)
    assert found.result is CheckResult.FAILED
    faults = Counter(each.fault for each in found.diagnoses)
    assert faults.pop(Fault.NONE) == len(wanted()) - len(mistakes)
    assert faults == Counter(each.fault for each in mistakes)


def test_the_mended_zone_passes(zone_file: Path) -> None:
    mistaken = with_mistakes(wanted(), TO_BE_MENDED)
    publish(zone_file, mistaken)
    withdraw(zone_file, mistaken)
    publish(zone_file, wanted())
    assert examine(zone_file).result is CheckResult.VERIFIED
