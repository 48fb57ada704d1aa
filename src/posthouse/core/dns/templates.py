"""DNS templates: from the text of the configuration file to the records of one domain."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from posthouse.core.dns import own_keys
from posthouse.core.dns.clashes import first_clash
from posthouse.core.dns.errors import NameRefused, RecordsClash
from posthouse.core.dns.names import (
    LONGEST_LABEL,
    LONGEST_NAME,
    normal_name,
    tracking_host,
)
from posthouse.core.dns.own_keys import Algorithm, PublicKey
from posthouse.core.dns.records import Record, RecordType, record

# What a record is for, as the records page says it to a person.
PURPOSES: Mapping[str, str] = {
    "return-path": "Return path: bounces come back through it, and receivers check SPF there.",
    "spf": "SPF: names the servers that may send mail for this domain.",
    "dkim": "DKIM: the key with which receivers check the signature of your mail.",
    "dmarc": "DMARC: tells receivers what to do with mail that fails these checks.",
    "mx": "Mail exchanger: where mail to this name is delivered.",
    "tracking": "Tracking: the host in links and in the image that counts opens.",
    "ownership": "Ownership: proves that this domain belongs to your account.",
    "other": "Asked for by your operator.",
}

# Old names stay: templates are carried over from installations that used them.
PLACEHOLDERS = (
    "_SenderDomainHash_",
    "_SenderDomainRandom_",
    "_SenderDomain_",
    "{subdomain}",
    "{track_prefix}",
    "{merge}",
    *own_keys.PLACEHOLDERS,
)

_PLACEHOLDER = re.compile("|".join(map(re.escape, PLACEHOLDERS)))


@dataclass(frozen=True, slots=True)
class RecordPattern:
    """One line of a template: a record with placeholders."""

    host: str
    type: RecordType
    value: str
    purpose: str

    @property
    def is_tracking(self) -> bool:
        """True for the record that a domain without its own tracking host does not need."""
        return self.purpose == "tracking" or "{track_prefix}" in self.host

    @property
    def keys(self) -> frozenset[Algorithm]:
        """The keys of the domain's own that it publishes: one at most."""
        return own_keys.asked(f"{self.host} {self.value}")


@dataclass(frozen=True, slots=True)
class Template:
    """A named set of record patterns; an empty one enables a domain at once, and proves nothing."""

    name: str
    patterns: tuple[RecordPattern, ...]

    @property
    def is_empty(self) -> bool:
        """True if there is nothing to publish."""
        return not self.patterns

    @property
    def proves_ownership(self) -> bool:
        """True if only the account that was given the token can have published the records."""
        return any("_SenderDomainHash_" in pattern.value for pattern in self.patterns)

    @property
    def keys(self) -> tuple[Algorithm, ...]:
        """The keys that a domain must have of its own, RSA first; none where it inherits them."""
        return tuple(a for a in Algorithm if any(a in each.keys for each in self.patterns))


@dataclass(frozen=True, slots=True)
class SystemDns:
    """What the operator's own domain publishes; delivery servers are checked against it."""

    spf: str
    dkim_selector: str
    dkim_public_key: str
    dmarc: str
    sender_domain: str
    link_tracker: str
    open_tracker: str


@dataclass(frozen=True, slots=True)
class DnsConfiguration:
    """The whole file: templates for campaigns and for the e-mail gateway, and system values."""

    campaign: Mapping[str, Template]
    gateway: Mapping[str, Template]
    system: SystemDns


def generate(
    template: Template,
    *,
    domain: str,
    subdomain: str,
    track_prefix: str,
    track_merge: str,
    tracking_subdomain: bool,
    random: str,
    ownership_hash: str,
    keys: Sequence[PublicKey] = (),
) -> tuple[Record, ...]:
    """The records that `domain` must publish, in the template's order.

    Everything is expected in normal form (`addresses.normalise_domain`, `names.checked_settings`).
    Raises NameRefused if a host would be too long for DNS, ValueMalformed for a value, and
    RecordsClash where two records cannot stand together. A record for a key of the domain's own is
    left out where that key is not among `keys`: a name that nobody registered has none.
    """
    filled = _filler(
        {
            "_SenderDomain_": domain,
            "_SenderDomainHash_": ownership_hash,
            "_SenderDomainRandom_": random,
            "{subdomain}": subdomain,
            "{track_prefix}": track_prefix,
            "{merge}": track_merge,
            **own_keys.values(keys),
        }
    )
    tracking = normal_name(tracking_host(domain, subdomain, track_prefix, track_merge))
    has = {key.algorithm for key in keys}
    wanted = (
        pattern
        for pattern in template.patterns
        if pattern.keys <= has
        and (tracking_subdomain or not _is_own_tracking(pattern, filled(pattern.host), tracking))
    )
    records = tuple(
        record(filled(pattern.host), pattern.type, filled(pattern.value), pattern.purpose)
        for pattern in wanted
    )
    for entry in records:
        check_length(entry.host)
    # Two patterns may come to the same record (an empty tracking prefix, say): publish it once.
    once = tuple(dict.fromkeys(records))
    if clash := first_clash(once):
        raise RecordsClash(clash.host, clash.reason)
    return once


def check_length(host: str) -> None:
    """NameRefused if DNS has no room for `host` (RFC 1035 section 2.3.4)."""
    if len(host) > LONGEST_NAME:
        reason = f"The host {host!r} would be longer than {LONGEST_NAME} characters."
        raise NameRefused(host, reason)
    if any(not 0 < len(label) <= LONGEST_LABEL for label in host.split(".")):
        reason = f"A part of the host {host!r} is empty or over {LONGEST_LABEL} characters."
        raise NameRefused(host, reason)


def _is_own_tracking(pattern: RecordPattern, host: str, tracking: str) -> bool:
    return pattern.is_tracking or normal_name(host) == tracking


def _filler(values: Mapping[str, str]) -> Callable[[str], str]:
    """A function that puts the values in; in one pass, so that no value is searched again."""
    return lambda pattern: _PLACEHOLDER.sub(lambda match: values[match.group()], pattern)
