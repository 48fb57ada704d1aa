"""Recognises what is wrong where a CNAME stands, or should: its target, its place, its company."""

import re

from posthouse.core.dns.answers import Outcome
from posthouse.core.dns.names import registered_domain
from posthouse.core.dns.records import RecordType, same_value
from posthouse.core.verification import hosting
from posthouse.core.verification.cases import Case, Fault, Recognised, listed
from posthouse.core.verification.followups import (
    RIVAL_TYPES,
    company_of,
    redirection_questions,
    upwards,
)

# What no label of a host is made of: `http://mailer.example.net`, `3600 mailer.example.net`.
_NO_HOST = re.compile(r"[^a-z0-9._-]", re.IGNORECASE)
# What a name with addresses may have besides, and a proxy does not hide.
_BESIDE_ADDRESSES = [kind for kind in RIVAL_TYPES if kind not in ("A", "AAAA")]


def not_alone(case: Case) -> Recognised | None:
    """The alias is right, and the zone's own servers answer something else beside it."""
    if not case.expects_alias:
        return None
    host, authority = case.finding.record.host, case.known.authority
    asked = ((kind, authority.get((host, kind))) for kind in company_of(case.finding.record))
    others = [
        f"{kind} {value}"
        for kind, answer in asked
        if answer and not answer.chain
        for value in answer.values
    ]
    return Recognised(Fault.ALIAS_NOT_ALONE, {"seen": listed(others)}) if others else None


def redirected_above(case: Case) -> Recognised | None:
    """A DNAME hands all names below it to another domain (RFC 6672)."""
    for name, kind in redirection_questions(case.domain):
        answer = case.answers.get((name, kind))
        if answer and answer.values and case.finding.record.host.endswith(f".{name}"):
            return Recognised(Fault.REDIRECTED_ABOVE, {"place": name, "seen": answer.values[0]})
    return None


def at_the_top(case: Case) -> Recognised | None:
    """A CNAME at the top of a zone: asked for by a template, or published by somebody."""
    host = case.finding.record.host
    if host != registered_domain(case.domain):
        return None
    if case.expects_alias:
        return Recognised(Fault.ALIAS_AT_APEX)
    if case.answer.chain:
        return Recognised(Fault.ZONE_IS_ALIAS, {"seen": case.answer.chain[0]})
    return None


def other_target(case: Case) -> Recognised | None:
    """An alias of something else."""
    if not (case.expects_alias and case.answer.values):
        return None
    record, seen = case.finding.record, case.answer.values[0]
    for zone in upwards(record.host, registered_domain(case.domain)):
        if same_value(RecordType.CNAME, f"{record.value}.{zone}", seen):
            return Recognised(Fault.ZONE_APPENDED_TO_TARGET, {"seen": seen, "added": zone})
    if seen.replace("\\", "").rstrip(".") == record.value:
        return Recognised(Fault.EXTRA_DOT, {"seen": seen})
    if record.value in seen and _NO_HOST.search(seen):
        return Recognised(Fault.EXTRA_CHARACTERS, {"seen": seen})
    dangling = case.answer.outcome is Outcome.NXDOMAIN
    return Recognised(Fault.DANGLING if dangling else Fault.OTHER_TARGET, {"seen": seen})


def rivals(case: Case) -> Recognised | None:
    """Other records at a name that should be an alias."""
    if not case.expects_alias:
        return None
    record = case.finding.record
    standing = {kind: case.values(record.host, kind) for kind in RIVAL_TYPES}
    addresses = standing["A"] + standing["AAAA"]
    proxy = hosting.proxy(addresses)
    if addresses and (proxy or not any(standing[kind] for kind in _BESIDE_ADDRESSES)):
        fault = Fault.PROXIED if proxy else Fault.ADDRESS_NOT_ALIAS
        return Recognised(fault, {"seen": listed(addresses), "who": proxy})
    if any(same_value(RecordType.CNAME, record.value, text.strip('"')) for text in standing["TXT"]):
        return Recognised(Fault.TEXT_NOT_ALIAS)
    others = [f"{kind} {value}" for kind, values in standing.items() for value in values]
    return Recognised(Fault.OCCUPIED, {"seen": listed(others)}) if others else None


def hides_record(case: Case) -> Recognised | None:
    """An alias where a record of another type is wanted."""
    if case.expects_alias or not case.answer.chain:
        return None
    return Recognised(Fault.ALIAS_HIDES_RECORD, {"seen": case.answer.chain[0]})
