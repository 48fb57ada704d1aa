"""``posthouse domains explain`` over a file of broken zones: each is named, and the way out too."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from posthouse.core.verification.cases import Fault

if TYPE_CHECKING:
    from tests.features.dns_faults import Faults
    from tests.features.dns_servers import DnsWorld

pytest_plugins = ["tests.features.dns_servers", "tests.features.dns_faults"]

HERE = Path(__file__).parent
SHIPPED = HERE.parents[1] / "config" / "dns.toml"
TOKEN = "abcdefghij:Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE="
HANGING = 300  # seconds; over fifty domains take a few, on a busy machine many

# A phrase of the next step that only this finding has.
NEXT_STEPS = {
    "absent": "Add a CNAME record with the host track-sl and the value track.mailer.example.net",
    "address_not_alias": "Delete the A and AAAA records at track-sl.",
    "alias_at_apex": "Add a subdomain such as mail.",
    "alias_hides_record": "Delete the CNAME at abcdefghij.sl.",
    "alias_not_alone": "keep the CNAME to mailer.example.net",
    "backslashes": "without backslashes",
    "blanks": "with its copy button",
    "cut_off": "Write the whole value",
    "dangling": "Point it to mailer.example.net instead",
    "dkim_not_alias": "our key comes with it, and the next",
    "dkim_other_key": "must use a selector of its own",
    "dkim_revoked": "Replace it by the CNAME record key1._domainkey.mailer.example.net",
    "dkim_syntax": "Replace what stands there by the TXT record",
    "dkim_truncated": "Replace it by the whole TXT record",
    "dkim_twice": "Delete them all, and publish only",
    "dkim_wrong_selector": "Change its host to key1._domainkey.",
    "dmarc_on_wrong_name": "to the host _dmarc, or delete it",
    "dmarc_syntax": "Correct it, as in v=DMARC1; p=none",
    "dmarc_too_strict": "Remove aspf=s and adkim=s",
    "dmarc_twice": "Keep a single one and delete the others",
    "dnssec_bogus": "replace the DS record",
    "expired": "Renew broken-",
    "extra_characters": "and nothing else",
    "extra_dot": "without that dot",
    "foreign_characters": "straight into the form",
    "lame_delegation": "to those that your DNS provider names",
    "loop": "Delete the CNAME at track-sl.",
    "misplaced": "Move it to the host ",
    "no_domain": "is registered and has not run out",
    "no_reply": "does not count as a failure",
    "occupied": "choose another subdomain",
    "old_token": "Replace it by Zm9v",
    "on_parent_zone": "Add it with the host sl.mail in the zone",
    "other_case": "with its copy button",
    "other_target": "Point it to mailer.example.net instead",
    "other_value": "Others may stay",
    "parked": "set the name servers of your DNS provider",
    "proxied": "Switch off the proxy",
    "quotes": "without quotation marks",
    "redirected_above": "Remove the DNAME record at mail.broken-45.example",
    "refused": "probably does not know it",
    "server_failed": "check the name servers and the DNSSEC keys",
    "servers_disagree": "hold different versions of the zone",
    "servers_silent": "whether they run and can be reached",
    "spf_allows_all": "in the place of “+all”",
    "spf_not_alias": "our SPF policy comes with it",
    "spf_syntax": "Correct or remove “ip:192.0.2.1”",
    "spf_too_many_lookups": "name servers by ip4:",
    "spf_twice": "a single one instead: “v=spf1 include:spf.example.net mx -all",
    "spf_version": "Begin it with “v=spf1 ”",
    "spf_void_include": "Remove include:gone.broken-65.example from it",
    "spf_without_us": "before its “all”",
    "spread_over_records": "one TXT record with all of",
    "text_not_alias": "Delete the TXT record and add the same value as a CNAME",
    "underscore_stripped": "with its underscores",
    "wildcard": "The wildcard can stay",
    "zone_appended_to_host": "Change the host to sl, without broken-",
    "zone_appended_to_target": "Write the target with a dot at its end",
    "zone_is_alias": "ALIAS, ANAME or flattening",
    "zone_of_its_own": "to the zone mail.broken-48.example, at those name servers",
}


@dataclass(frozen=True)
class BrokenZone:
    """A zone of the file: what is published, by which template it is judged, what is wrong."""

    domain: str
    template: str
    code: str
    zones: dict[str, tuple[str, ...]]

    @property
    def zone(self) -> str:
        """The zone in which the domain is, or would be."""
        return next(iter(self.zones))


def _read() -> list[BrokenZone]:
    found = []
    for part in (HERE / "broken_setups.zone").read_text(encoding="utf-8").split("\n;; ")[1:]:
        head, *origins = part.strip().split("$ORIGIN ")
        domain, template, code = head.splitlines()[0].split(" | ")
        zones = {}
        for origin in origins:
            name, *lines = origin.strip().splitlines()
            zones[name.removesuffix(".")] = tuple(lines)
        found.append(BrokenZone(domain, template, code, zones))
    return found


BROKEN = _read()


@pytest.fixture(scope="module")
def explained(
    dns_world: "DnsWorld", faults: "Faults", tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """What the command says of every domain of the file, by name."""
    absent = {each.code: each.zone for each in BROKEN if not each.zones[each.zone]}
    zones = {zone: lines for each in BROKEN for zone, lines in each.zones.items() if lines}
    faulty = {zone: lines for zone, lines in zones.items() if zone.endswith(".faulty")}
    dns_world.add_zones({**zones, **_ours()})
    for zone, lines in faulty.items():
        dns_world.set_zone(zone, lines, at=faults.address)
    dns_world.break_zone(absent["server_failed"])
    (bogus,) = (each.zone for each in BROKEN if each.code == "dnssec_bogus")
    dns_world.distrust_zone(bogus)
    _delegate(faults, [each.zone for each in BROKEN if each.zone.endswith(".faulty")])
    home = tmp_path_factory.mktemp("home")
    templates = home / "dns.toml"
    shown = [SHIPPED, HERE / "broken_setups.toml"]
    templates.write_text("\n".join(file.read_text(encoding="utf-8") for file in shown))
    told: dict[str, dict[str, Any]] = {}
    for template in sorted({each.template for each in BROKEN}):
        names = [each.domain for each in BROKEN if each.template == template]
        options = ("--template", template, "--token", TOKEN, "--json")
        for answer in _explain(faults, home, *names, *options):
            told[answer["domain"]] = answer
    return told


def _delegate(faults: "Faults", zones: Sequence[str]) -> None:
    """The zone above the faulty ones: all of them are delegated to dnsdist."""
    names = [zone.removesuffix(".faulty") for zone in zones]
    lines = [
        line for name in names for line in (f"{name} NS ns.{name}", f"ns.{name} A {faults.address}")
    ]
    faults.world.set_zone("faulty", lines)
    faults.world.break_zone(*zones, at=faults.address)


def _ours() -> dict[str, tuple[str, ...]]:
    """The operator's own zone, which the accounts' CNAMEs lead to."""
    return {
        "mailer.example.net": (
            '@ TXT "v=spf1 include:spf.example.net -all"',
            '_dmarc TXT "v=DMARC1; p=none"',
            'key1._domainkey TXT "v=DKIM1; p=AAAA"',
            "track A 192.0.2.8",
        ),
        "spf.example.net": ('@ TXT "v=spf1 ip4:192.0.2.0/24 -all"',),
    }


def _explain(faults: "Faults", home: Path, *arguments: str) -> list[dict[str, Any]]:
    host, port = faults.resolver
    environment = {key: value for key, value in os.environ.items() if "POSTHOUSE_" not in key}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "posthouse.cli.app", "domains", "explain"),
            *(*arguments, "--resolver", f"{host}:{port}"),
        ],
        env=environment
        | {
            "DJANGO_SETTINGS_MODULE": "posthouse.config.settings",
            "POSTHOUSE_HOME": str(home),
            "POSTHOUSE_DNS_CONFIG": str(home / "dns.toml"),
            "POSTHOUSE_DNS_AUTHORITY_PORT": str(faults.world.authority[1]),
        },
        capture_output=True,
        text=True,
        timeout=HANGING,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: list[dict[str, Any]] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("broken", BROKEN, ids=lambda each: f"{each.zone}-{each.code}")
def test_each_broken_zone_yields_its_own_finding_and_advice(
    broken: BrokenZone, explained: dict[str, dict[str, Any]]
) -> None:
    told = explained[broken.domain]
    # A policy that no record of ours replaces concerns the domain, and none of its records.
    assert {each["code"] for each in told["records"]} - {"ok", "own_policy"} <= {broken.code}
    (advice,) = told["advice"]
    assert advice["code"] == broken.code
    assert NEXT_STEPS[broken.code] in advice["next_step"]
    assert told["status"] == "unregistered"
    for each in told["records"]:
        assert each["sentence"]
        assert bool(each["next_step"]) == (each["code"] != "ok")
        assert (each["state"] == "ok") == (each["code"] in {"ok", "own_policy", "spf_allows_all"})


def test_the_file_breaks_more_than_thirty_ways_each_with_advice_of_its_own() -> None:
    codes = {each.code for each in BROKEN}
    assert len(codes) > 50
    assert codes == set(NEXT_STEPS)
    assert codes <= {fault.value for fault in Fault}
