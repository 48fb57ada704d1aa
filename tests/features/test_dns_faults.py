"""Faults of DNS on real servers (F10): what a look-up makes of each, and that all of them end."""

import asyncio
import subprocess
from typing import TYPE_CHECKING

import pytest

from posthouse.core.dns.answers import TEMPORARY, Answer, Outcome
from posthouse.domains.resolver import Resolver, ask, look_up
from tests.services import require

if TYPE_CHECKING:
    from tests.features.dns_faults import Faults

pytest_plugins = ["tests.features.dns_servers", "tests.features.dns_faults"]

ZONE = "faults.example"
LONG = "x" * 200
PATIENCE = 0.4  # seconds for each server: more than dnsdist's delay, less than a test may take


@pytest.fixture(scope="module")
def world(faults: "Faults") -> "Faults":
    """A zone with everything in it, asked about through dnsdist, and zones with signatures."""
    right = ("servfail", "refused", "notimp", "silent", "slow", "truncated", "plain")
    faults.world.set_zone(
        ZONE,
        [
            *(f'{fault} TXT "here"' for fault in right),
            *(f"{fault}-alias CNAME plain" for fault in right),
            *(f'truncated-big TXT "{number:03d} {LONG}"' for number in range(40)),
            'split TXT "k=rsa; p=AAA" "BBB"',
            "chain1 CNAME chain2",
            "chain2 CNAME plain",
            "circle1 CNAME circle2",
            "circle2 CNAME circle1",
            f"moved DNAME {ZONE}.",
            '*.wild TXT "wild"',
            "address A 192.0.2.1",
            "address AAAA 2001:db8::1",
            "post MX 10 address",
        ],
    )
    faults.world.sign_zone("signed.example", ['t TXT "signed"', "alias CNAME t"])
    faults.world.sign_zone("forged.example", ['t TXT "signed by nobody we trust"'])
    faults.world.distrust_zone("forged.example")
    return faults


def seen(world: "Faults", name: str, kind: str) -> Answer:
    async def run() -> Answer:
        resolver = Resolver([world.resolver], seconds_per_try=PATIENCE)
        return (await look_up([(name, kind)], resolver))[name, kind]

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("name", "kind", "outcome", "values"),
    [
        (f"plain.{ZONE}", "TXT", Outcome.FOUND, ("here",)),
        (f"servfail.{ZONE}", "TXT", Outcome.SERVFAIL, ()),
        (f"notimp.{ZONE}", "TXT", Outcome.SERVFAIL, ()),
        (f"refused.{ZONE}", "TXT", Outcome.REFUSED, ()),
        (f"silent.{ZONE}", "TXT", Outcome.TIMEOUT, ()),
        (f"slow.{ZONE}", "TXT", Outcome.FOUND, ("here",)),
        (f"truncated.{ZONE}", "TXT", Outcome.FOUND, ("here",)),
        (f"truncated-alias.{ZONE}", "TXT", Outcome.FOUND, ("here",)),
        (f"split.{ZONE}", "TXT", Outcome.FOUND, ("k=rsa; p=AAABBB",)),
        (f"nothing.{ZONE}", "TXT", Outcome.NXDOMAIN, ()),
        (f"address.{ZONE}", "TXT", Outcome.NODATA, ()),
        (f"chain1.{ZONE}", "TXT", Outcome.FOUND, ("here",)),
        (f"chain1.{ZONE}", "CNAME", Outcome.FOUND, (f"chain2.{ZONE}",)),
        (f"circle1.{ZONE}", "TXT", Outcome.LOOP, ()),
        (f"circle1.{ZONE}", "CNAME", Outcome.LOOP, (f"circle2.{ZONE}",)),
        (f"plain.moved.{ZONE}", "TXT", Outcome.FOUND, ("here",)),
        (f"plain.moved.{ZONE}", "CNAME", Outcome.FOUND, (f"plain.{ZONE}",)),
        (f"any.wild.{ZONE}", "TXT", Outcome.FOUND, ("wild",)),
        ("t.signed.example", "TXT", Outcome.FOUND, ("signed",)),
        ("alias.signed.example", "TXT", Outcome.FOUND, ("signed",)),
        ("nothing.signed.example", "TXT", Outcome.NXDOMAIN, ()),
        ("t.forged.example", "TXT", Outcome.BOGUS, ()),
        ("nothing.forged.example", "TXT", Outcome.BOGUS, ()),
    ],
)
def test_each_fault_has_its_own_outcome(
    world: "Faults", name: str, kind: str, outcome: Outcome, values: tuple[str, ...]
) -> None:
    answer = seen(world, name, kind)
    assert (answer.outcome, answer.values) == (outcome, values)


def test_what_does_not_fit_is_asked_for_again_over_tcp(world: "Faults") -> None:
    assert len(seen(world, f"truncated-big.{ZONE}", "TXT").values) == 40


def test_all_that_is_asked_ends_when_the_time_is_up(world: "Faults") -> None:
    """A zone of 60 silent names costs no longer than the bound, and says "no reply" of each."""
    questions = [(f"silent-{number}.{ZONE}", "TXT") for number in range(60)]
    answers = ask(questions, [world.resolver] * 4, PATIENCE / 2)
    assert list(answers) == questions
    assert {answer.outcome for answer in answers.values()} == {Outcome.TIMEOUT}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((f"{name}.{ZONE}", "TXT") for name in ("plain", "split", "chain1", "any.wild", "slow")),
        *((f"{name}.{ZONE}", "TXT") for name in ("truncated", "truncated-big", "plain.moved")),
        *((f"{name}.{ZONE}", "TXT") for name in ("nothing", "address", "servfail", "refused")),
        (f"address.{ZONE}", "A"),
        (f"address.{ZONE}", "AAAA"),
        (f"post.{ZONE}", "MX"),
        (f"chain1.{ZONE}", "CNAME"),
        (f"plain.moved.{ZONE}", "CNAME"),
        ("alias.signed.example", "TXT"),
        ("t.forged.example", "TXT"),
    ],
)
def test_our_answers_agree_with_digs(world: "Faults", name: str, kind: str) -> None:
    ours = seen(world, name, kind)
    status, values = _dig(world, name, kind)
    found = {Outcome.FOUND: "NOERROR", Outcome.NODATA: "NOERROR", Outcome.BOGUS: "SERVFAIL"}
    assert status == found.get(ours.outcome, ours.outcome.value.upper())
    assert sorted(ours.values) == sorted(values)


def test_trouble_is_held_against_nobody(world: "Faults") -> None:
    names = ("servfail", "notimp", "refused", "silent")
    outcomes = {seen(world, f"{name}.{ZONE}", "CNAME").outcome for name in names}
    outcomes.add(seen(world, "t.forged.example", "CNAME").outcome)
    assert outcomes <= TEMPORARY


def _dig(world: "Faults", name: str, kind: str) -> tuple[str, list[str]]:
    """The status that kdig tells, and the values of that type."""
    host, port = world.resolver
    command = [require("kdig"), f"@{host}", "-p", str(port), "+timeout=5", name, kind]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    status = said.partition("status: ")[2].partition(";")[0]
    answer = said.partition(";; ANSWER SECTION:\n")[2].partition("\n\n")[0]
    values = []
    for line in answer.splitlines():
        *_, found, value = line.split(None, 4)[-2:]
        if found == kind:
            values.append(_plain(value))
    return status, values


def _plain(value: str) -> str:
    return value.strip('"').replace('" "', "").removesuffix(".")
