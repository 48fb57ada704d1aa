"""DNS records that we ask people to publish: their form, their comparison, their zone-file text."""

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from posthouse.core.dns.errors import ValueMalformed
from posthouse.core.dns.names import LONGEST_LABEL, LONGEST_NAME, normal_name

LONGEST_STRING = 255  # octets in one string of a TXT record, RFC 1035 section 3.3
DEFAULT_TTL = 3600


class RecordType(StrEnum):
    """The record types that a template may hold."""

    CNAME = "CNAME"
    TXT = "TXT"
    A = "A"
    AAAA = "AAAA"
    MX = "MX"
    CAA = "CAA"


@dataclass(frozen=True, slots=True)
class Record:
    """One record to publish. `host` is a full name in normal form; `value` is in normal form.

    The value of a TXT record is its text with all strings joined, without quotes. One that is not
    `required` is looked up and explained, but its domain does not depend on it.
    """

    host: str
    type: RecordType
    value: str
    purpose: str = "other"
    required: bool = True


def record(host: str, kind: RecordType, value: str, purpose: str = "other") -> Record:
    """A record in normal form; ValueMalformed if `value` does not fit the type."""
    return Record(normal_name(host), kind, normal_value(kind, value), purpose)


def normal_value(kind: RecordType, value: str) -> str:
    """`value` in the form in which two values of this type are compared."""
    return _NORMAL[kind](value)


def same_value(kind: RecordType, expected: str, seen: str) -> bool:
    """True when `seen` says what `expected` says; a value that is malformed equals nothing."""
    try:
        return normal_value(kind, expected) == normal_value(kind, seen)
    except ValueMalformed:
        return False


def relative_host(host: str, zone: str) -> str:
    """What to type at a registrar that appends `zone` to every host; `@` is the zone itself."""
    if host == zone:
        return "@"
    return host.removesuffix(f".{zone}")


def presentation(entry: Record) -> str:
    """The value as a zone file writes it (RFC 1035 section 5.1): dots, quotes, split strings."""
    return _PRESENTATION[entry.type](entry.value)


def zone_line(entry: Record, ttl: int = DEFAULT_TTL) -> str:
    """One line of a zone file, with full names, so that every importer takes it."""
    return f"{entry.host}.\t{ttl}\tIN\t{entry.type}\t{presentation(entry)}"


def zone_file(records: Iterable[Record], ttl: int = DEFAULT_TTL) -> str:
    """The records as a zone file fragment, each under a comment that says what it is for."""
    lines = [line for entry in records for line in (f"; {entry.purpose}", zone_line(entry, ttl))]
    return "\n".join(lines) + "\n" if lines else ""


def text_strings(text: str) -> tuple[str, ...]:
    """`text` as the quoted strings of a TXT record, each of at most 255 octets."""
    octets = text.encode()
    parts = range(0, max(len(octets), 1), LONGEST_STRING)
    return tuple(_quoted(octets[start : start + LONGEST_STRING]) for start in parts)


def _quoted(octets: bytes) -> str:
    return '"' + "".join(map(_escaped, octets)) + '"'


def _escaped(octet: int) -> str:
    if octet in b'"\\':
        return "\\" + chr(octet)
    return chr(octet) if 0x20 <= octet < 0x7F else f"\\{octet:03d}"


def _target(value: str) -> str:
    """A host name as CNAME and MX point to: underscores are fine, spaces and empty labels not."""
    name = normal_name(value)
    labels = name.split(".")
    if not name.isascii() or re.search(r"[\s\"\\/:;,()]", name):
        raise ValueMalformed("CNAME", value, "it is not a host name")
    if len(name) > LONGEST_NAME or not all(0 < len(label) <= LONGEST_LABEL for label in labels):
        raise ValueMalformed("CNAME", value, "a part of the name is empty or too long")
    return name


def _address(version: type[ipaddress.IPv4Address | ipaddress.IPv6Address]) -> Callable[[str], str]:
    kind = "A" if version is ipaddress.IPv4Address else "AAAA"

    def normal(value: str) -> str:
        try:
            return str(version(value.strip()))
        except ValueError as error:
            raise ValueMalformed(kind, value, "it is not an IP address of this kind") from error

    return normal


def _mail_exchanger(value: str) -> str:
    preference, _, host = value.strip().partition(" ")
    if not (preference.isdecimal() and preference.isascii() and int(preference) <= 0xFFFF):
        raise ValueMalformed("MX", value, "write a preference and a host: 10 mail.example.net")
    return f"{int(preference)} {_target(host)}"


def _certificate_authority(value: str) -> str:
    """RFC 8659 section 4.1: flags, tag, and a value in quotes."""
    match = re.fullmatch(r'(\d{1,3})\s+([A-Za-z0-9]+)\s+"?([^"]*)"?', value.strip())
    if match is None or int(match[1]) > 0xFF:
        raise ValueMalformed("CAA", value, 'write flags, tag and value: 0 issue "ca.example.net"')
    return f'{int(match[1])} {match[2].lower()} "{match[3]}"'


_NORMAL: Mapping[RecordType, Callable[[str], str]] = {
    RecordType.CNAME: _target,
    RecordType.TXT: str,
    RecordType.A: _address(ipaddress.IPv4Address),
    RecordType.AAAA: _address(ipaddress.IPv6Address),
    RecordType.MX: _mail_exchanger,
    RecordType.CAA: _certificate_authority,
}

_PRESENTATION: Mapping[RecordType, Callable[[str], str]] = {
    RecordType.CNAME: lambda value: f"{value}.",
    RecordType.TXT: lambda value: " ".join(text_strings(value)),
    RecordType.A: str,
    RecordType.AAAA: str,
    RecordType.MX: lambda value: f"{value}.",
    RecordType.CAA: str,
}
