"""Look-ups against real servers: knot holds the zones, unbound resolves, nothing goes outside."""

import asyncio
import socket
import subprocess
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import dns.message
import pytest

from posthouse.core.dns.answers import Answer, Outcome
from posthouse.domains.authority import authority_of
from posthouse.domains.resolver import (
    Resolver,
    ResolverAddressWrong,
    ask,
    look_up,
    resolver_addresses,
)
from tests.services import require

if TYPE_CHECKING:
    from tests.features.dns_servers import DnsWorld

pytest_plugins = ["tests.features.dns_servers"]

LONG = "x" * 200


@pytest.fixture(scope="module")
def world(dns_world: "DnsWorld") -> "DnsWorld":
    """The zones that most tests ask about."""
    dns_world.set_zone(
        "look.example.com",
        [
            'split TXT "k=rsa; p=AAA" "BBB"',
            'several TXT "one"',
            'several TXT "two"',
            'escaped TXT "v=DMARC1\\; p=none" ""',
            'octets TXT "a\\000b\\255c" "\\195\\169"',
            "MiXeD CNAME Target.Look.Example.NET.",
            "chain1 CNAME chain2",
            "chain2 CNAME chain3.look.example.net.",
            "dangling CNAME nothing.look.example.net.",
            "outside CNAME far.example.org.",
            "circle1 CNAME circle2",
            "circle2 CNAME circle1",
            "deep.below A 192.0.2.9",
            "address A 192.0.2.1",
            "address AAAA 2001:db8::1",
            "post MX 10 Mail.look.example.net.",
            'ca CAA 0 issue "ca.example.net"',
            'wide.wild TXT "own"',
            '*.wild TXT "wild"',
            "*.wilder CNAME target.look.example.net.",
            *(f'big TXT "{number:03d} {LONG}"' for number in range(40)),
            *(f"hop{number} CNAME hop{number + 1}" for number in range(1, 12)),
        ],
    )
    dns_world.set_zone(
        "look.example.net",
        ['target TXT "here"', "chain3 CNAME target", 'direct TXT "direct"'],
    )
    dns_world.set_zone("xn--bcher-kva.example", ['@ TXT "idn"'])
    dns_world.break_zone("broken.example")
    return dns_world


def seen(world: "DnsWorld", name: str, kind: str) -> Answer:
    return ask([(name, kind)], [world.resolver])[name, kind]


@pytest.mark.parametrize(
    ("name", "kind", "values", "chain"),
    [
        ("split", "TXT", ("k=rsa; p=AAABBB",), ()),
        ("escaped", "TXT", ("v=DMARC1; p=none",), ()),
        ("octets", "TXT", ("a\\000b\\xffcé",), ()),
        ("mixed", "CNAME", ("target.look.example.net",), ("target.look.example.net",)),
        ("address", "A", ("192.0.2.1",), ()),
        ("address", "AAAA", ("2001:db8::1",), ()),
        ("post", "MX", ("10 mail.look.example.net",), ()),
        ("ca", "CAA", ('0 issue "ca.example.net"',), ()),
        ("any.wild", "TXT", ("wild",), ()),
        ("wide.wild", "TXT", ("own",), ()),
        ("any.wilder", "TXT", ("here",), ("target.look.example.net",)),
        (
            "chain1",
            "TXT",
            ("here",),
            ("chain2.look.example.com", "chain3.look.example.net", "target.look.example.net"),
        ),
        (
            "chain1",
            "CNAME",
            ("chain2.look.example.com",),
            ("chain2.look.example.com", "chain3.look.example.net", "target.look.example.net"),
        ),
    ],
)
def test_what_is_published_is_found(
    world: "DnsWorld", name: str, kind: str, values: tuple[str, ...], chain: tuple[str, ...]
) -> None:
    question = f"{name}.look.example.com"
    answer = seen(world, question, kind)
    assert answer == Answer(question, kind, Outcome.FOUND, values, answer.ttl, chain)
    assert 0 < answer.ttl <= 300


def test_several_texts_are_all_there(world: "DnsWorld") -> None:
    assert set(seen(world, "several.look.example.com", "TXT").values) == {"one", "two"}


@pytest.mark.parametrize(
    ("name", "kind", "outcome", "chain"),
    [
        ("missing", "TXT", Outcome.NXDOMAIN, ()),
        ("address", "TXT", Outcome.NODATA, ()),
        ("below", "TXT", Outcome.NODATA, ()),  # a name that exists only above others
        ("dangling", "TXT", Outcome.NXDOMAIN, ("nothing.look.example.net",)),
        ("dangling", "CNAME", Outcome.NXDOMAIN, ("nothing.look.example.net",)),
    ],
)
def test_a_missing_name_is_told_from_a_missing_record(
    world: "DnsWorld", name: str, kind: str, outcome: Outcome, chain: tuple[str, ...]
) -> None:
    answer = seen(world, f"{name}.look.example.com", kind)
    assert (answer.outcome, answer.chain) == (outcome, chain)


def test_an_absence_tells_for_how_long_it_is_remembered(world: "DnsWorld") -> None:
    assert 0 < seen(world, "missing2.look.example.com", "TXT").ttl <= 60


@pytest.mark.parametrize("kind", ["CNAME", "TXT"])
def test_a_circle_of_aliases_ends(world: "DnsWorld", kind: str) -> None:
    answer = seen(world, "circle1.look.example.com", kind)
    assert answer.outcome is Outcome.LOOP
    assert answer.chain == ("circle2.look.example.com", "circle1.look.example.com")


def test_more_than_eight_aliases_are_too_many(world: "DnsWorld") -> None:
    answer = seen(world, "hop1.look.example.com", "CNAME")
    assert answer.outcome is Outcome.LOOP
    assert len(answer.chain) == 9


def test_a_large_answer_comes_over_tcp(world: "DnsWorld") -> None:
    assert len(seen(world, "big.look.example.com", "TXT").values) == 40


def test_a_failing_zone_is_no_missing_record(world: "DnsWorld") -> None:
    assert seen(world, "sl.broken.example", "CNAME").outcome is Outcome.SERVFAIL
    assert seen(world, "sl.broken.example", "TXT").outcome is Outcome.SERVFAIL


def test_the_recursor_is_closed_to_the_outside(world: "DnsWorld") -> None:
    assert seen(world, "far.example.org", "A").outcome is Outcome.NXDOMAIN


def test_a_name_in_its_own_script_is_found(world: "DnsWorld") -> None:
    assert seen(world, "bücher.example", "TXT").values == ("idn",)


def test_a_name_that_dns_cannot_hold_does_not_exist(world: "DnsWorld") -> None:
    for name in ("a" * 64 + ".example.com", "a..b", "\\999", ".".join(["abc"] * 90)):
        assert seen(world, name, "TXT").outcome is Outcome.NXDOMAIN


def test_the_authority_alone_is_followed_across_its_zones(world: "DnsWorld") -> None:
    question = ("chain1.look.example.com", "TXT")
    answer = ask([question], [world.authority])[question]
    assert (answer.outcome, answer.values) == (Outcome.FOUND, ("here",))


def test_a_refusal_is_told(world: "DnsWorld") -> None:
    question = ("far.example.org", "TXT")
    assert ask([question], [world.authority])[question].outcome is Outcome.REFUSED


def test_the_next_server_answers_when_one_refuses(world: "DnsWorld") -> None:
    question = ("split.look.example.com", "TXT")
    lame = world.authority
    assert ask([("far.example.org", "TXT")], [lame, world.resolver]) == ask(
        [("far.example.org", "TXT")], [world.resolver]
    )
    assert ask([question], [lame, world.resolver])[question].outcome is Outcome.FOUND


@pytest.fixture
def silent_server() -> Iterator[tuple[str, int]]:
    """A server that takes questions and never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()


def test_the_next_server_answers_when_one_is_silent(
    world: "DnsWorld", silent_server: tuple[str, int]
) -> None:
    resolver = Resolver([silent_server, world.resolver], seconds_per_try=0.05)
    question = ("split.look.example.com", "TXT")
    answers = asyncio.run(look_up([question], resolver))
    assert answers[question].outcome is Outcome.FOUND


def test_everything_ends_within_the_bound(silent_server: tuple[str, int]) -> None:
    questions = [(f"n{number}.example.com", "TXT") for number in range(200)]
    answers = ask(questions, [silent_server] * 3, 0.1)
    assert {answer.outcome for answer in answers.values()} == {Outcome.TIMEOUT}
    assert list(answers) == questions


def test_nobody_listening_is_no_reply() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    question = ("example.com", "TXT")
    answers = asyncio.run(
        look_up([question], Resolver([("127.0.0.1", port)], seconds_per_try=0.05))
    )
    assert answers[question].outcome is Outcome.TIMEOUT


def test_a_packet_that_is_no_reply_is_waited_past() -> None:
    async def run() -> Answer:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(_Forger, local_addr=("127.0.0.1", 0))
        server = transport.get_extra_info("sockname")
        question = ("example.com", "TXT")
        try:
            resolver = Resolver([server], seconds_per_try=0.2)
            return (await look_up([question], resolver))[question]
        finally:
            transport.close()

    assert asyncio.run(run()).outcome is Outcome.TIMEOUT


class _Forger(asyncio.DatagramProtocol):
    """Answers with noise, and with an answer to another question."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        forged = dns.message.make_response(dns.message.make_query("other.example", "TXT"))
        self.transport.sendto(b"\xff" * 40, addr)
        self.transport.sendto(forged.to_wire(), addr)


def test_the_zones_own_servers_know_a_change_first(world: "DnsWorld") -> None:
    question = ("t.fresh.example.com", "TXT")
    world.set_zone("fresh.example.com", ['t TXT "old"'])
    assert ask([question], [world.resolver])[question].values == ("old",)
    world.set_zone("fresh.example.com", ['t TXT "new"'], flush=False)
    assert ask([question], [world.resolver])[question].values == ("old",)

    async def at_the_zone() -> Answer:
        authority = await authority_of(
            "fresh.example.com", Resolver([world.resolver]), port=world.authority[1], private=True
        )
        assert authority is not None
        return (await look_up([question], authority.together))[question]

    assert asyncio.run(at_the_zone()).values == ("new",)


def test_name_servers_inside_our_own_network_are_not_asked(world: "DnsWorld") -> None:
    found = asyncio.run(authority_of("look.example.com", Resolver([world.resolver])))
    assert found is None


def test_answers_agree_with_dig(world: "DnsWorld") -> None:
    kdig = require("kdig")
    for name, kind in [("chain1", "TXT"), ("several", "TXT"), ("address", "AAAA"), ("big", "TXT")]:
        question = (f"{name}.look.example.com", kind)
        host, port = world.resolver
        command = [kdig, f"@{host}", "-p", str(port), "+short", question[0], kind]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        records = [line.strip('"') for line in lines.splitlines() if line and line[-1] != "."]
        assert sorted(ask([question], [world.resolver])[question].values) == sorted(records)


def test_resolver_addresses_are_read() -> None:
    texts = ["192.0.2.1", " 192.0.2.1:5353 ", "2001:db8::1", "[2001:db8::1]:5353", ""]
    assert resolver_addresses(texts) == (
        ("192.0.2.1", 53),
        ("192.0.2.1", 5353),
        ("2001:db8::1", 53),
        ("2001:db8::1", 5353),
    )


@pytest.mark.parametrize("text", ["dns.example.com", "192.0.2.1:dns", "192.0.2.1:0", ":53", "1:2"])
def test_a_resolver_that_is_no_address_is_named(text: str) -> None:
    with pytest.raises(ResolverAddressWrong) as wrong:
        resolver_addresses([text])
    assert wrong.value.text == text
