"""Reads domain names and e-mail addresses as people write them, and gives each its one form."""

import ipaddress
import re
from dataclasses import dataclass
from functools import cache
from typing import Final

import idna
from email_validator import EmailNotValidError, validate_email
from publicsuffixlist import PublicSuffixList

from posthouse.core.scripts import reads_as_itself

MAX_DOMAIN_OCTETS: Final = 253  # RFC 1035 2.3.4, without the root's own octet
MAX_LOCAL_OCTETS: Final = 64  # RFC 5321 4.5.3.1.1
MAX_ADDRESS_OCTETS: Final = 254  # RFC 5321 4.5.3.1.3, without the angle brackets

_SPECIAL_USE = frozenset({"invalid", "local", "localhost", "onion", "arpa"})  # RFC 6761, 6762, 7686
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NOT_A_NAME = re.compile(r"[\s/:@\\?#<>\x00-\x20\x7f]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_DOT_ATOM = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")  # RFC 5322 3.2.3
# Plain ASCII addresses; "--" goes the long way, for it may start a punycode label.
_PLAIN_ADDRESS = re.compile(
    rf"({_ATOM}(?:\.{_ATOM})*)@((?:(?![^.@]*--)[A-Za-z0-9](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?\.)+"
    r"[A-Za-z]{2,63})"
)

_DOMAIN_SENTENCES: Final = {
    "empty": "Enter a domain, for example mail.example.com.",
    "not-a-name": "“{value}” is not a domain: write the name alone, without http://, @ or a path.",
    "ip-address": "“{value}” is an IP address; enter a name such as mail.example.com.",
    "single-label": "“{value}” has no dot: enter the whole name, such as mail.example.com.",
    "too-long": "“{value}” is longer than 253 characters, the limit for a domain.",
    "bad-label": "“{value}” is not a domain: a part between dots has 1 to 63 letters, digits or"
    " hyphens, and neither starts nor ends with a hyphen.",
    "special-use": "“{value}” is reserved and cannot receive mail; enter a domain that you own.",
    "public-suffix": "“{value}” is a public suffix that many owners share; enter a name below it.",
}

_ADDRESS_SENTENCES: Final = {
    "empty": "Enter an e-mail address, for example anna@example.com.",
    "no-at": "“{value}” has no @; an address looks like anna@example.com.",
    "two-ats": "“{value}” has more than one @; enter one address.",
    "control-character": "“{value}” contains a control character; type the address anew.",
    "local-not-ascii": "“{value}” has letters before the @ that many mail servers do not accept.",
    "bad-local": "“{value}” cannot be used: what stands before the @ has 1 to 64 letters, digits or"
    " signs such as . _ + -, with no dot at either end and no two dots together.",
    "bad-domain": "“{value}” cannot be used: what stands after the @ is not a domain with mail.",
    "too-long": "“{value}” is longer than 254 characters, the limit for an address.",
}


def _shown(value: str) -> str:
    """A value as an error sentence shows it: one line, and short."""
    return _CONTROL.sub("\ufffd", value[:60]) + ("…" if len(value) > 60 else "")


class AddressRefused(ValueError):
    """A name or an address that cannot be used: the value, the reason's key and a sentence."""

    def __init__(self, value: str, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.value, self.reason, self.sentence = value, reason, sentence


class BadDomain(AddressRefused):
    """Not a domain to send from; `reason` is a key of the sentences above."""

    def __init__(self, value: str, reason: str) -> None:
        super().__init__(value, reason, _DOMAIN_SENTENCES[reason].format(value=_shown(value)))


class BadAddress(AddressRefused):
    """Not an address to send to or from; `reason` is a key of the sentences above."""

    def __init__(self, value: str, reason: str) -> None:
        super().__init__(value, reason, _ADDRESS_SENTENCES[reason].format(value=_shown(value)))


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox: the local part as given, the domain as a lower-case A-label name."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def _to_ascii(name: str) -> str | None:
    """The A-label form of a name (UTS #46, non-transitional), or None if it has none."""
    lowered = name.lower()
    try:
        if not lowered.isascii():
            return idna.encode(lowered, uts46=True, std3_rules=True).decode("ascii")
        for label in lowered.split("."):
            if label.startswith("xn--"):
                idna.ulabel(label)
    except idna.IDNAError:
        return None
    return lowered


def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]").removeprefix("IPv6:"))
    except ValueError:
        return False
    return True


def _judge(name: str, *, allow_test: bool) -> str | None:
    """The key of the first rule that an A-label name breaks, or None."""
    labels = name.split(".")
    rules = {
        "too-long": len(name) > MAX_DOMAIN_OCTETS,
        "ip-address": _is_ip(name),
        "bad-label": not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit(),
        "special-use": labels[-1] in _SPECIAL_USE or (labels[-1] == "test" and not allow_test),
        "single-label": len(labels) < 2,
    }
    first = next((reason for reason, broken in rules.items() if broken), None)
    return first or ("public-suffix" if _suffixes().is_public(name) else None)


def normalise_domain(text: str, *, allow_test: bool = False) -> str:
    """A domain to send from, as a lower-case A-label name without a final dot.

    `allow_test` accepts names under .test (RFC 6761). Raises BadDomain.
    """
    typed = text.strip()
    if not typed:
        raise BadDomain(text, "empty")
    if _is_ip(typed):
        raise BadDomain(text, "ip-address")
    if _NOT_A_NAME.search(typed):
        raise BadDomain(text, "not-a-name")
    # An overlong name is not worth the conversion, whose cost grows with its square.
    name = _to_ascii(typed) if len(typed) <= 2 * MAX_DOMAIN_OCTETS else typed
    if name is None:
        raise BadDomain(text, "bad-label")
    name = name.removesuffix(".")
    if reason := _judge(name, allow_test=allow_test):
        raise BadDomain(text, reason)
    return name


def _shown_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        own = idna.ulabel(label)
    except idna.IDNAError:
        return label
    return own if reads_as_itself(own) else label


def display_domain(domain: str) -> str:
    """A domain as a person reads it: own letters only where they cannot pass for other letters."""
    return ".".join(_shown_label(label) for label in domain.split("."))


def parse_address(text: str) -> Address:
    """The address that a person typed. Raises BadAddress."""
    typed = text.strip()
    local, at, domain = typed.partition("@")
    checks = {
        "empty": not typed,
        "control-character": bool(_CONTROL.search(typed)),
        "no-at": not at,
        "two-ats": "@" in domain,
        "local-not-ascii": not local.isascii(),
        "bad-local": not _DOT_ATOM.fullmatch(local) or len(local) > MAX_LOCAL_OCTETS,
        "too-long": len(typed) > MAX_ADDRESS_OCTETS,
    }
    for reason, failed in checks.items():
        if failed:
            raise BadAddress(text, reason)
    try:
        valid = validate_email(typed, check_deliverability=False, strict=True, allow_smtputf8=False)
    except EmailNotValidError:
        raise BadAddress(text, "bad-domain") from None
    return Address(local, valid.ascii_domain.lower())


def bulk_address(text: str) -> Address:
    """As `parse_address`, for imports: plain ASCII addresses are judged by a pattern alone."""
    typed = text.strip()
    if len(typed) <= MAX_ADDRESS_OCTETS and (match := _PLAIN_ADDRESS.fullmatch(typed)):
        local, domain = match[1], match[2].lower()
        last = domain[domain.rindex(".") + 1 :]
        if len(local) <= MAX_LOCAL_OCTETS and last not in _SPECIAL_USE and last != "test":
            return Address(local, domain)
    return parse_address(text)


def from_local_part(text: str) -> str:
    """What may stand before the @ of a From address: a dot-atom of ASCII. Raises BadAddress."""
    typed = text.strip()
    if not typed:
        raise BadAddress(text, "bad-local")
    if not typed.isascii():
        raise BadAddress(text, "local-not-ascii")
    if not _DOT_ATOM.fullmatch(typed) or len(typed) > MAX_LOCAL_OCTETS:
        raise BadAddress(text, "bad-local")
    return typed


def comparison_key(address: Address) -> str:
    """The normalised address, unique in an account: local part and A-label domain, lower-case."""
    return f"{address.local.lower()}@{address.domain}"
