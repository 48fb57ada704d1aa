"""The further look-ups that tell why a record is missing or wrong."""

from collections.abc import Iterable, Iterator, Mapping

from posthouse.core.dns.answers import Answers, Question
from posthouse.core.dns.names import LONGEST_NAME, registered_domain
from posthouse.core.dns.records import Record, RecordType
from posthouse.core.verification import spf
from posthouse.core.verification.cases import Fault, zones_of
from posthouse.core.verification.checks import Finding, Verdict

# A label that nobody publishes: what answers for it answers for everything.
PROBE_LABEL = "posthouse-wildcard-probe"

_PUZZLING = frozenset({Verdict.NOT_YET, Verdict.WRONG})

# What may stand at a name where a CNAME is wanted, and keep it out.
RIVAL_TYPES = ("A", "AAAA", "TXT", "MX", "CAA", "NS")

# What receivers ask a host for that is an alias of ours: other records there would answer them.
_ASKED_OF_ALIAS: Mapping[str, tuple[str, ...]] = {
    "return-path": ("TXT", "MX"),
    "spf": ("TXT",),
    "dkim": ("TXT",),
    "dmarc": ("TXT",),
}

# What other services call their DKIM keys, and people type by habit.
USUAL_SELECTORS = (
    "default",
    "dkim",
    "mail",
    "google",
    "k1",
    "key",
    "key2",
    "s1",
    "selector1",
    "selector2",
)


def follow_up_questions(
    findings: Iterable[Finding], domain: str, earlier: Iterable[Record] = ()
) -> tuple[Question, ...]:
    """What to ask next about the findings for `domain`, each question once; none if all is well.

    `earlier`: the ownership records that this account was asked for before.
    """
    puzzling = [finding for finding in findings if finding.verdict in _PUZZLING]
    if not puzzling:
        return ()
    asked = [apex_question(domain), *name_server_questions(domain)]
    asked += redirection_questions(domain)
    for finding in puzzling:
        asked.extend(_questions_about(finding, domain))
        if finding.record.purpose == "ownership":
            asked.extend((record.host, record.type.value) for record in earlier)
    return tuple(question for question in dict.fromkeys(asked) if len(question[0]) <= LONGEST_NAME)


def company_questions(findings: Iterable[Finding]) -> tuple[Question, ...]:
    """What to ask the zone's own servers: whether the aliases that are right stand alone.

    Resolvers do not tell: once they know the alias, they answer everything from it.
    """
    return tuple(
        (finding.record.host, kind)
        for finding in findings
        if finding.verdict is Verdict.OK and finding.record.type is RecordType.CNAME
        for kind in company_of(finding.record)
    )


def company_of(record: Record) -> tuple[str, ...]:
    """The types that must not stand beside this CNAME."""
    return _ASKED_OF_ALIAS.get(record.purpose, ("A",))


def apex_question(domain: str) -> Question:
    """Whether the registered domain exists at all."""
    return registered_domain(domain), "SOA"


def name_server_questions(domain: str) -> tuple[Question, ...]:
    """Who holds the zone of the domain; the nearest zone first."""
    return tuple((name, "NS") for name in zones_of(domain))


def redirection_questions(domain: str) -> tuple[Question, ...]:
    """Whether the domain or a name above it hands all names below it to another (RFC 6672)."""
    return tuple((name, "DNAME") for name in upwards(domain, registered_domain(domain)))


def upwards(name: str, top: str) -> Iterator[str]:
    """`name` and the names above it, up to `top`."""
    yield name
    while name != top and "." in name:
        name = name.partition(".")[2]
        yield name


def policy_questions(domain: str) -> tuple[Question, ...]:
    """Which DMARC policy receivers find for mail from the domain; theirs is the order."""
    names = (f"_dmarc.{domain}", f"_dmarc.{registered_domain(domain)}")
    return tuple(dict.fromkeys((name, "TXT") for name in names if len(name) <= LONGEST_NAME))


def probe_questions(finding: Finding) -> tuple[Question, ...]:
    """Whether a wildcard answers beside the record's host; the record's own type first."""
    kind = finding.record.type
    rivals = RIVAL_TYPES if kind is RecordType.CNAME else ()
    name = f"{PROBE_LABEL}.{_parent(finding.record.host)}"
    return tuple((name, each) for each in (kind.value, *rivals))


def appended_names(host: str, domain: str) -> dict[str, str]:
    """Where the record stands if a provider added the zone to a full name; name -> zone."""
    return {f"{host}.{zone}": zone for zone in (registered_domain(domain), domain)}


def misplaced_names(host: str, domain: str, kind: RecordType) -> dict[str, Fault]:
    """Where else people put a record that belongs at `host`, likeliest first, and what that is."""
    registered = registered_domain(domain)
    inside = host.removesuffix(f".{domain}")
    names = [
        (host.replace("_", ""), Fault.UNDERSCORE_STRIPPED),  # a form that takes no underscores
        (f"{inside}.{registered}", Fault.ON_PARENT_ZONE),  # the domain's own labels left out
        (f"{host.partition('.')[0]}.{domain}", Fault.MISPLACED),  # only the first label kept
    ]
    if "._domainkey." in host:
        names.append((_parent(host), Fault.MISPLACED))  # the selector left out
    if kind is RecordType.TXT:
        names += [(name, Fault.MISPLACED) for name in (domain, registered, _parent(host))]
    found: dict[str, Fault] = {}
    for name, fault in names:
        if name != host:
            found.setdefault(name, fault)
    return found


def other_selectors(host: str) -> tuple[str, ...]:
    """Hosts of the same DKIM key under selectors that are not ours; none if it is no DKIM key."""
    selector, mark, rest = host.partition("._domainkey.")
    if not mark:
        return ()
    return tuple(f"{each}{mark}{rest}" for each in USUAL_SELECTORS if each != selector)


def dmarc_astray_names(record: Record) -> tuple[str, ...]:
    """Where a DMARC policy stands that was meant for the record's host."""
    if record.purpose != "dmarc" or not record.host.startswith("_dmarc."):
        return ()
    return _parent(record.host), record.host.removeprefix("_")


def spf_questions(findings: Iterable[Finding], answers: Answers) -> tuple[Question, ...]:
    """What to ask next to count the look-ups of the domain's own SPF policies."""
    return tuple(
        question
        for finding in findings
        if finding.verdict in _PUZZLING and finding.record.purpose == "spf"
        for text in finding.answer.values
        if spf.is_policy(text)
        for question in spf.lookups(text, answers)[1]
    )


def _questions_about(finding: Finding, domain: str) -> Iterable[Question]:
    host, kind = finding.record.host, finding.record.type
    yield from probe_questions(finding)
    for name in (*appended_names(host, domain), *misplaced_names(host, domain, kind)):
        yield name, kind.value
    for name in other_selectors(host):
        yield name, kind.value
    for name in dmarc_astray_names(finding.record):
        yield name, "TXT"
    if kind is RecordType.CNAME and finding.record.purpose == "dkim":
        yield finding.record.value, "TXT"  # whether what stands at the host is a copy of ours
    if kind is RecordType.CNAME:
        yield from ((host, rival) for rival in RIVAL_TYPES)


def _parent(host: str) -> str:
    return host.partition(".")[2]
