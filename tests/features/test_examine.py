"""A sender domain is examined through real servers, from nothing published to Enabled."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from posthouse.core.dns.records import Record
from posthouse.core.dns.template_file import parse
from posthouse.core.dns.templates import generate
from posthouse.core.verification.cases import Fault
from posthouse.core.verification.checks import CheckResult, Verdict
from posthouse.demo.dns.world import DemoDns
from posthouse.demo.dns.zones import create, publish
from posthouse.domains.examine import Examination, NameServers, examine, examine_async

if TYPE_CHECKING:
    from tests.features.dns_servers import DnsWorld

pytest_plugins = ["tests.features.dns_servers"]

SHIPPED = Path(__file__).parents[2] / "config" / "dns.toml"


def expected(domain: str) -> tuple[Record, ...]:
    """What the shipped Default template asks of `domain`."""
    return generate(
        parse(SHIPPED.read_text(encoding="utf-8")).campaign["Default"],
        domain=domain,
        subdomain="sl",
        track_prefix="track",
        track_merge="-",
        tracking_subdomain=True,
        random="abcdefghij",
        ownership_hash="Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE=",
    )


def look(world: "DnsWorld", domain: str) -> Examination:
    servers = NameServers([world.resolver], world.authority[1], private_authority=True)
    return examine(expected(domain), domain, servers)


def faults(examination: Examination) -> dict[str, Fault]:
    return {each.finding.record.host: each.fault for each in examination.diagnoses}


def test_a_domain_with_all_its_records_passes(dns_world: "DnsWorld") -> None:
    dns_world.set_zone("passes.example", expected("mail.passes.example"))
    examination = look(dns_world, "mail.passes.example")
    assert examination.result is CheckResult.VERIFIED
    assert {each.verdict for each in examination.diagnoses} == {Verdict.OK}
    assert [each.finding.record for each in examination.diagnoses] == [
        *expected("mail.passes.example")
    ]


def test_a_domain_with_nothing_is_told_what_to_add_and_when_it_shows(
    dns_world: "DnsWorld",
) -> None:
    dns_world.set_zone("nothing.example", [])
    examination = look(dns_world, "mail.nothing.example")
    assert examination.result is CheckResult.FAILED
    assert set(faults(examination).values()) == {Fault.ABSENT}
    first = examination.diagnoses[0]
    assert first.advice == (
        "Add a CNAME record with the host sl.mail and the value mailer.example.net to the zone"
        " nothing.example."
    )
    assert "after the change" in first.visible


def test_each_mistake_in_a_zone_is_named(dns_world: "DnsWorld") -> None:
    token = expected("mail.mistakes.example")[-1].value
    dns_world.set_zone(
        "mistakes.example",
        [
            "sl.mail.mistakes.example CNAME mailer.example.net.",  # relative: the zone is added
            "key1._domainkey.mail A 192.0.2.1",
            "key1._domainkey.sl.mail CNAME key1._domainkey.mailer.example.net",  # no final dot
            '_dmarc.mail TXT "v=DMARC1; p=reject"',
            '_dmarc.sl.mail TXT "v=DMARC1; p=none"',
            '_dmarc.sl.mail TXT "v=DMARC1; p=reject"',
            "track-sl.mail CNAME circle",
            "circle CNAME track-sl.mail",
            f'abcdefghij.sl.mail TXT "\\"{token}\\""',
        ],
    )
    examination = look(dns_world, "mail.mistakes.example")
    assert examination.result is CheckResult.FAILED
    assert faults(examination) == {
        "sl.mail.mistakes.example": Fault.ZONE_APPENDED_TO_HOST,
        "key1._domainkey.mail.mistakes.example": Fault.ADDRESS_NOT_ALIAS,
        "key1._domainkey.sl.mail.mistakes.example": Fault.ZONE_APPENDED_TO_TARGET,
        "_dmarc.mail.mistakes.example": Fault.OWN_POLICY,
        "_dmarc.sl.mail.mistakes.example": Fault.DMARC_TWICE,
        "track-sl.mail.mistakes.example": Fault.LOOP,
        "abcdefghij.sl.mail.mistakes.example": Fault.QUOTES,
    }


def test_a_wildcard_does_not_verify_a_domain(dns_world: "DnsWorld") -> None:
    dns_world.set_zone("wildcard.example", ["* CNAME mailer.example.net."])
    examination = look(dns_world, "mail.wildcard.example")
    assert examination.result is CheckResult.FAILED
    hosts = faults(examination)
    assert hosts["sl.mail.wildcard.example"] is Fault.NONE  # the right target, however it came
    assert hosts["track-sl.mail.wildcard.example"] is Fault.WILDCARD
    assert hosts["abcdefghij.sl.mail.wildcard.example"] is not Fault.NONE


def test_an_answer_that_the_resolver_keeps_is_waited_for(dns_world: "DnsWorld") -> None:
    domain = "mail.keeps.example"
    dns_world.set_zone("keeps.example", ["sl.mail CNAME old.example.net."])
    look(dns_world, domain)
    dns_world.set_zone("keeps.example", expected(domain), flush=False)
    examination = look(dns_world, domain)
    assert examination.result is CheckResult.FAILED
    first = examination.diagnoses[0]
    assert (first.fault, first.verdict) == (Fault.OLD_ANSWER, Verdict.NOT_YET)
    assert first.visible.startswith("Visible in about")
    dns_world.flush("keeps.example")
    assert look(dns_world, domain).result is CheckResult.VERIFIED


def test_a_domain_that_nobody_registered_is_named(dns_world: "DnsWorld") -> None:
    examination = look(dns_world, "mail.unregistered.example")
    assert set(faults(examination).values()) == {Fault.NO_DOMAIN}


def test_a_failing_zone_is_no_failed_check(dns_world: "DnsWorld") -> None:
    dns_world.break_zone("failing.example")
    examination = look(dns_world, "mail.failing.example")
    assert examination.result is CheckResult.COULD_NOT_CHECK
    assert set(faults(examination).values()) == {Fault.SERVER_FAILED}


def test_an_empty_template_passes_without_a_question() -> None:
    assert examine((), "example.com", NameServers([])).result is CheckResult.VERIFIED


@pytest.mark.parametrize("published", [True, False])
def test_the_demos_servers_do_as_well(published: bool, tmp_path: Path) -> None:
    zone_file = tmp_path / "zones.json"
    domain = "mail.demo.example"
    create(zone_file, {"demo.example": []})
    if published:
        publish(zone_file, expected(domain))

    async def run() -> Examination:
        servers = DemoDns(zone_file)
        await servers.start()
        try:
            asked = NameServers([servers.recursor], servers.authority[1], private_authority=True)
            return await examine_async(expected(domain), domain, asked)
        finally:
            await servers.stop()

    examination = asyncio.run(run())
    wanted = (
        (CheckResult.VERIFIED, {Fault.NONE}) if published else (CheckResult.FAILED, {Fault.ABSENT})
    )
    assert (examination.result, set(faults(examination).values())) == wanted
