"""The demo's zones: a JSON file that anyone may edit while the servers run.

    {"example.com": [{"host": "t.example.com", "type": "TXT", "value": "text", "ttl": 60}]}

A TXT value is its text, strings joined, unquoted. Added when the file is read: SOA and NS, and the
name of each address (PTR), which is the host that has it first.
"""

import ipaddress
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.name
import dns.rdatatype
import dns.rdtypes.ANY.SOA
import dns.zone

from posthouse.core.dns.errors import DnsError
from posthouse.core.dns.names import normal_name, registered_domain
from posthouse.core.dns.records import Record, RecordType, record, zone_line

TTL = 5  # seconds; a demo is not to wait

_HEAD = """@ {ttl} IN SOA ns.{zone}. hostmaster.{zone}. 1 3600 600 86400 {ttl}
@ {ttl} IN NS ns.{zone}.
ns {ttl} IN A 127.0.0.1
"""


class ZonesUnreadable(Exception):
    """The file is missing, is not the JSON above, or holds a record that cannot be."""


@dataclass(frozen=True, slots=True)
class Published:
    """A record with its time to live in seconds."""

    record: Record
    ttl: int = TTL


@dataclass(frozen=True, slots=True)
class ServedZone:
    """A zone as the server searches it; `existing` also has the empty names between others."""

    origin: dns.name.Name
    zone: dns.zone.Zone
    existing: frozenset[dns.name.Name]


Zones = Mapping[dns.name.Name, ServedZone]
Content = Mapping[str, tuple[Published, ...]]


def create(zone_file: Path, zones: Mapping[str, Iterable[Record]]) -> None:
    """Writes a new file with these zones."""
    _write(
        zone_file,
        {
            normal_name(zone): tuple(Published(each) for each in records)
            for zone, records in zones.items()
        },
    )


def publish(zone_file: Path, records: Iterable[Record], ttl: int = TTL) -> None:
    """Adds the records, each to the zone that it belongs to; a zone that is missing is made.

    A CNAME takes the place of whatever stands at its host, and any other record that of a CNAME.
    """
    content = dict(_content(zone_file))
    for each in records:
        zone = _zone_of(each.host, content)
        kept = (other for other in content.get(zone, ()) if not _gives_way(other.record, each))
        content[zone] = (*kept, Published(each, ttl))
    _write(zone_file, content)


def withdraw(zone_file: Path, records: Iterable[Record]) -> None:
    """Removes the records; those that are not there are not missed."""
    gone = {(each.host, each.type, each.value) for each in records}
    content = {
        zone: tuple(each for each in published if _key(each.record) not in gone)
        for zone, published in _content(zone_file).items()
    }
    _write(zone_file, content)


def read(zone_file: Path) -> Zones:
    """The zones for serving; ZonesUnreadable says what is wrong with the file."""
    content = _content(zone_file)
    lines = {
        zone: [zone_line(each.record, each.ttl) for each in published]
        for zone, published in content.items()
    }
    served = (_served(zone, text) for zone, text in (lines | _names_of_addresses(content)).items())
    return {each.origin: each for each in served}


def _key(entry: Record) -> tuple[str, RecordType, str]:
    return entry.host, entry.type, entry.value


def _gives_way(old: Record, new: Record) -> bool:
    same_host = old.host == new.host
    return same_host and (RecordType.CNAME in (old.type, new.type) or _key(old) == _key(new))


def _zone_of(host: str, zones: Iterable[str]) -> str:
    """The deepest zone around `host`, else a new one for the registered domain."""
    around = (zone for zone in zones if host == zone or host.endswith(f".{zone}"))
    return max(around, key=len, default=registered_domain(host))


def _content(zone_file: Path) -> Content:
    try:
        stored = json.loads(zone_file.read_text(encoding="utf-8"))
        return {
            normal_name(zone): tuple(_published(each) for each in entries)
            for zone, entries in stored.items()
        }
    except OSError as error:
        raise ZonesUnreadable(f"{zone_file} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, DnsError) as error:
        raise ZonesUnreadable(f"{zone_file} is no zone file: {error}") from error


def _published(entry: Mapping[str, object]) -> Published:
    kind = RecordType(str(entry["type"]))
    return Published(
        record(str(entry["host"]), kind, str(entry["value"])), int(str(entry.get("ttl", TTL)))
    )


def _write(zone_file: Path, content: Content) -> None:
    """Replaces the file in one step, so that a server never reads half of it."""
    stored = {
        zone: [
            {"host": each.record.host, "type": each.record.type, "value": each.record.value}
            | {"ttl": each.ttl}
            for each in published
        ]
        for zone, published in content.items()
    }
    draft = zone_file.with_suffix(".draft")
    draft.write_text(json.dumps(stored, indent=1), encoding="utf-8")
    draft.replace(zone_file)


def _names_of_addresses(content: Content) -> dict[str, list[str]]:
    """A zone for each address, with the one PTR record that it needs (RFC 1035 section 3.5)."""
    hosts: dict[str, str] = {}
    for each in (published.record for zone in content.values() for published in zone):
        if each.type in (RecordType.A, RecordType.AAAA):
            hosts.setdefault(ipaddress.ip_address(each.value).reverse_pointer, each.host)
    return {zone: [f"@ {TTL} IN PTR {host}."] for zone, host in hosts.items()}


def _served(name: str, lines: Iterable[str]) -> ServedZone:
    text = "\n".join([f"$ORIGIN {name}.", _HEAD.format(zone=name, ttl=TTL), *lines, ""])
    try:
        zone = dns.zone.from_text(text, origin=name, relativize=False)
    except (dns.exception.DNSException, ValueError) as error:
        raise ZonesUnreadable(f"the zone {name} cannot be served: {error}") from error
    origin = dns.name.from_text(name)
    existing = frozenset(above for node in zone.nodes for above in _up_to(node, origin))
    return ServedZone(origin, zone, existing)


def _up_to(name: dns.name.Name, origin: dns.name.Name) -> Iterator[dns.name.Name]:
    while name != origin:
        yield name
        name = name.parent()
    yield origin
