"""``posthouse domains explain`` over a file of broken zones: each is named, and the way out too."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from posthouse.core.verification.cases import Fault

if TYPE_CHECKING:
    from tests.features.dns_servers import DnsWorld

pytest_plugins = ["tests.features.dns_servers"]

HERE = Path(__file__).parent
SHIPPED = HERE.parents[1] / "config" / "dns.toml"
TOKEN = "abcdefghij:Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE="
HANGING = 120  # seconds; about forty domains take a few

# A phrase of the next step that only this finding has.
NEXT_STEPS = {
    "absent": "Add a CNAME record with the host track-sl and the value track.mailer.example.net",
    "address_not_alias": "Delete the A and AAAA records at track-sl.",
    "alias_at_apex": "Add a subdomain such as mail.",
    "alias_hides_record": "Delete the CNAME at abcdefghij.sl.",
    "backslashes": "without backslashes",
    "blanks": "with its copy button",
    "cut_off": "Write the whole value",
    "dangling": "Point it to mailer.example.net instead",
    "dkim_other_key": "must use a selector of its own",
    "dkim_revoked": "Replace it by the CNAME record key1._domainkey.mailer.example.net",
    "dkim_truncated": "Replace it by the whole TXT record",
    "dkim_wrong_selector": "Change its host to key1._domainkey.",
    "dmarc_on_wrong_name": "to the host _dmarc, or delete it",
    "dmarc_twice": "Keep a single one and delete the others",
    "dmarc_syntax": "Correct it, as in v=DMARC1; p=none",
    "dmarc_too_strict": "Remove aspf=s and adkim=s",
    "dnssec_bogus": "replace the DS record",
    "expired": "Renew broken-",
    "extra_characters": "and nothing else",
    "extra_dot": "without that dot",
    "loop": "Delete the CNAME at track-sl.",
    "misplaced": "Move it to the host abcdefghij.sl in the zone",
    "no_domain": "is registered and has not run out",
    "occupied": "choose another subdomain",
    "old_token": "Replace it by Zm9v",
    "on_parent_zone": "Add it with the host sl.mail in the zone",
    "other_case": "with its copy button",
    "other_target": "Point it to mailer.example.net instead",
    "other_value": "Others may stay",
    "parked": "set the name servers of your DNS provider",
    "proxied": "Switch off the proxy",
    "quotes": "without quotation marks",
    "server_failed": "check the name servers and the DNSSEC keys",
    "spf_syntax": "Correct or remove “ip:192.0.2.1”",
    "spf_too_many_lookups": "name servers by ip4:",
    "spf_twice": "a single one instead: v=spf1 include:spf.example.net mx -all",
    "spf_without_us": "before its “all”",
    "text_not_alias": "Delete the TXT record and add the same value as a CNAME",
    "underscore_stripped": "with its underscores",
    "wildcard": "The wildcard can stay",
    "zone_appended_to_host": "Change the host to sl, without broken-",
    "zone_appended_to_target": "Write the target with a dot at its end",
}


@dataclass(frozen=True)
class BrokenZone:
    """A zone of the file: what is published, by which template it is judged, what is wrong."""

    domain: str
    template: str
    code: str
    zone: str
    lines: tuple[str, ...]


def _read() -> list[BrokenZone]:
    found = []
    for part in (HERE / "broken_setups.zone").read_text(encoding="utf-8").split("\n;; ")[1:]:
        head, _words, origin, *lines = part.strip().splitlines()
        domain, template, code = head.split(" | ")
        zone = origin.removeprefix("$ORIGIN ").removesuffix(".")
        found.append(BrokenZone(domain, template, code, zone, tuple(lines)))
    return found


BROKEN = _read()


@pytest.fixture(scope="module")
def explained(
    dns_world: "DnsWorld", tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """What the command says of every domain of the file, by name."""
    absent = {each.code: each.zone for each in BROKEN if not each.lines}
    dns_world.add_zones({each.zone: each.lines for each in BROKEN if each.lines} | _ours())
    dns_world.break_zone(absent["server_failed"])
    (bogus,) = (each.zone for each in BROKEN if each.code == "dnssec_bogus")
    dns_world.distrust_zone(bogus)
    home = tmp_path_factory.mktemp("home")
    templates = home / "dns.toml"
    shown = [SHIPPED, HERE / "broken_setups.toml"]
    templates.write_text("\n".join(file.read_text(encoding="utf-8") for file in shown))
    told: dict[str, dict[str, Any]] = {}
    for template in sorted({each.template for each in BROKEN}):
        names = [each.domain for each in BROKEN if each.template == template]
        options = ("--template", template, "--token", TOKEN, "--json")
        for answer in _explain(dns_world, home, *names, *options):
            told[answer["domain"]] = answer
    return told


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


def _explain(world: "DnsWorld", home: Path, *arguments: str) -> list[dict[str, Any]]:
    host, port = world.resolver
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
        assert (each["state"] == "ok") == (each["code"] in {"ok", "own_policy"})


def test_the_file_breaks_more_than_thirty_ways_each_with_advice_of_its_own() -> None:
    codes = {each.code for each in BROKEN}
    assert len(codes) > 30
    assert codes == set(NEXT_STEPS)
    assert codes <= {fault.value for fault in Fault}
