"""The further look-ups that tell why a record is missing or wrong."""

from collections.abc import Iterable

from posthouse.core.dns.answers import Question
from posthouse.core.dns.names import LONGEST_NAME, registered_domain
from posthouse.core.dns.records import RecordType
from posthouse.core.verification.checks import Finding, Verdict

# A label that nobody publishes: what answers for it answers for everything.
PROBE_LABEL = "posthouse-wildcard-probe"

_PUZZLING = frozenset({Verdict.NOT_YET, Verdict.WRONG})

# What may stand at a name where a CNAME is wanted, and keep it out.
RIVAL_TYPES = ("A", "AAAA", "TXT", "MX")


def follow_up_questions(findings: Iterable[Finding], domain: str) -> tuple[Question, ...]:
    """What to ask next about the findings for `domain`, each question once; none if all is well."""
    puzzling = [finding for finding in findings if finding.verdict in _PUZZLING]
    if not puzzling:
        return ()
    asked = [apex_question(domain)]
    for finding in puzzling:
        asked.extend(_questions_about(finding, domain))
    return tuple(question for question in dict.fromkeys(asked) if len(question[0]) <= LONGEST_NAME)


def apex_question(domain: str) -> Question:
    """Whether the registered domain exists at all."""
    return registered_domain(domain), "SOA"


def probe_questions(finding: Finding) -> tuple[Question, ...]:
    """Whether a wildcard answers beside the record's host; the record's own type first."""
    kind = finding.record.type
    rivals = RIVAL_TYPES if kind is RecordType.CNAME else ()
    name = f"{PROBE_LABEL}.{_parent(finding.record.host)}"
    return tuple((name, each) for each in (kind.value, *rivals))


def appended_names(host: str, domain: str) -> dict[str, str]:
    """Where the record stands if a provider added the zone to a full name; name -> zone."""
    return {f"{host}.{zone}": zone for zone in (registered_domain(domain), domain)}


def misplaced_names(host: str, domain: str, kind: RecordType) -> tuple[str, ...]:
    """Where else people put a record that belongs at `host`, likeliest first."""
    registered = registered_domain(domain)
    inside = host.removesuffix(f".{domain}")
    names = [
        f"{inside}.{registered}",  # the sender domain's own labels left out
        f"{host.partition('.')[0]}.{domain}",  # only the first label kept
        host.replace("_", ""),  # a form that takes no underscores
    ]
    if kind is RecordType.TXT:
        names += [domain, registered, _parent(host)]
    return tuple(name for name in dict.fromkeys(names) if name != host)


def _questions_about(finding: Finding, domain: str) -> Iterable[Question]:
    host, kind = finding.record.host, finding.record.type
    yield from probe_questions(finding)
    for name in (*appended_names(host, domain), *misplaced_names(host, domain, kind)):
        yield name, kind.value
    if kind is RecordType.CNAME:
        yield from ((host, rival) for rival in RIVAL_TYPES)


def _parent(host: str) -> str:
    return host.partition(".")[2]
