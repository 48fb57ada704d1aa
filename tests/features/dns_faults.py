"""Faults on order: dnsdist before the recursor and before the authority, one rule to each fault.

The first label of a name says what happens to questions for it: ask `servfail-1.faults.example`
and the answer is SERVFAIL. As an authority dnsdist stands at another address of the loopback
network, on the authority's own port, so that delegations can lead there.
"""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import pytest

from posthouse.domains.wire import Server
from tests.features.dns_servers import HANGING, DnsWorld, free_port
from tests.services import require

_CONFIGURATION = r"""
setSecurityPollSuffix("")
setACL({{"127.0.0.0/8"}})
setLocal("127.0.0.1:{recursor}")
addLocal("{faulty}:{authority}")
newServer({{address="127.0.0.1:{unbound}", pool="recursor"}}):setUp()
newServer({{address="127.0.0.1:{authority}", pool="authority"}}):setUp()

-- What receivers of mail meet, by the first label of the name that is asked for.
addAction(RegexRule("^(.*\\.)?servfail"), RCodeAction(DNSRCode.SERVFAIL))
addAction(RegexRule("^(.*\\.)?refused"), RCodeAction(DNSRCode.REFUSED))
addAction(RegexRule("^(.*\\.)?notimp"), RCodeAction(DNSRCode.NOTIMP))
addAction(RegexRule("^(.*\\.)?silent"), DropAction())
addAction(RegexRule("^(.*\\.)?slow"), DelayAction({delay}))
addAction(AndRule({{RegexRule("^(.*\\.)?truncated"), NotRule(TCPRule(true))}}), TCAction())
-- What no good server loads: a CNAME with others beside it, and a CNAME at the top of a zone.
addAction(AndRule({{RegexRule("^sl\\.beside"), QTypeRule(DNSQType.TXT)}}),
    SpoofRawAction("\012v=spf1 -all", {{ttl=60}}))
addAction(AndRule({{RegexRule("^sl\\.beside"), QTypeRule(DNSQType.MX)}}),
    SpoofRawAction("\000\010\002mx\007example\000", {{ttl=60}}))
-- Of two name servers, this one and what our resolver remembers of it lag behind.
addAction(RegexRule("^sl\\.disagree"), RCodeAction(DNSRCode.NXDOMAIN))
addAction(RegexRule("^apex-alias[^.]*\\.faulty$"), SpoofCNAMEAction("web.example.net"))

authorities = newNMG()
authorities:addMask("{faulty}/32")
addAction(NetmaskGroupRule(authorities, false), PoolAction("authority"))
addAction(AllRule(), PoolAction("recursor"))
"""

DELAY = 120  # milliseconds


class Faults:
    """dnsdist before both servers of the world; `resolver` is what the product asks, `address` is
    that of an authority which does to zones what their names say.
    """

    address = "127.0.0.2"

    def __init__(self, world: DnsWorld, directory: Path) -> None:
        self.world = world
        self.resolver: Server = ("127.0.0.1", free_port())
        self._file = directory / "dnsdist.conf"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and returns when it answers."""
        self._file.write_text(
            _CONFIGURATION.format(
                recursor=self.resolver[1],
                authority=self.world.authority[1],
                unbound=self.world.resolver[1],
                faulty=self.address,
                delay=DELAY,
            )
        )
        command = (require("dnsdist"), "--supervised", "--disable-syslog", "-C", str(self._file))
        with (self._file.parent / "dnsdist.log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        end = time.monotonic() + HANGING
        while not self._answers():
            if time.monotonic() > end or self._process.poll() is not None:
                pytest.fail((self._file.parent / "dnsdist.log").read_text())
            time.sleep(0.02)

    def stop(self) -> None:
        """Ends it."""
        if self._process:
            self._process.terminate()
            self._process.wait(HANGING)

    def _answers(self) -> bool:
        query = dns.message.make_query("refused.example", "A")
        try:
            dns.query.udp(query, self.resolver[0], 1, self.resolver[1])
        except (dns.exception.DNSException, OSError):
            return False
        return True


@pytest.fixture(scope="session")
def faults(dns_world: DnsWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faults]:
    """The faults for all tests of the session."""
    started = Faults(dns_world, tmp_path_factory.mktemp("faults"))
    try:
        started.start()
        yield started
    finally:
        started.stop()
