"""A record's finding with all that is known around it, and the names of what can be wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from posthouse.core.dns.answers import Answer, Answers
from posthouse.core.dns.records import RecordType
from posthouse.core.verification.checks import Finding


class Fault(StrEnum):
    """What is the matter with a record, or that nothing is. The values are codes, and stay."""

    NONE = "ok"
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
    DNSSEC_BOGUS = "dnssec_bogus"
    LAME_DELEGATION = "lame_delegation"
    EXPIRED = "expired"
    PARKED = "parked"
    ON_PARENT_ZONE = "on_parent_zone"
    UNDERSCORE_STRIPPED = "underscore_stripped"
    PROXIED = "proxied"
    EXTRA_DOT = "extra_dot"
    OWN_SPF = "own_spf"
    SPF_SYNTAX = "spf_syntax"
    SPF_WITHOUT_US = "spf_without_us"
    SPF_TOO_MANY_LOOKUPS = "spf_too_many_lookups"
    DMARC_SYNTAX = "dmarc_syntax"
    DMARC_TOO_STRICT = "dmarc_too_strict"
    DMARC_ON_WRONG_NAME = "dmarc_on_wrong_name"
    DKIM_REVOKED = "dkim_revoked"
    DKIM_TRUNCATED = "dkim_truncated"
    DKIM_OTHER_KEY = "dkim_other_key"
    DKIM_WRONG_SELECTOR = "dkim_wrong_selector"
    OLD_TOKEN = "old_token"  # noqa: S105 - a code, no secret


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

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts at the host itself, also where the record to publish is a CNAME."""
        return self.values(self.finding.record.host, "TXT")

    def values(self, name: str, kind: str) -> tuple[str, ...]:
        """What stands at `name` itself, not at what it is an alias of."""
        answer = self.answers.get((name, kind))
        return answer.values if answer and not answer.chain else ()


@dataclass(frozen=True, slots=True)
class Recognised:
    """A fault, and the details that its sentence needs."""

    fault: Fault
    details: Mapping[str, str] = field(default_factory=dict)
