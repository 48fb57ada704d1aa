"""What earlier checks tell of a host's SPF record, DKIM key or DMARC policy; asks no DNS."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from posthouse.core.dns.masterdomain import MasterFinding, State
from posthouse.core.dns.names import normal_name, registered_domain
from posthouse.core.dns.records import RecordType
from posthouse.core.verification import tags
from posthouse.core.verification.checks import Verdict

# The purposes of records that settle a mechanism; a CNAME at the host settles every one.
_PURPOSES: Mapping[str, str] = {"SPF": "spf", "DKIM": "dkim", "DMARC": "dmarc"}
_THINGS: Mapping[str, str] = {"SPF": "SPF record", "DKIM": "DKIM key", "DMARC": "DMARC policy"}


class Outlook(StrEnum):
    """What receivers will make of a mechanism."""

    PASSES = "passes"
    FAILS = "fails"
    UNKNOWN = "unknown"

    @property
    def words(self) -> str:
        """As people read it."""
        return _WORDS[self]


_WORDS = {
    Outlook.PASSES: "will pass",
    Outlook.FAILS: "will fail",
    Outlook.UNKNOWN: "cannot be told",
}


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record of a sender domain with what its last check found, at `at`; None before the first.

    `state` is a Verdict, or `not_checked`. Host and value are in normal form.
    """

    domain: str
    host: str
    type: str
    value: str
    purpose: str
    state: str
    seen: tuple[str, ...] = ()
    finding: str = ""
    advice: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """All that was found earlier: the account's records, and the operator's own domain."""

    records: tuple[StoredRecord, ...] = ()
    master: tuple[MasterFinding, ...] = ()
    master_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Whether the record that a mechanism needs is right, why, what to do, and since when known."""

    outlook: Outlook
    sentence: str
    next_step: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """A DMARC policy that was seen: whose it is, and its tags (RFC 7489 section 6.3)."""

    domain: str
    found: Mapping[str, str]
    at: datetime | None = None

    def is_strict(self, tag: str) -> bool:
        """True if `adkim` or `aspf` takes exact names only; relaxed is the default."""
        return self.found.get(tag, "r").lower() == "s"

    def asks(self, from_domain: str) -> str:
        """What receivers shall do with mail that fails: none, quarantine or reject."""
        tag = "p" if self.domain == from_domain else "sp"
        return self.found.get(tag, self.found.get("p", "none")).lower()


def evidence(mechanism: str, host: str, stored: Stored) -> Evidence:
    """What is known of the record at `host` that `SPF` or `DKIM` looks up."""
    record = _record(mechanism, host, stored)
    if record is not None:
        return _of_record(mechanism, record, stored)
    finding = _finding(mechanism, host, stored)
    if finding is not None:
        return _of_master(finding, stored)
    return _without_record(mechanism, host, stored)


def policy(from_domain: str, stored: Stored) -> Policy | None:
    """The policy that receivers find: at the From domain, else at the domain that was bought.

    RFC 7489 section 6.6.3. Receivers after RFC 9989 walk up the tree instead, which comes to the
    same where no policy stands in between. None: there is none, or it is not known here.
    """
    for domain in dict.fromkeys((from_domain, registered_domain(from_domain))):
        text, at = _policy_text(f"_dmarc.{domain}", stored)
        if text and not tags.dmarc_mistake(text):
            return Policy(domain, tags.tag_list(text), at)
    return None


def _record(mechanism: str, host: str, stored: Stored) -> StoredRecord | None:
    for record in stored.records:
        settles = record.type == RecordType.CNAME or record.purpose == _PURPOSES[mechanism]
        if settles and normal_name(record.host) == host:
            return record
    return None


def _finding(mechanism: str, host: str, stored: Stored) -> MasterFinding | None:
    return next((f for f in stored.master if (f.check, f.host) == (mechanism, host)), None)


def _of_record(mechanism: str, record: StoredRecord, stored: Stored) -> Evidence:
    again = f"Verify the DNS records of {record.domain} again."
    thing = _THINGS[mechanism]
    match record.state:
        case Verdict.OK if record.type == RecordType.CNAME:
            return _behind_alias(mechanism, record, stored)
        case Verdict.OK:
            return Evidence(Outlook.PASSES, f"The {thing} at {record.host} is right.", at=record.at)
        case Verdict.NOT_YET | Verdict.WRONG:
            sentence = record.finding or f"The {thing} at {record.host} is missing or wrong."
            return Evidence(Outlook.FAILS, sentence, record.advice or again, record.at)
        case Verdict.COULD_NOT_CHECK:
            sentence = f"The {thing} at {record.host} could not be looked up at the last check."
            return Evidence(Outlook.UNKNOWN, sentence, again, record.at)
        case _:
            sentence = f"The {thing} at {record.host} has never been looked up."
            return Evidence(Outlook.UNKNOWN, sentence, again)


def _behind_alias(mechanism: str, record: StoredRecord, stored: Stored) -> Evidence:
    """The alias is right; what receivers find through it is the operator's."""
    target = normal_name(record.value)
    finding = _finding(mechanism, target, stored)
    if finding is None:
        sentence = f"{record.host} leads to {target}, which your operator has not checked yet."
        step = "Ask the operator to check the master domain."
        return Evidence(Outlook.UNKNOWN, sentence, step, record.at)
    found = _of_master(finding, stored)
    sentence = f"{record.host} leads to {target}. {found.sentence}"
    known = [at for at in (record.at, found.at) if at]
    return Evidence(found.outlook, sentence, found.next_step, min(known, default=None))


def _of_master(finding: MasterFinding, stored: Stored) -> Evidence:
    outlook = _OF_MASTER.get(finding.state, Outlook.UNKNOWN)
    step = f"For your operator: {finding.next_step}" if finding.next_step else ""
    return Evidence(outlook, finding.sentence, step, stored.master_at)


_OF_MASTER: Mapping[str, Outlook] = {
    State.OK: Outlook.PASSES,
    State.MISSING: Outlook.FAILS,
    State.WRONG: Outlook.FAILS,
    State.COULD_NOT_CHECK: Outlook.UNKNOWN,
}


def _without_record(mechanism: str, host: str, stored: Stored) -> Evidence:
    thing = _THINGS[mechanism]
    kept = [record for record in stored.records if _is_at_or_below(host, record.domain)]
    if kept:
        domain = max((record.domain for record in kept), key=len)
        sentence = f"The records of {domain} include no {thing} at {host}."
        step = f"Ask your operator for a DNS template that puts a {thing} at {host}."
        known = [record.at for record in kept if record.domain == domain and record.at]
        return Evidence(Outlook.FAILS, sentence, step, min(known, default=None))
    sentence = f"Posthouse does not watch the DNS of {host}."
    step = f"See that a {thing} for the delivery server stands there, then send yourself a test."
    return Evidence(Outlook.UNKNOWN, sentence, step)


def _is_at_or_below(host: str, domain: str) -> bool:
    return f".{host}".endswith(f".{domain}")


def _policy_text(host: str, stored: Stored) -> tuple[str, datetime | None]:
    record = _record("DMARC", host, stored)
    if record is None:
        finding = _finding("DMARC", host, stored)
        return (finding.seen, stored.master_at) if finding else ("", None)
    texts = [text for text in map(_bare, record.seen) if tags.is_like_dmarc(text)]
    if not texts and record.state == Verdict.OK:
        texts = [_policy_behind(record, stored)]
    return (texts[0], record.at) if len(texts) == 1 else ("", None)


def _bare(seen: str) -> str:
    """A text as the look-up saw it; in a CNAME's place it is kept with its type."""
    return seen.removeprefix("TXT ")


def _policy_behind(record: StoredRecord, stored: Stored) -> str:
    if record.type != RecordType.CNAME:
        return record.value
    finding = _finding("DMARC", normal_name(record.value), stored)
    return finding.seen if finding else ""
