"""The demo's own name servers answer as knot and unbound do for the same zones."""

import asyncio
import ipaddress
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posthouse.core.dns.answers import Outcome
from posthouse.core.dns.records import Record, RecordType, record
from posthouse.demo.dns.transport import answer_octets
from posthouse.demo.dns.world import DemoDns
from posthouse.demo.dns.zones import (
    TTL,
    ZonesUnreadable,
    create,
    publish,
    read,
    withdraw,
)
from posthouse.domains.resolver import Resolver, ask, look_up
from posthouse.domains.wire import Server

if TYPE_CHECKING:
    from tests.features.dns_servers import DnsWorld

pytest_plugins = ["tests.features.dns_servers"]

ZONE = "diff.example.com"
OTHER = "diff.example.net"
HANGING = 10.0

NAMES = ["a", "b", "a.b", "c.a.b", "*.w", "x.w", "*", "d"]
ASKED = [*NAMES, "y.w", "z.y.w", "nobody", "w", "e.d", "under.nobody"]
TARGETS = [*(f"{name}.{ZONE}" for name in ["a", "b", "d", "x.w", "gone"]), f"t.{OTHER}"]

HOSTS = st.sampled_from([f"{name}.{ZONE}" for name in NAMES])
ALIASES = st.builds(
    record, HOSTS, st.just(RecordType.CNAME), st.sampled_from([*TARGETS, f"gone.{OTHER}"])
)
TEXTS = st.builds(record, HOSTS, st.just(RecordType.TXT), st.sampled_from(["one", "two"]))
ADDRESSES = st.builds(record, HOSTS, st.just(RecordType.A), st.sampled_from(["192.0.2.1"]))
RECORDS = st.lists(ALIASES | TEXTS | ADDRESSES, max_size=8)


def exchange(name: str, kind: str, server: Server) -> dns.message.Message:
    query = dns.message.make_query(name, kind, use_edns=0, payload=1232)
    return dns.query.udp(query, server[0], HANGING, server[1])


def shape(reply: dns.message.Message) -> tuple[str, bool, set[str], set[str]]:
    """What must agree: the code, AA, the records, and of the authority section the SOA's name."""
    return (
        dns.rcode.to_text(reply.rcode()),
        bool(reply.flags & dns.flags.AA),
        {line for rrset in reply.answer for line in rrset.to_text().splitlines()},
        {rrset.name.to_text() for rrset in reply.authority},
    )


def resolved(reply: dns.message.Message) -> tuple[str, set[tuple[str, str]]]:
    """What recursors must agree on; times to live run down in unbound's memory."""
    records = {(rrset.name.to_text(), rdata.to_text()) for rrset in reply.answer for rdata in rrset}
    return dns.rcode.to_text(reply.rcode()), records


@contextmanager
def running(zone_file: Path) -> Iterator[tuple[Server, Server]]:
    """The demo's servers as a process of their own: (recursor, authority)."""
    process = subprocess.Popen(
        [sys.executable, "-m", "posthouse.demo.dns", "--zones", str(zone_file)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        ready = json.loads(process.stdout.readline())
        yield _server(ready["recursor"]), _server(ready["authority"])
    finally:
        process.terminate()
        assert process.wait(HANGING) == 0
        process.stdout.close()


def _server(text: str) -> Server:
    host, _, port = text.rpartition(":")
    return host, int(port)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Server, Server]]:
    """A zone file, and the recursor and the authority that serve it."""
    zone_file = tmp_path_factory.mktemp("zones") / "zones.json"
    create(zone_file, {})
    with running(zone_file) as (recursor, authority):
        yield zone_file, recursor, authority


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(records=RECORDS)
def test_the_same_zones_give_the_same_answers(
    records: list[Record], dns_world: "DnsWorld", demo: tuple[Path, Server, Server]
) -> None:
    zone_file, recursor, authority = demo
    create(zone_file, {ZONE: [], OTHER: [record(f"t.{OTHER}", RecordType.TXT, "far")]})
    publish(zone_file, records)
    published = {
        zone: [each["host"] for each in entries]
        for zone, entries in json.loads(zone_file.read_text()).items()
    }
    assert set(published) == {ZONE, OTHER}
    kept = [each for each in dict.fromkeys(records) if _stands(each, zone_file)]
    dns_world.set_zone(ZONE, kept, ttl=TTL)
    dns_world.set_zone(OTHER, ['t TXT "far"'], ttl=TTL)
    for name in ASKED:
        for kind in ("TXT", "A", "CNAME"):
            question = f"{name}.{ZONE}"
            ours, theirs = (
                shape(exchange(question, kind, each)) for each in (authority, dns_world.authority)
            )
            assert ours == theirs, (question, kind)
            ours, theirs = (
                resolved(exchange(question, kind, each)) for each in (recursor, dns_world.resolver)
            )
            assert ours == theirs, (question, kind)


def _stands(entry: Record, zone_file: Path) -> bool:
    stored = json.loads(zone_file.read_text())
    return any(
        (each["host"], each["type"], each["value"]) == (entry.host, entry.type, entry.value)
        for entries in stored.values()
        for each in entries
    )


def test_the_outside_world_is_refused(demo: tuple[Path, Server, Server]) -> None:
    _file, recursor, authority = demo
    for server in (recursor, authority):
        answer = ask([("example.org", "A")], [server])["example.org", "A"]
        assert answer.outcome is Outcome.REFUSED


def test_what_is_published_and_withdrawn_is_seen_at_once(
    demo: tuple[Path, Server, Server],
) -> None:
    zone_file, recursor, _authority = demo
    entry = record("sl.mail.live.example", RecordType.CNAME, "mailer.example.net")
    question = (entry.host, "CNAME")
    publish(zone_file, [entry])
    assert ask([question], [recursor])[question].values == ("mailer.example.net",)
    withdraw(zone_file, [entry])
    assert ask([question], [recursor])[question].outcome is Outcome.NXDOMAIN


def test_an_address_has_the_name_of_the_host_that_had_it_first(
    demo: tuple[Path, Server, Server],
) -> None:
    zone_file, recursor, _authority = demo
    hosts = ("one.live.example", "two.live.example")
    publish(zone_file, [record(host, RecordType.A, "192.0.2.77") for host in hosts])
    publish(zone_file, [record(hosts[1], RecordType.AAAA, "2001:db8::77")])
    pointers = [
        (ipaddress.ip_address(address).reverse_pointer, "PTR")
        for address in ("192.0.2.77", "2001:db8::77")
    ]
    answers = ask(pointers, [recursor])
    assert [answers[pointer].values for pointer in pointers] == [(hosts[0],), (hosts[1],)]


def test_a_large_answer_is_cut_in_a_packet_and_whole_over_tcp(
    demo: tuple[Path, Server, Server],
) -> None:
    zone_file, recursor, authority = demo
    texts = [record("big.live.example", RecordType.TXT, f"{n:03d}" + "x" * 400) for n in range(40)]
    publish(zone_file, texts)
    for server in (recursor, authority):
        assert exchange("big.live.example", "TXT", server).flags & dns.flags.TC
        answer = ask([("big.live.example", "TXT")], [server])["big.live.example", "TXT"]
        assert len(answer.values) == 40


def test_a_small_packet_is_kept_for_those_without_edns(demo: tuple[Path, Server, Server]) -> None:
    zone_file, _recursor, (host, port) = demo
    texts = [record("mid.live.example", RecordType.TXT, f"{n}" + "x" * 200) for n in range(4)]
    publish(zone_file, texts)
    plain = dns.message.make_query("mid.live.example", "TXT", use_edns=False)
    assert dns.query.udp(plain, host, HANGING, port).flags & dns.flags.TC
    assert not exchange("mid.live.example", "TXT", (host, port)).flags & dns.flags.TC


def test_a_spoilt_file_leaves_the_zones_as_they_were(tmp_path: Path) -> None:
    zone_file = tmp_path / "zones.json"
    entry = record("t.spoilt.example", RecordType.TXT, "kept")
    create(zone_file, {"spoilt.example": [entry]})

    async def run() -> list[tuple[str, ...]]:
        servers = DemoDns(zone_file)
        await servers.start()
        seen = []
        try:
            for text in ("{", '{"a.example": [{"host": "x"}]}'):
                zone_file.write_text(text)
                question = (entry.host, "TXT")
                answers = await look_up([question], Resolver([servers.recursor]))
                seen.append(answers[question].values)
        finally:
            await servers.stop()
        return seen

    assert asyncio.run(run()) == [("kept",), ("kept",)]


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{",
        '{"a.example": [{"host": "x.a.example", "type": "SRV", "value": "1"}]}',
        '{"a.example": [{"host": "x.a.example", "type": "A", "value": "here"}]}',
        '{"a.example": [{"host": "x.a.example", "type": "A"}]}',
        '{"a..example": []}',
    ],
)
def test_a_file_that_holds_no_zones_is_refused(text: str, tmp_path: Path) -> None:
    zone_file = tmp_path / "zones.json"
    zone_file.write_text(text)
    with pytest.raises(ZonesUnreadable):
        read(zone_file)


def test_a_missing_file_is_said_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "posthouse.demo.dns", "--zones", str(tmp_path / "none.json")],
        capture_output=True,
        text=True,
        timeout=HANGING,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.strip().endswith("none.json cannot be read: No such file or directory")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda query: query.set_opcode(dns.opcode.NOTIFY), dns.rcode.NOTIMP),
        (lambda query: query.question.clear(), dns.rcode.FORMERR),
        (lambda query: query.question.append(query.question[0]), dns.rcode.FORMERR),
    ],
)
def test_queries_that_we_do_not_serve_are_told_so(
    change: Callable[[dns.message.Message], None], code: int, demo: tuple[Path, Server, Server]
) -> None:
    _file, _recursor, (host, port) = demo
    query = dns.message.make_query("a.example", "A")
    change(query)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(HANGING)
        client.sendto(query.to_wire(), (host, port))
        assert dns.message.from_wire(client.recv(4096)).rcode() == code


@given(st.binary(max_size=100))
def test_noise_is_not_answered(octets: bytes) -> None:
    answer_octets(dns.message.make_response, octets, over_tcp=False)
