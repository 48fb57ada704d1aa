"""Names in DNS: the form in which they are compared, and the hosts made from a sender domain."""

import re
from functools import cache

import idna
from publicsuffixlist import PublicSuffixList

from posthouse.core.dns.errors import SettingRefused

LONGEST_NAME = 253  # 255 octets on the wire, RFC 1035 section 2.3.4
LONGEST_LABEL = 63
LONGEST_SETTING = 32

MERGE_CHARACTERS = ("-", ".", "")

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")


def normal_name(text: str) -> str:
    """`text` as names are compared: lower case, A-labels (RFC 5890), no trailing dot.

    Never refuses, for what DNS answers may be anything; what a person types as a sender domain is
    judged by `addresses.normalise_domain`.
    """
    name = text.strip()
    if not name.isascii():
        name = _with_a_labels(name)
    return name.lower().removesuffix(".")


def _with_a_labels(name: str) -> str:
    try:
        mapped = idna.uts46_remap(name, std3_rules=False, transitional=False)
    except idna.IDNAError:
        return name
    return ".".join(_a_label(label) for label in mapped.split("."))


def _a_label(label: str) -> str:
    if label.isascii():
        return label
    try:
        return idna.alabel(label).decode("ascii")
    except idna.IDNAError:
        return label


def registered_domain(name: str) -> str:
    """The domain that was bought: `example.co.uk` of `mail.example.co.uk`; `name` if none is."""
    return str(_public_suffixes().privatesuffix(name) or name)


def mfrom_host(domain: str, subdomain: str) -> str:
    """The return-path host: `sl.mail.example.com`."""
    return f"{subdomain}.{domain}"


def tracking_host(
    domain: str, subdomain: str, prefix: str, merge: str, *, own_host: bool = True
) -> str:
    """The host in tracking links: `track-sl.mail.example.com`; the MFROM host without its own."""
    host = mfrom_host(domain, subdomain)
    return f"{prefix}{merge}{host}" if own_host else host


def checked_settings(subdomain: str, prefix: str, merge: str) -> tuple[str, str, str]:
    """The three settings in normal form; SettingRefused names the field that breaks a rule."""
    subdomain = checked_label("subdomain", subdomain)
    prefix = checked_label("track_prefix", prefix)
    if merge not in MERGE_CHARACTERS:
        raise SettingRefused("track_merge", merge, "Use a hyphen, a dot, or nothing.")
    if merge != "." and len(f"{prefix}{merge}{subdomain}") > LONGEST_LABEL:
        reason = f"Prefix and subdomain together may have {LONGEST_LABEL} characters."
        raise SettingRefused("track_prefix", prefix, reason)
    return subdomain, prefix, merge


def checked_label(field: str, value: str) -> str:
    """A subdomain or prefix in normal form; SettingRefused carries `field` and the rule."""
    label = value.strip().lower()
    if not label:
        raise SettingRefused(field, value, "Type at least one letter or digit.")
    if len(label) > LONGEST_SETTING:
        raise SettingRefused(field, value, f"Use at most {LONGEST_SETTING} characters.")
    if not _LABEL.fullmatch(label):
        reason = "Use letters, digits and hyphens only, with no hyphen at either end."
        raise SettingRefused(field, value, reason)
    return label


@cache
def _public_suffixes() -> PublicSuffixList:
    return PublicSuffixList()
