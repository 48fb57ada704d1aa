"""A record's finding with all that is known around it, and the names of what can be wrong."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from posthouse.core.dns.answers import Answer, Answers
from posthouse.core.dns.names import registered_domain
from posthouse.core.dns.records import Record, RecordType
from posthouse.core.verification.checks import Finding
from posthouse.core.verification.delegations import Delegation


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
    EARLIER_TOKEN = "earlier_token"  # noqa: S105
    DKIM_OWN_SPELLING = "dkim_own_spelling"
    SPF_TWICE = "spf_twice"
    DMARC_TWICE = "dmarc_twice"
    DKIM_TWICE = "dkim_twice"
    SPF_NOT_ALIAS = "spf_not_alias"
    SPREAD_OVER_RECORDS = "spread_over_records"
    FOREIGN_CHARACTERS = "foreign_characters"
    REDIRECTED_ABOVE = "redirected_above"
    ALIAS_NOT_ALONE = "alias_not_alone"
    ZONE_IS_ALIAS = "zone_is_alias"
    ZONE_OF_ITS_OWN = "zone_of_its_own"
    SERVERS_SILENT = "servers_silent"
    SERVERS_DISAGREE = "servers_disagree"
    SPF_VERSION = "spf_version"
    SPF_VOID_INCLUDE = "spf_void_include"
    SPF_ALLOWS_ALL = "spf_allows_all"
    DKIM_SYNTAX = "dkim_syntax"
    DKIM_NOT_ALIAS = "dkim_not_alias"


@dataclass(frozen=True, slots=True)
class Known:
    """All that was looked up about a domain.

    `answers` holds the first and the further look-ups; `authority` what the zone's own servers say
    (empty if they were not asked); `delegations` what was found on the way down to zones that did
    not answer; `earlier` the ownership records that this account was asked for before; `servers`
    what each of the zone's own servers says, by its name.
    """

    answers: Answers
    authority: Answers = field(default_factory=dict)
    delegations: tuple[Delegation, ...] = ()
    earlier: tuple[Record, ...] = ()
    servers: Mapping[str, Answers] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """A finding with all that is known around it; `hosts`: where the domain should publish."""

    finding: Finding
    domain: str
    known: Known
    hosts: frozenset[str]

    @property
    def answers(self) -> Answers:
        """What resolvers say."""
        return self.known.answers

    @property
    def zone(self) -> str:
        """The zone that holds the domain: the nearest name that has name servers."""
        return self.name_servers[0]

    @property
    def name_servers(self) -> tuple[str, tuple[str, ...]]:
        """That zone with its name servers; the domain that was bought if none were found."""
        for name in zones_of(self.domain):
            if servers := self.values(name, "NS"):
                return name, servers
        return registered_domain(self.domain), ()

    @property
    def answer(self) -> Answer:
        """The answer that the finding rests on."""
        return self.finding.answer

    @property
    def asked(self) -> str:
        """The name that was asked for last, at the end of the aliases that are known."""
        return (self.answer.name, *self.answer.chain)[-1]

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


def zones_of(domain: str) -> tuple[str, ...]:
    """The names that may be the zone of the domain, the nearest first."""
    return tuple(dict.fromkeys((domain, registered_domain(domain))))


def listed(values: Iterable[str]) -> str:
    """Values as a sentence shows them."""
    return ", ".join(values)
