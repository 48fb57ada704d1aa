"""DKIM keys of a sender domain's own, as DNS templates ask for them."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from posthouse.core.dns.records import RecordType
from posthouse.core.verification.tags import tag_list

SELECTOR_ENTROPY = 5  # octets that make one selector


class Algorithm(StrEnum):
    """What a key signs with; the value is the k= tag (RFC 6376 section 3.6.1, RFC 8463)."""

    RSA = "rsa"  # 2,048 bits
    ED25519 = "ed25519"  # beside RSA, which every receiver knows


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The half of a key that DNS shows; `text` in base64, as the p= tag holds it."""

    algorithm: Algorithm
    selector: str
    text: str


@dataclass(frozen=True, slots=True)
class _Names:
    """The placeholders of one key."""

    selector: str
    key: str


_NAMES: Mapping[Algorithm, _Names] = {
    Algorithm.RSA: _Names("{dkim_selector}", "{dkim_public_key}"),
    Algorithm.ED25519: _Names("{dkim_selector_ed25519}", "{dkim_public_key_ed25519}"),
}
PLACEHOLDERS = tuple(name for each in _NAMES.values() for name in (each.selector, each.key))

# What a template is tried out and shown with.
SAMPLE_KEYS = (
    PublicKey(Algorithm.RSA, "phabcdefgh", "the-public-key-of-the-domain"),
    PublicKey(Algorithm.ED25519, "phijklmnop", "the-second-public-key-of-the-domain"),
)


def new_selector(entropy: bytes) -> str:
    """`ph` and eight characters of a-z and 2-7, from SELECTOR_ENTROPY random octets.

    Random, so that a record which some earlier key left in DNS fits no key that comes after (A13).
    """
    if len(entropy) != SELECTOR_ENTROPY:
        raise ValueError(f"{SELECTOR_ENTROPY} octets are needed, {len(entropy)} were given")
    return "ph" + base64.b32encode(entropy).decode("ascii").lower()


def asked(text: str) -> frozenset[Algorithm]:
    """The keys that a host or a value has placeholders for."""
    return frozenset(
        algorithm
        for algorithm, names in _NAMES.items()
        if names.selector in text or names.key in text
    )


def values(keys: Iterable[PublicKey]) -> dict[str, str]:
    """What the placeholders of the keys become."""
    filled: dict[str, str] = {}
    for key in keys:
        names = _NAMES[key.algorithm]
        filled |= {names.selector: key.selector, names.key: key.text}
    return filled


def mistake(host: str, kind: RecordType, value: str) -> str:
    """What keeps a pattern from publishing a key where receivers find it; empty if nothing does."""
    found = asked(f"{host} {value}")
    if not found:
        return ""
    if len(found) > 1:
        return "a record holds one key: give each of the two a record of its own"
    (algorithm,) = found
    names = _NAMES[algorithm]
    if names.selector not in host or names.key not in value:
        return f"a key needs both: {names.selector} in the host and {names.key} in the value"
    if names.key in host or names.selector in value:
        return f"{names.selector} belongs into the host and {names.key} into the value only"
    if not host.startswith(f"{names.selector}._domainkey."):
        return f'receivers look for a key at {names.selector}._domainkey: begin "{host}" with that'
    return _wrong_value(algorithm, kind, value)


def _wrong_value(algorithm: Algorithm, kind: RecordType, value: str) -> str:
    """RFC 6376 section 3.6.1: the tags that make a TXT record a key of this algorithm."""
    tags, key = tag_list(value), _NAMES[algorithm].key
    wanted = f"v=DKIM1; k={algorithm}; p={key}"
    fits = tags.get("v") == "DKIM1" and tags.get("p") == key
    if kind is RecordType.TXT and fits and tags.get("k", Algorithm.RSA) == algorithm:
        return ""
    return f'a key is published as TXT "{wanted}"'


def missing(hosts: Iterable[str], algorithm: Algorithm) -> str:
    """What a template with such a key at these hosts lacks; empty if nothing."""
    hosts = tuple(hosts)
    place = f"{_NAMES[algorithm].selector}._domainkey._SenderDomain_"
    if place not in hosts:
        return f"mail is signed for the From domain, so the key must stand at {place}"
    rsa = _NAMES[Algorithm.RSA].selector
    if algorithm is not Algorithm.RSA and not any(rsa in host for host in hosts):
        return f"not every receiver knows Ed25519: it needs the RSA key ({rsa}) beside it"
    return ""
