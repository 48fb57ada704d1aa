"""A real DNS world on loopback: knot holds zones, unbound resolves them, and nothing goes outside.

Use it in a test module with `pytest_plugins = ["tests.features.dns_servers"]` and the fixture
`dns_world`. Zones stay until they are set anew, so each test uses names of its own.
"""

import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest

from posthouse.core.dns.records import Record, zone_line
from posthouse.domains.wire import Server
from tests.services import require

HANGING = 20.0  # seconds; starting takes well under one

_KNOT = """
server:
    rundir: "{directory}"
    listen: 127.0.0.1@{port}
    automatic-acl: off
control:
    listen: "{directory}/knot.sock"
log:
  - target: stderr
    any: error
database:
    storage: "{directory}"
policy:
  - id: one-key
    single-type-signing: on
    algorithm: ecdsap256sha256
template:
  - id: default
    storage: "{directory}"
    file: "%s.zone"
    semantic-checks: off
    journal-content: none
    zonefile-load: whole
    zonefile-sync: -1
zone:
"""

# `local-zone "." static`: whatever is not opened below does not exist. No packet leaves anyway, as
# all are sent from the loopback address.
_UNBOUND = """
server:
    interface: 127.0.0.1@{port}
    port: {port}
    outgoing-interface: 127.0.0.1
    do-ip6: no
    do-not-query-localhost: no
    access-control: 127.0.0.0/8 allow
    directory: "{directory}"
    chroot: ""
    username: ""
    pidfile: ""
    use-syslog: no
    logfile: ""
    module-config: "validator iterator"
    ede: yes
    local-zone: "." static
    edns-buffer-size: 1232
    target-fetch-policy: "0 0 0 0 0"
remote-control:
    control-enable: yes
    control-interface: "{directory}/unbound.sock"
    control-use-cert: no
"""

_UNBOUND_ZONE = """
server:
    local-zone: "{zone}" transparent
stub-zone:
    name: "{zone}"
    stub-addr: {address}@{authority}
"""

_UNBOUND_KEY = """
server:
    trust-anchor: "{zone}. {key}"
"""

# A key that no zone here has: what the zone says is bogus (DNSSEC).
_NO_KEY = f"DS 20326 8 2 {'AB' * 32}"

_ZONE = """$ORIGIN {zone}.
$TTL {ttl}
@ SOA ns.{zone}. hostmaster.{zone}. {serial} 3600 600 86400 {negative_ttl}
@ NS ns.{zone}.
ns A {address}
{lines}
"""


class DnsWorld:
    """The two servers; `resolver` is what the product asks, `authority` holds the zones."""

    def __init__(self, directory: Path) -> None:
        self.authority: Server = ("127.0.0.1", free_port())
        self.resolver: Server = ("127.0.0.1", free_port())
        self._directory = directory
        self._serials: dict[str, int] = {}
        self._open_zones: dict[str, str] = {}  # to the address of its server
        self._keys: dict[str, str] = {}
        self._signed: set[str] = set()
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Starts both servers and returns when they answer."""
        self._write_configurations()
        self._run(require("knotd"), "-c", str(self._directory / "knot.conf"))
        self._run(require("unbound"), "-d", "-c", str(self._directory / "unbound.conf"))
        _wait_until(lambda: self._control_knot("status"), "knotd")
        _wait_until(lambda: self._control_unbound("status"), "unbound")

    def stop(self) -> None:
        """Ends both servers."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(HANGING)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def set_zone(
        self,
        zone: str,
        records: Iterable[Record | str],
        *,
        ttl: int = 300,
        negative_ttl: int = 60,
        flush: bool = True,
        at: str = "127.0.0.1",
    ) -> None:
        """Replaces the zone by these records: values, or lines of a zone file.

        With `flush=False` unbound keeps what it remembers, as resolvers in the world do. `at`: the
        address of the zone's name server, where something else may stand before knot.
        """
        is_new = zone not in self._serials
        serial = self._write_zone(zone, records, ttl, negative_ttl, at)
        if is_new:
            self._open(zone)
            self._control_knot("reload")
        else:
            self._control_knot("-b", "zone-reload", zone)
        _wait_until(lambda: self._knot_serial(zone) == serial, f"the zone {zone}")
        if flush:
            self.flush(zone)

    def add_zones(self, zones: Mapping[str, Iterable[Record | str]]) -> None:
        """Many new zones at once, which is much faster than one after another."""
        for zone, records in zones.items():
            self._write_zone(zone, records)
        self._open(*zones)
        self._control_knot("reload")
        for zone in zones:
            _wait_until(partial(self._has_serial, zone, 1), f"the zone {zone}")

    def _write_zone(
        self,
        zone: str,
        records: Iterable[Record | str],
        ttl: int = 300,
        negative_ttl: int = 60,
        address: str = "127.0.0.1",
    ) -> int:
        """The zone's file; returns its serial number."""
        lines = "\n".join(
            zone_line(each, ttl) if isinstance(each, Record) else each for each in records
        )
        serial = self._serials[zone] = self._serials.get(zone, 0) + 1
        (self._directory / f"{zone}.zone").write_text(
            _ZONE.format(
                zone=zone,
                ttl=ttl,
                serial=serial,
                negative_ttl=negative_ttl,
                address=address,
                lines=lines,
            )
        )
        return serial

    def flush(self, zone: str) -> None:
        """Makes unbound forget what it knows of the zone."""
        self._control_unbound("flush_zone", zone)
        self._control_unbound("flush_negative")

    def break_zone(self, *zones: str, at: str = "127.0.0.1") -> None:
        """Makes unbound ask for zones that their server refuses: the answer is SERVFAIL."""
        self._open(*zones, at=at)

    def distrust_zone(self, zone: str) -> None:
        """Makes unbound expect signatures that the zone does not have: DNSSEC says bogus."""
        self._keys[zone] = _NO_KEY
        self._open()

    def sign_zone(self, zone: str, records: Iterable[Record | str]) -> None:
        """Makes a new zone that knot signs, and unbound trust its key: DNSSEC says valid."""
        self._signed.add(zone)
        self.set_zone(zone, records)
        _wait_until(lambda: bool(self._dnskeys(zone)), f"the key of {zone}")
        self._keys[zone] = f"DNSKEY {self._dnskeys(zone)[0]}"
        self._open()

    def _dnskeys(self, zone: str) -> list[str]:
        query = dns.message.make_query(zone, "DNSKEY")
        answer = dns.query.udp(query, self.authority[0], HANGING, self.authority[1])
        return [rdata.to_text() for rrset in answer.answer for rdata in rrset]

    def _open(self, *zones: str, at: str = "127.0.0.1") -> None:
        self._open_zones |= dict.fromkeys(zones, at)
        self._write_configurations()
        # A zone opened by `unbound-control local_zone` would hide the closed root from its
        # neighbours; a reload does not. It forgets the cache, too.
        self._control_unbound("reload")
        _wait_until(lambda: self._control_unbound("status"), "unbound")

    def _write_configurations(self) -> None:
        directory, authority = self._directory, self.authority[1]
        knot = _KNOT.format(directory=directory, port=authority)
        knot += "".join(self._knot_zone(zone) for zone in self._serials)
        (directory / "knot.conf").write_text(knot)
        unbound = _UNBOUND.format(directory=directory, port=self.resolver[1])
        for zone, address in self._open_zones.items():
            unbound += _UNBOUND_ZONE.format(zone=zone, address=address, authority=authority)
        for zone, key in self._keys.items():
            unbound += _UNBOUND_KEY.format(zone=zone, key=key)
        (directory / "unbound.conf").write_text(unbound)

    def _knot_zone(self, zone: str) -> str:
        signing = "    dnssec-signing: on\n    dnssec-policy: one-key\n"
        return f'  - domain: "{zone}"\n' + (signing if zone in self._signed else "")

    def _has_serial(self, zone: str, serial: int) -> bool:
        return self._knot_serial(zone) == serial

    def _knot_serial(self, zone: str) -> int | None:
        query = dns.message.make_query(zone, "SOA")
        try:
            answer = dns.query.udp(query, self.authority[0], HANGING, self.authority[1])
        except (dns.exception.DNSException, OSError):
            return None
        serials = [rdata.serial for rrset in answer.answer for rdata in rrset]
        return serials[0] if serials else None

    def _control_knot(self, *command: str) -> bool:
        socket_path = str(self._directory / "knot.sock")
        return _succeeds(require("knotc"), "-s", socket_path, *command)

    def _control_unbound(self, *command: str) -> bool:
        configuration = str(self._directory / "unbound.conf")
        return _succeeds(require("unbound-control"), "-c", configuration, *command)

    def _run(self, *command: str) -> None:
        log = (self._directory / f"{Path(command[0]).name}.log").open("wb")
        with log:
            self._processes.append(subprocess.Popen(command, stdout=log, stderr=log))


@pytest.fixture(scope="session")
def dns_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DnsWorld]:
    """The world for all tests of the session."""
    world = DnsWorld(tmp_path_factory.mktemp("dns"))
    try:
        world.start()
        yield world
    finally:
        world.stop()


def _succeeds(*command: str) -> bool:
    done = subprocess.run(command, capture_output=True, timeout=HANGING, check=False)
    return done.returncode == 0


def _wait_until(ready: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + HANGING
    while not ready():
        if time.monotonic() > end:
            pytest.fail(f"{what} did not get ready within {HANGING:.0f} seconds")
        time.sleep(0.02)


def free_port() -> int:
    """A port that is free for UDP and TCP."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream:
            stream.bind(("127.0.0.1", 0))
            port: int = stream.getsockname()[1]
            with (
                suppress(OSError),
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram,
            ):
                datagram.bind(("127.0.0.1", port))
                return port
