"""Recognises what went wrong with a record, from everything that was looked up."""

from collections.abc import Callable, Mapping

from posthouse.core.dns.answers import Answer, Outcome
from posthouse.core.dns.names import registered_domain
from posthouse.core.verification import alias_faults, hosting, policy_faults, slips
from posthouse.core.verification.cases import Case, Fault, Recognised, listed
from posthouse.core.verification.checks import Verdict, answers_record, check
from posthouse.core.verification.followups import (
    apex_question,
    appended_names,
    misplaced_names,
    other_selectors,
    probe_questions,
)

Recogniser = Callable[[Case], Recognised | None]


def recognise(case: Case) -> Recognised:
    """The first fault in the order of the table below that explains the finding."""
    if case.finding.verdict is Verdict.OK:
        return alias_faults.not_alone(case) or Recognised(Fault.NONE)
    found = (recogniser(case) for recogniser in _RECOGNISERS)
    return next((each for each in found if each), Recognised(Fault.ABSENT))


def _could_not_check(case: Case) -> Recognised | None:
    fault = _TROUBLE.get(case.answer.outcome)
    if fault is None or case.finding.verdict is not Verdict.COULD_NOT_CHECK:
        return None
    # A resolver that says "lame" without more: nobody has walked the way down.
    zone, untold = registered_domain(case.asked), "our resolver found none that does"
    details = {"asked": case.asked, "place": zone, "seen": untold}
    return _lost_on_the_way(case) or Recognised(fault, details)


def _lost_on_the_way(case: Case) -> Recognised | None:
    """Who does not answer, where the way down from the parent zone has been walked."""
    for delegation in case.known.delegations:
        details = {"place": delegation.zone, "seen": delegation.told, "asked": case.asked}
        if delegation.holds(case.asked) and delegation.is_lame:
            return Recognised(Fault.LAME_DELEGATION, details)
        if delegation.holds(case.asked) and delegation.is_silent:
            return Recognised(Fault.SERVERS_SILENT, details)
    return None


def _servers_disagree(case: Case) -> Recognised | None:
    """Some of the zone's own servers have the right record, and others answer without it."""
    record, servers = case.finding.record, case.known.servers
    found = {name: check(record, answers).verdict for name, answers in servers.items()}
    right = [name for name, verdict in found.items() if verdict is Verdict.OK]
    behind = [name for name, verdict in found.items() if verdict in _BEHIND]
    if not (right and behind):
        return None
    seen = f"{listed(sorted(right))} with the right record, {listed(sorted(behind))} without"
    return Recognised(Fault.SERVERS_DISAGREE, {"seen": seen})


def _old_answer(case: Case) -> Recognised | None:
    authority = case.known.authority
    if authority and check(case.finding.record, authority).verdict is Verdict.OK:
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


def _not_in_use(case: Case) -> Recognised | None:
    """Somebody else's name servers answer for a domain that is for sale, or was not paid for."""
    _, servers = case.name_servers
    if who := hosting.expiry(servers):
        return Recognised(Fault.EXPIRED, {"who": who, "seen": listed(servers)})
    if who := hosting.parking(servers):
        return Recognised(Fault.PARKED, {"who": who, "seen": listed(servers)})
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
        told = probe and here and (probe.values or probe.chain)
        if probe and here and told and _says(probe) == _says(here):
            seen = f"CNAME {probe.chain[0]}" if probe.chain else f"{kind} {listed(probe.values)}"
            return Recognised(Fault.WILDCARD, {"seen": seen})
    return None


def _says(answer: Answer) -> tuple[frozenset[str], tuple[str, ...]]:
    return frozenset(answer.values), answer.chain


def _zone_of_its_own(case: Case) -> Recognised | None:
    """Nothing is there, and the zone that was bought is not the one to look into."""
    zone, servers = case.name_servers
    if case.finding.verdict is Verdict.NOT_YET and zone != registered_domain(case.domain):
        return Recognised(Fault.ZONE_OF_ITS_OWN, {"seen": listed(servers)})
    return None


_BEHIND = frozenset({Verdict.NOT_YET, Verdict.WRONG})

_TROUBLE: Mapping[Outcome, Fault] = {
    Outcome.SERVFAIL: Fault.SERVER_FAILED,
    Outcome.TIMEOUT: Fault.NO_REPLY,
    Outcome.REFUSED: Fault.REFUSED,
    Outcome.BOGUS: Fault.DNSSEC_BOGUS,
    Outcome.LAME: Fault.LAME_DELEGATION,
}

# The order is the knowledge: what explains more stands first.
_RECOGNISERS: tuple[Recogniser, ...] = (
    _could_not_check,
    _servers_disagree,
    _old_answer,
    alias_faults.redirected_above,
    _loop,
    _no_domain,
    alias_faults.at_the_top,
    _not_in_use,
    policy_faults.own_dmarc_in_place_of_alias,
    _zone_appended_to_host,
    policy_faults.earlier_token,
    _misplaced,
    _wrong_selector,
    _wildcard,
    alias_faults.other_target,
    policy_faults.dmarc_on_wrong_name,
    policy_faults.twice,
    policy_faults.own_dkim_in_place_of_alias,
    policy_faults.own_spf_in_place_of_alias,
    alias_faults.rivals,
    alias_faults.hides_record,
    policy_faults.same_dkim_key,
    policy_faults.sound_policy,
    slips.slip_of_the_pen,
    policy_faults.own_dmarc,
    policy_faults.own_spf,
    policy_faults.own_dkim,
    policy_faults.old_token,
    slips.zone_appended_to_exchange,
    slips.extra_characters,
    slips.other_value,
    _zone_of_its_own,
)
