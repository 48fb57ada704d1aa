"""Explains a finding to whoever can mend it: what is there, what is wrong, what to change."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from posthouse.core.dns.answers import Answer, Outcome
from posthouse.core.dns.names import registered_domain
from posthouse.core.dns.records import relative_host
from posthouse.core.verification import hosting
from posthouse.core.verification.cases import Case, Fault, Known
from posthouse.core.verification.checks import Finding, Verdict
from posthouse.core.verification.faults import recognise
from posthouse.core.verification.followups import RIVAL_TYPES
from posthouse.core.verification.wording import WORDS, Words, duration

LONGEST_SHOWN = 300  # characters of a value from DNS that a sentence shows

_SOON = "Usually visible within a few minutes of the change."


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A finding explained, in whole sentences: what was found, what is wrong, what to change, when
    that will be visible. The last two are empty when there is nothing to change. `seen` has the
    values at the host; where a CNAME is wanted and none is there, `A 192.0.2.1` and the like.
    """

    finding: Finding
    verdict: Verdict
    fault: Fault
    found: str
    problem: str
    advice: str
    visible: str
    seen: tuple[str, ...]


def diagnose_all(
    findings: Iterable[Finding], known: Known, *, domain: str
) -> tuple[Diagnosis, ...]:
    """The diagnosis of each finding of `domain`, in order.

    `known.answers` holds those to the records' questions and to `follow_up_questions`;
    `known.authority` what the zone's own name servers said to the records' questions and to
    `company_questions`, if they were asked.
    """
    findings = tuple(findings)
    hosts = frozenset(finding.record.host for finding in findings)
    return tuple(diagnose(Case(finding, domain, known, hosts)) for finding in findings)


def diagnose(case: Case) -> Diagnosis:
    """The diagnosis of one case."""
    recognised = recognise(case)
    words = WORDS[recognised.fault]
    fields = _fields(case) | {key: shown(text) for key, text in recognised.details.items()}
    return Diagnosis(
        finding=case.finding,
        verdict=words.verdict,
        fault=recognised.fault,
        found=_found(case.answer),
        problem=_spoken(words.problem.format_map(fields)),
        advice=_spoken(words.advice.format_map(fields)) + _in_the_form(case, words),
        visible=_visible(recognised.fault, words.verdict, case.answer),
        seen=case.answer.values or _in_its_place(case),
    )


def _fields(case: Case) -> dict[str, str]:
    record, zone = case.finding.record, case.zone
    return {
        "host": record.host,
        "relative": relative_host(record.host, zone),
        "type": record.type.value,
        "value": record.value,
        "domain": case.domain,
        "zone": zone,
        "registered": registered_domain(case.domain),
    }


def _spoken(sentence: str) -> str:
    """With “an” before the types that are spoken with a vowel."""
    return re.sub(r"\ba (?=(?:A|AAAA|MX) record)", "an ", sentence)


def _in_its_place(case: Case) -> tuple[str, ...]:
    """What stands where a CNAME is wanted."""
    host = case.finding.record.host
    standing = ((kind, case.values(host, kind)) for kind in RIVAL_TYPES if case.expects_alias)
    return tuple(f"{kind} {value}" for kind, values in standing for value in values)


def _in_the_form(case: Case, words: Words) -> str:
    """Where to type it, in the words of the provider that holds the zone, if we know it."""
    publishes = "{relative}" in words.advice or "{value}" in words.advice
    _, servers = case.name_servers
    known = hosting.provider(servers)
    if known is None or not publishes:
        return ""
    if not known.host:
        return f" Your DNS provider is {known.name}."
    value = known.value_of(case.finding.record.type)
    return f" At {known.name}, the host goes into “{known.host}”, the value into “{value}”."


def _found(answer: Answer) -> str:
    """What the look-up saw, as a sentence."""
    if answer.type == "CNAME" and answer.chain:
        return f"Seen: CNAME {shown(' → '.join(answer.chain))}."
    if not answer.values:
        return _NOTHING_FOUND[answer.outcome]
    way = f" (over the CNAME {' → '.join(answer.chain)})" if answer.chain else ""
    return f"Seen: {answer.type} {shown(', '.join(answer.values))}{way}."


def _visible(fault: Fault, verdict: Verdict, answer: Answer) -> str:
    """When a change will be seen: resolvers keep answers, and absences, for their TTL."""
    if verdict in (Verdict.OK, Verdict.COULD_NOT_CHECK):
        return ""
    if not answer.ttl:
        return _SOON
    if fault is Fault.OLD_ANSWER:
        return f"Visible in about {duration(answer.ttl)}."
    kept = "the old answer" if answer.values or answer.chain else "that there was none"
    return (
        f"Visible at most {duration(answer.ttl)} after the change: until then resolvers may"
        f" remember {kept}."
    )


def shown(text: str) -> str:
    """A value from DNS on one line, cut to a length that a page can bear."""
    plain = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", "\ufffd", text)
    return plain if len(plain) <= LONGEST_SHOWN else f"{plain[:LONGEST_SHOWN]}…"


_NOTHING_FOUND = {
    Outcome.FOUND: "Seen: an empty answer.",
    Outcome.NXDOMAIN: "The name does not exist.",
    Outcome.NODATA: "The name exists, without a record of this type.",
    Outcome.SERVFAIL: "The look-up failed (SERVFAIL).",
    Outcome.TIMEOUT: "The look-up got no reply in time.",
    Outcome.REFUSED: "The look-up was refused.",
    Outcome.BOGUS: "The look-up failed: the signatures (DNSSEC) do not fit.",
    Outcome.LAME: "The look-up failed: no name server answers for the zone.",
    Outcome.LOOP: "The look-up went in a circle.",
}
