"""The way down from a parent zone on real servers: where it ends, and which server is to blame."""

import asyncio
from typing import TYPE_CHECKING

import pytest

from posthouse.core.verification.delegations import Delegation, Stand
from posthouse.domains.delegation import Walk, broken_delegations
from posthouse.domains.resolver import Resolver

if TYPE_CHECKING:
    from tests.features.dns_faults import Faults

pytest_plugins = ["tests.features.dns_servers", "tests.features.dns_faults"]


@pytest.fixture(scope="module")
def world(faults: "Faults") -> "Faults":
    """`ways`, a zone as registries hold it; `.2` is dnsdist, which does what the names say."""
    delegated = ("refused", "servfail", "silent")
    faults.world.set_zone(
        "fine.ways", ["deep.below TXT here", "part NS ns.part", "ns.part A 127.0.0.2"]
    )
    faults.world.set_zone(
        "ways",
        [
            *(f"{name} NS ns.{name}" for name in delegated),
            *(f"ns.{name} A {faults.address}" for name in delegated),
            "elsewhere NS ns.ways.",  # which sends us back to where we came from
            "gone NS ns1.nowhere.ways.",
            "both NS ns.refused",
            "both NS ns.silent",
            "half NS ns.refused",
            "half NS ns",
            "fine NS ns.fine",
            "ns.fine A 127.0.0.1",
        ],
    )
    faults.world.set_zone("half.ways", ["www A 192.0.2.1"])
    return faults


def ends_of(world: "Faults", *names: str) -> dict[str, dict[str, Stand]]:
    walk = Walk(Resolver([world.world.resolver]), world.world.authority[1], private=True)
    found: tuple[Delegation, ...] = asyncio.run(broken_delegations(names, walk))
    return {each.zone: dict(each.servers) for each in found}


@pytest.mark.parametrize(
    ("name", "stands"),
    [
        ("sl.mail.refused.ways", {"ns.refused.ways": Stand.NOT_ITS_ZONE}),
        ("sl.mail.servfail.ways", {"ns.servfail.ways": Stand.FAILS}),
        ("sl.mail.silent.ways", {"ns.silent.ways": Stand.SILENT}),
        ("sl.elsewhere.ways", {"ns.ways": Stand.NOT_ITS_ZONE}),
        ("sl.gone.ways", {"ns1.nowhere.ways": Stand.NO_ADDRESS}),
    ],
)
def test_the_way_ends_at_a_server_that_does_not_answer_for_its_zone(
    world: "Faults", name: str, stands: dict[str, Stand]
) -> None:
    ((zone, found),) = ends_of(world, name).items()
    assert name.endswith(zone)
    assert found == stands


@pytest.mark.parametrize(
    "name", ["deep.below.fine.ways", "sl.half.ways", "sl.unregistered.ways", "sl.in.no-such-top"]
)
def test_a_way_that_goes_on_or_was_never_there_blames_nobody(world: "Faults", name: str) -> None:
    assert ends_of(world, name) == {}


def test_a_zone_below_the_one_that_was_bought_may_be_the_broken_one(world: "Faults") -> None:
    assert list(ends_of(world, "sl.mail.part.fine.ways")) == ["part.fine.ways"]


def test_all_that_the_parent_lists_are_asked(world: "Faults") -> None:
    ((_, stands),) = ends_of(world, "sl.both.ways").items()
    assert len(stands) == 2


def test_servers_inside_our_own_network_are_not_asked(world: "Faults") -> None:
    walk = Walk(Resolver([world.world.resolver]), world.world.authority[1], private=False)
    assert asyncio.run(broken_delegations(["sl.refused.ways"], walk)) == ()
