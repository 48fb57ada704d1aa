"""Recognises what went wrong with a record, from everything that was looked up."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from posthouse.core.dns.answers import Answer, Answers, Outcome
from posthouse.core.dns.names import registered_domain
from posthouse.core.dns.records import RecordType, same_value
from posthouse.core.verification.checks import (
    Finding,
    Verdict,
    answers_record,
    check,
    competing_texts,
)
from posthouse.core.verification.followups import (
    RIVAL_TYPES,
    apex_question,
    appended_names,
    misplaced_names,
    probe_questions,
)


class Fault(StrEnum):
    """What is the matter with a record, or that nothing is."""

    NONE = "none"
    OWN_POLICY = "own_policy"
    SERVER_FAILED = "server_failed"
    NO_REPLY = "no_reply"
    REFUSED = "refused"
    OLD_ANSWER = "old_answer"
    LOOP = "loop"
    NO_DOMAIN = "no_domain"
    ALIAS_AT_APEX = "alias_at_apex"
    ZONE_APPENDED_TO_HOST = "zone_appended_to_host"
    MISPLACED = "misplaced"
    WILDCARD = "wildcard"
    ZONE_APPENDED_TO_TARGET = "zone_appended_to_target"
    DANGLING = "dangling"
    OTHER_TARGET = "other_target"
    ADDRESS_NOT_ALIAS = "address_not_alias"
    TEXT_NOT_ALIAS = "text_not_alias"
    COMPETING = "competing"
    OCCUPIED = "occupied"
    ALIAS_HIDES_RECORD = "alias_hides_record"
    QUOTES = "quotes"
    BACKSLASHES = "backslashes"
    BLANKS = "blanks"
    OTHER_CASE = "other_case"
    CUT_OFF = "cut_off"
    EXTRA_CHARACTERS = "extra_characters"
    OTHER_VALUE = "other_value"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Case:
    """A finding with all that is known around it.

    `answers` holds the first and the further look-ups, `authority` what the zone's own servers say
    (empty if they were not asked), `hosts` all hosts at which the domain should publish.
    """

    finding: Finding
    domain: str
    answers: Answers
    authority: Answers
    hosts: frozenset[str]

    @property
    def answer(self) -> Answer:
        """The answer that the finding rests on."""
        return self.finding.answer

    @property
    def expects_alias(self) -> bool:
        """True if the record to publish is a CNAME."""
        return self.finding.record.type is RecordType.CNAME

    def values(self, name: str, kind: str) -> tuple[str, ...]:
        """What stands at `name` itself, not at what it is an alias of."""
        answer = self.answers.get((name, kind))
        return answer.values if answer and not answer.chain else ()


@dataclass(frozen=True, slots=True)
class Recognised:
    """A fault, and the details that its sentence needs."""

    fault: Fault
    details: Mapping[str, str] = field(default_factory=dict)


Recogniser = Callable[[Case], Recognised | None]


def recognise(case: Case) -> Recognised:
    """The first fault in the order of the table below that explains the finding."""
    if case.finding.verdict is Verdict.OK:
        return Recognised(Fault.NONE)
    found = (recogniser(case) for recogniser in _RECOGNISERS)
    return next((each for each in found if each), Recognised(Fault.ABSENT))


def _could_not_check(case: Case) -> Recognised | None:
    fault = _TROUBLE.get(case.answer.outcome)
    if fault is None or case.finding.verdict is not Verdict.COULD_NOT_CHECK:
        return None
    asked = (case.answer.name, *case.answer.chain)[-1]
    return Recognised(fault, {"asked": asked})


def _old_answer(case: Case) -> Recognised | None:
    if case.authority and check(case.finding.record, case.authority).verdict is Verdict.OK:
        return Recognised(Fault.OLD_ANSWER)
    return None


def _loop(case: Case) -> Recognised | None:
    if case.answer.outcome is not Outcome.LOOP:
        return None
    return Recognised(Fault.LOOP, {"way": " → ".join((case.answer.name, *case.answer.chain))})


def _no_domain(case: Case) -> Recognised | None:
    apex = case.answers.get(apex_question(case.domain))
    if apex and apex.outcome is Outcome.NXDOMAIN and case.finding.verdict is Verdict.NOT_YET:
        return Recognised(Fault.NO_DOMAIN)
    return None


def _alias_at_apex(case: Case) -> Recognised | None:
    if case.expects_alias and case.finding.record.host == registered_domain(case.domain):
        return Recognised(Fault.ALIAS_AT_APEX)
    return None


def _own_policy(case: Case) -> Recognised | None:
    """A DMARC policy of the domain's own does what ours would do, and is not to be overwritten."""
    record = case.finding.record
    if not case.expects_alias or record.purpose != "dmarc":
        return None
    policies = [
        text
        for text in case.values(record.host, "TXT")
        if text.lstrip().lower().startswith("v=dmarc1")
    ]
    return Recognised(Fault.OWN_POLICY, {"seen": policies[0]}) if len(policies) == 1 else None


def _zone_appended_to_host(case: Case) -> Recognised | None:
    for name, zone in appended_names(case.finding.record.host, case.domain).items():
        if _stands_at(case, name):
            return Recognised(Fault.ZONE_APPENDED_TO_HOST, {"place": name, "added": zone})
    return None


def _misplaced(case: Case) -> Recognised | None:
    record = case.finding.record
    names = misplaced_names(record.host, case.domain, record.type)
    # What stands at the host of another expected record is that record, not this one astray.
    astray = (name for name in names if name not in case.hosts and _stands_at(case, name))
    place = next(astray, None)
    return Recognised(Fault.MISPLACED, {"place": place}) if place else None


def _stands_at(case: Case, name: str) -> bool:
    """True if the record's value is found at `name`, and not because a wildcard answers there."""
    answer = case.answers.get((name, case.finding.record.type.value))
    if answer is None or not answers_record(case.finding.record, answer):
        return False
    probe = case.answers.get(probe_questions(case.finding)[0])
    return probe is None or not answers_record(case.finding.record, probe)


def _wildcard(case: Case) -> Recognised | None:
    """What answers for the host answers in the same way for a name that nobody publishes."""
    for name, kind in probe_questions(case.finding):
        probe = case.answers.get((name, kind))
        here = case.answers.get((case.finding.record.host, kind))
        if probe and here and probe.values and _says(probe) == _says(here):
            return Recognised(Fault.WILDCARD, {"seen": f"{kind} {_listed(probe.values)}"})
    return None


def _says(answer: Answer) -> tuple[frozenset[str], tuple[str, ...]]:
    return frozenset(answer.values), answer.chain


def _other_target(case: Case) -> Recognised | None:
    if not (case.expects_alias and case.answer.values):
        return None
    record, seen = case.finding.record, case.answer.values[0]
    for zone in (registered_domain(case.domain), case.domain):
        if same_value(RecordType.CNAME, f"{record.value}.{zone}", seen):
            return Recognised(Fault.ZONE_APPENDED_TO_TARGET, {"seen": seen, "added": zone})
    dangling = case.answer.outcome is Outcome.NXDOMAIN
    return Recognised(Fault.DANGLING if dangling else Fault.OTHER_TARGET, {"seen": seen})


def _rivals(case: Case) -> Recognised | None:
    """Other records at a name that should be an alias."""
    if not case.expects_alias:
        return None
    record = case.finding.record
    standing = {kind: case.values(record.host, kind) for kind in RIVAL_TYPES}
    if addresses := standing["A"] + standing["AAAA"]:
        return Recognised(Fault.ADDRESS_NOT_ALIAS, {"seen": _listed(addresses)})
    texts = standing["TXT"]
    if rivals := competing_texts(texts):
        return Recognised(Fault.COMPETING, {"seen": _listed(rivals), "count": str(len(rivals))})
    if any(same_value(RecordType.CNAME, record.value, text.strip('"')) for text in texts):
        return Recognised(Fault.TEXT_NOT_ALIAS)
    others = [f"{kind} {value}" for kind, values in standing.items() for value in values]
    return Recognised(Fault.OCCUPIED, {"seen": _listed(others)}) if others else None


def _alias_hides_record(case: Case) -> Recognised | None:
    if case.expects_alias or not case.answer.chain:
        return None
    return Recognised(Fault.ALIAS_HIDES_RECORD, {"seen": case.answer.chain[0]})


def _competing(case: Case) -> Recognised | None:
    rivals = competing_texts(case.answer.values)
    if case.expects_alias or not rivals:
        return None
    return Recognised(Fault.COMPETING, {"seen": _listed(rivals), "count": str(len(rivals))})


def _slip_of_the_pen(case: Case) -> Recognised | None:
    """A value that is ours but for a slip; the slips are tried in turn on each value."""
    if case.finding.record.type is not RecordType.TXT:
        return None
    expected = case.finding.record.value
    for fault, is_slip in _SLIPS:
        for seen in case.answer.values:
            if is_slip(expected, seen):
                return Recognised(fault, {"seen": seen, "length": str(len(seen))})
    return None


def _other_value(case: Case) -> Recognised | None:
    if case.answer.values:
        return Recognised(Fault.OTHER_VALUE, {"seen": _listed(case.answer.values)})
    return None


def _listed(values: Iterable[str]) -> str:
    return ", ".join(values)


def _without_blanks(text: str) -> str:
    return "".join(text.split())


_TROUBLE: Mapping[Outcome, Fault] = {
    Outcome.SERVFAIL: Fault.SERVER_FAILED,
    Outcome.TIMEOUT: Fault.NO_REPLY,
    Outcome.REFUSED: Fault.REFUSED,
}

_QUOTES = "\"'“”„"

_SLIPS: tuple[tuple[Fault, Callable[[str, str], bool]], ...] = (
    (
        Fault.QUOTES,
        lambda ours, seen: seen.strip()[:1] in _QUOTES and seen.strip().strip(_QUOTES) == ours,
    ),
    (Fault.BACKSLASHES, lambda ours, seen: seen.replace("\\", "") == ours),
    (Fault.BLANKS, lambda ours, seen: _without_blanks(seen) == _without_blanks(ours)),
    (Fault.OTHER_CASE, lambda ours, seen: seen.lower() == ours.lower()),
    (Fault.CUT_OFF, lambda ours, seen: ours.startswith(seen) and 2 * len(seen) >= len(ours)),
    (Fault.EXTRA_CHARACTERS, lambda ours, seen: ours in seen),
)

# The order is the knowledge: what explains more stands first.
_RECOGNISERS: tuple[Recogniser, ...] = (
    _could_not_check,
    _old_answer,
    _loop,
    _no_domain,
    _alias_at_apex,
    _own_policy,
    _zone_appended_to_host,
    _misplaced,
    _wildcard,
    _other_target,
    _rivals,
    _alias_hides_record,
    _competing,
    _slip_of_the_pen,
    _other_value,
)
