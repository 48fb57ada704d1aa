"""Recognises what went wrong with a record, from everything that was looked up."""

from collections.abc import Callable, Iterable, Mapping

from posthouse.core.dns.answers import Answer, Outcome
from posthouse.core.dns.names import registered_domain
from posthouse.core.dns.records import RecordType, same_value
from posthouse.core.verification import hosting, policy_faults
from posthouse.core.verification.cases import Case, Fault, Recognised
from posthouse.core.verification.checks import (
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
    name_server_questions,
    other_selectors,
    probe_questions,
)

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


def name_servers(case: Case) -> tuple[str, ...]:
    """The name servers of the zone that holds the domain, as far as they were asked for."""
    sets = (case.values(*question) for question in name_server_questions(case.domain))
    return next(filter(None, sets), ())


def _not_in_use(case: Case) -> Recognised | None:
    """Somebody else's name servers answer for a domain that is for sale, or was not paid for."""
    servers = name_servers(case)
    if who := hosting.expiry(servers):
        return Recognised(Fault.EXPIRED, {"who": who, "seen": _listed(servers)})
    if who := hosting.parking(servers):
        return Recognised(Fault.PARKED, {"who": who, "seen": _listed(servers)})
    return None


def _zone_appended_to_host(case: Case) -> Recognised | None:
    for name, zone in appended_names(case.finding.record.host, case.domain).items():
        if _stands_at(case, name):
            return Recognised(Fault.ZONE_APPENDED_TO_HOST, {"place": name, "added": zone})
    return None


def _misplaced(case: Case) -> Recognised | None:
    record = case.finding.record
    names = misplaced_names(record.host, case.domain, record.type)
    # What stands at the host of another expected record is that record, not this one astray.
    for name, fault in names.items():
        if name not in case.hosts and _stands_at(case, name):
            return Recognised(fault, {"place": name})
    return None


def _wrong_selector(case: Case) -> Recognised | None:
    host = case.finding.record.host
    for name in other_selectors(host):
        if name not in case.hosts and _stands_at(case, name):
            labels = {"selector": host.partition(".")[0], "seen": name.partition(".")[0]}
            return Recognised(Fault.DKIM_WRONG_SELECTOR, labels)
    return None


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
    if seen.replace("\\", "").rstrip(".") == record.value:
        return Recognised(Fault.EXTRA_DOT, {"seen": seen})
    dangling = case.answer.outcome is Outcome.NXDOMAIN
    return Recognised(Fault.DANGLING if dangling else Fault.OTHER_TARGET, {"seen": seen})


def _rivals(case: Case) -> Recognised | None:
    """Other records at a name that should be an alias."""
    if not case.expects_alias:
        return None
    record = case.finding.record
    standing = {kind: case.values(record.host, kind) for kind in RIVAL_TYPES}
    if addresses := standing["A"] + standing["AAAA"]:
        proxy = hosting.proxy(addresses)
        fault = Fault.PROXIED if proxy else Fault.ADDRESS_NOT_ALIAS
        return Recognised(fault, {"seen": _listed(addresses), "who": proxy})
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
                is_key = fault is Fault.CUT_OFF and case.finding.record.purpose == "dkim"
                name = Fault.DKIM_TRUNCATED if is_key else fault
                return Recognised(name, {"seen": seen, "length": str(len(seen))})
    return None


def _extra_characters(case: Case) -> Recognised | None:
    ours, kind = case.finding.record.value, case.finding.record.type
    if kind is RecordType.TXT and any(ours in seen for seen in case.answer.values):
        return Recognised(Fault.EXTRA_CHARACTERS)
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
    Outcome.BOGUS: Fault.DNSSEC_BOGUS,
    Outcome.LAME: Fault.LAME_DELEGATION,
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
    (Fault.EXTRA_DOT, lambda ours, seen: seen.strip(".") == ours),
)

# The order is the knowledge: what explains more stands first.
_RECOGNISERS: tuple[Recogniser, ...] = (
    _could_not_check,
    _old_answer,
    _loop,
    _no_domain,
    _alias_at_apex,
    _not_in_use,
    policy_faults.own_dmarc_in_place_of_alias,
    _zone_appended_to_host,
    _misplaced,
    _wrong_selector,
    _wildcard,
    _other_target,
    policy_faults.dmarc_on_wrong_name,
    policy_faults.own_dkim_in_place_of_alias,
    _rivals,
    _alias_hides_record,
    _competing,
    _slip_of_the_pen,
    policy_faults.own_dmarc,
    policy_faults.own_spf,
    policy_faults.own_dkim,
    policy_faults.old_token,
    _extra_characters,
    _other_value,
)
