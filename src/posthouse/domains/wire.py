"""Puts one DNS question to one server after another and reads the reply as plain values."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import dns.asyncquery
import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.SOA
import dns.rdtypes.txtbase
import dns.rrset

from posthouse.core.dns.answers import Outcome
from posthouse.core.dns.names import normal_name

Server = tuple[str, int]  # IP address and port
_Sets = dict[str, tuple[str, ...]]

# 1232 octets fit in one packet on any path (DNS Flag Day 2020).
EDNS_PAYLOAD = 1232

_HOST_TYPES = frozenset({"CNAME", "DNAME", "NS", "PTR"})

_RCODES = {
    dns.rcode.NOERROR: Outcome.NODATA,  # until a record is found
    dns.rcode.NXDOMAIN: Outcome.NXDOMAIN,
    dns.rcode.REFUSED: Outcome.REFUSED,
}

# Why a resolver gave up, as it says itself (RFC 8914 section 4).
_REASONS = {
    **dict.fromkeys(range(6, 13), Outcome.BOGUS),  # 6 to 12: DNSSEC in its several ways
    22: Outcome.LAME,  # no reachable authority
}


@dataclass(frozen=True, slots=True)
class Reply:
    """One server's reply. `aliases` maps a name to the target and TTL of its CNAME, `referrals` a
    zone to the name servers that it is delegated to, `glue` these to addresses that came along.
    """

    outcome: Outcome
    values: dict[str, tuple[tuple[str, ...], int]]
    aliases: dict[str, tuple[str, int]]
    absence_ttl: int = 0
    is_authoritative: bool = False
    referrals: dict[str, tuple[str, ...]] = field(default_factory=dict)
    glue: dict[str, tuple[str, ...]] = field(default_factory=dict)


def _nothing(outcome: Outcome) -> Reply:
    return Reply(outcome, {}, {})


async def exchange(
    name: str,
    kind: str,
    servers: Sequence[Server],
    *,
    seconds: float,
    recursive: bool = True,
    unsigned: bool = False,
) -> Reply:
    """The first reply that says something about `name`; else how the last server failed.

    `seconds` is the time for each server; `unsigned`: take what does not stand the test of DNSSEC
    as well (checking disabled, RFC 4035 section 3.2.2).
    Repeats over TCP what did not fit into a packet. Never raises for what DNS or the network does.
    """
    try:
        query = dns.message.make_query(
            dns.name.from_text(name), kind, use_edns=0, payload=EDNS_PAYLOAD
        )
    except dns.exception.DNSException:
        return _nothing(Outcome.NXDOMAIN)  # a text that is no name names nothing
    if not recursive:
        query.flags &= ~dns.flags.RD
    if unsigned:
        query.flags |= dns.flags.CD
    reply = _nothing(Outcome.TIMEOUT)
    for server in servers:
        reply = await _exchange_with(query, kind, server, seconds)
        if reply.outcome in (Outcome.FOUND, Outcome.NXDOMAIN, Outcome.NODATA):
            break
    return reply


async def _exchange_with(
    query: dns.message.QueryMessage, kind: str, server: Server, seconds: float
) -> Reply:
    host, port = server
    try:
        # Packets that do not belong to the question are somebody's guesses: wait on for the reply.
        message, _over_tcp = await dns.asyncquery.udp_with_fallback(
            query, host, seconds, port, ignore_unexpected=True, ignore_errors=True
        )
    except (dns.exception.Timeout, OSError, EOFError):  # also: nobody listens, connection broken
        return _nothing(Outcome.TIMEOUT)
    except dns.exception.DNSException:
        return _nothing(Outcome.SERVFAIL)  # what came back is no DNS message
    return _read(message, kind)


def _read(message: dns.message.Message, kind: str) -> Reply:
    outcome = _RCODES.get(message.rcode()) or _reason(message)
    values: dict[str, tuple[tuple[str, ...], int]] = {}
    aliases: dict[str, tuple[str, int]] = {}
    for rrset in message.answer:
        name = normal_name(rrset.name.to_text(omit_final_dot=True))
        texts = tuple(_text(rdata) for rdata in rrset)
        if rrset.rdtype == dns.rdatatype.CNAME and texts:
            aliases[name] = (texts[0], rrset.ttl)
        if dns.rdatatype.to_text(rrset.rdtype) == kind:
            values[name] = (texts, rrset.ttl)
    if outcome is Outcome.NODATA and (values or aliases):
        outcome = Outcome.FOUND
    return Reply(
        outcome,
        values,
        aliases,
        _absence_ttl(message),
        bool(message.flags & dns.flags.AA),
        _sets(message.authority, dns.rdatatype.NS),
        _sets(message.additional, dns.rdatatype.A, dns.rdatatype.AAAA),
    )


def _sets(section: list[dns.rrset.RRset], *kinds: dns.rdatatype.RdataType) -> _Sets:
    """The values of some types in a section, by name."""
    found: _Sets = {}
    for rrset in section:
        if rrset.rdtype in kinds:
            name = normal_name(rrset.name.to_text(omit_final_dot=True))
            found[name] = (*found.get(name, ()), *(_text(rdata) for rdata in rrset))
    return found


def _reason(message: dns.message.Message) -> Outcome:
    """Why the server failed, if it says so."""
    codes = (int(each.code) for each in message.options if isinstance(each, dns.edns.EDEOption))
    return next((_REASONS[code] for code in codes if code in _REASONS), Outcome.SERVFAIL)


def _absence_ttl(message: dns.message.Message) -> int:
    """Seconds for which a resolver may remember that there is nothing (RFC 2308 section 5)."""
    for rrset in message.authority:
        for rdata in rrset:
            if isinstance(rdata, dns.rdtypes.ANY.SOA.SOA):
                return min(rrset.ttl, rdata.minimum)
    return 0


def _text(rdata: dns.rdata.Rdata) -> str:
    """A record's value without quotes and final dots, its strings joined, always printable."""
    if isinstance(rdata, dns.rdtypes.txtbase.TXTBase):
        return _printable(b"".join(rdata.strings))
    text = rdata.to_text()
    kind = dns.rdatatype.to_text(rdata.rdtype)
    if kind in _HOST_TYPES:
        return normal_name(text)
    return text.removesuffix(".") if kind == "MX" else text


def _printable(octets: bytes) -> str:
    """Text, with octets that are none and control characters written out (`\\xff`, `\\010`)."""
    text = octets.decode("utf-8", "backslashreplace")
    return re.sub(r"[\x00-\x1f\x7f]", lambda found: f"\\{ord(found.group()):03d}", text)
