"""Examines a sender domain: looks its records up, judges them, and explains what is wrong."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from posthouse.core.dns.answers import NO_ANSWERS, Answer, Answers, Question
from posthouse.core.dns.records import Record
from posthouse.core.verification import hosting
from posthouse.core.verification.advice import Advice, advise
from posthouse.core.verification.cases import Fault, Known
from posthouse.core.verification.checks import (
    CheckResult,
    Finding,
    Verdict,
    check_all,
    questions,
    result,
)
from posthouse.core.verification.delegations import Delegation
from posthouse.core.verification.diagnosis import Diagnosis, diagnose_all
from posthouse.core.verification.followups import (
    company_questions,
    follow_up_questions,
    name_server_questions,
    policy_questions,
    spf_questions,
)
from posthouse.domains.authority import authority_of, what_stands_at
from posthouse.domains.delegation import Walk, broken_delegations
from posthouse.domains.memory import Memory
from posthouse.domains.resolver import TOTAL_SECONDS, Resolver, look_up
from posthouse.domains.wire import Server

_T = TypeVar("_T")
_Said = tuple[Answers, Mapping[str, Answers]]  # a zone's servers: all together, and by name
_NOTHING_SAID: _Said = (NO_ANSWERS, {})

FOLLOW_UP_SECONDS = 5.0  # the explanation may be poorer, but it must not keep a person waiting
EACH_SERVER_SECONDS = 3.0  # one that does not reply must not take what the others say with it
SPF_DEPTH = 5  # policies that include others; each level is a round of look-ups


@dataclass(frozen=True, slots=True)
class NameServers:
    """Whom to ask: the recursors, and how a zone's own servers are reached.

    `authority_port` None: they are not asked. `private_authority`: also at addresses that are not
    public, as in tests and in the demo. `at_once` bounds the open questions of many examinations
    at the same time; `memory` spares what they have in common.
    """

    resolvers: Sequence[Server]
    authority_port: int | None = 53
    private_authority: bool = False
    at_once: asyncio.Semaphore | None = None
    memory: Memory | None = None


@dataclass(frozen=True, slots=True)
class Examination:
    """The diagnosis of every record in order, how the check of the whole domain ended, and what to
    do next about all of it. `provider` holds the zone; it is looked up where something is wrong.
    """

    result: CheckResult
    diagnoses: tuple[Diagnosis, ...]
    advice: tuple[Advice, ...] = ()
    provider: str = ""

    @property
    def clears_in(self) -> timedelta | None:
        """Until the old answers have run out that hide what is right already; None: none do."""
        hidden = [
            each.finding.answer.ttl for each in self.diagnoses if each.fault is Fault.OLD_ANSWER
        ]
        return timedelta(seconds=max(hidden)) if hidden else None


def examine(
    records: Sequence[Record],
    domain: str,
    servers: NameServers,
    *,
    earlier: Sequence[Record] = (),
) -> Examination:
    """`examine_async` for callers without an event loop; takes at most about 15 seconds."""
    return asyncio.run(examine_async(records, domain, servers, earlier=earlier))


async def examine_async(
    records: Sequence[Record],
    domain: str,
    servers: NameServers,
    *,
    earlier: Sequence[Record] = (),
    closely: bool = True,
) -> Examination:
    """How the records of `domain` stand in DNS now. Trouble with DNS is part of the answer.

    `earlier`: the ownership records that this account was asked for before. `closely`: the zone's
    own servers are asked also about what resolvers find right, and the way down to servers that
    fail is walked; the daily check of a domain that sends spares that.
    """
    resolver = Resolver(servers.resolvers, at_once=servers.at_once, memory=servers.memory)
    asked = (*questions(records), *(policy_questions(domain) if records else ()))
    answers = await look_up(asked, resolver, total=TOTAL_SECONDS)
    findings = check_all(records, answers)
    inquiry = _Inquiry(domain, findings, answers, resolver, servers, closely)
    known = await inquiry.asked_further(earlier)
    diagnoses = diagnose_all(findings, known, domain=domain)
    return Examination(
        result(each.verdict for each in diagnoses if each.finding.record.required),
        diagnoses,
        advise(diagnoses, known.answers, domain=domain),
        _provider(known.answers, domain),
    )


def _provider(known: Answers, domain: str) -> str:
    servers = (known[each].values for each in name_server_questions(domain) if each in known)
    found = hosting.provider(name for names in servers for name in names)
    return found.name if found else ""


@dataclass(frozen=True, slots=True)
class _Inquiry:
    """What is asked next, all at the same time, when the records themselves have been looked up."""

    domain: str
    findings: Sequence[Finding]
    answers: Answers
    resolver: Resolver
    servers: NameServers
    closely: bool

    async def asked_further(self, earlier: Sequence[Record]) -> Known:
        further = follow_up_questions(self.findings, self.domain, earlier)
        unasked = (each for each in further if each not in self.answers)
        more, included, (authority, each), delegations = await asyncio.gather(
            look_up(unasked, self.resolver, total=FOLLOW_UP_SECONDS),
            self._included_policies(),
            _in_time(self._authority(), _NOTHING_SAID),
            _in_time(self._delegations(), ()),
        )
        answers = {**self.answers, **included, **more}
        return Known(answers, authority, delegations, tuple(earlier), each)

    async def _included_policies(self) -> Answers:
        """What the domain's own SPF policies include, as deep as receivers would follow."""
        found: dict[Question, Answer] = {}
        for _round in range(SPF_DEPTH):
            wanted = spf_questions(self.findings, {**self.answers, **found})
            if not wanted:
                break
            seconds = FOLLOW_UP_SECONDS / SPF_DEPTH
            found.update(await look_up(wanted, self.resolver, total=seconds))
        return found

    async def _authority(self) -> _Said:
        """What the zone's own servers say; nothing if all is well, or they cannot be asked."""
        port, private = self.servers.authority_port, self.servers.private_authority
        puzzling = [each.record for each in self.findings if each.verdict in _WORTH_ASKING]
        asked = questions(puzzling)
        company = company_questions(self.findings) if puzzling or self.closely else ()
        if port is None or not (asked or company):
            return _NOTHING_SAID
        authority = await authority_of(self.domain, self.resolver, port=port, private=private)
        if authority is None:
            return _NOTHING_SAID
        said, beside, each = await asyncio.gather(
            look_up(asked, authority.together),
            what_stands_at(company, authority.together),
            authority.each(asked if self.closely else (), total=EACH_SERVER_SECONDS),
        )
        return {**said, **beside}, each

    async def _delegations(self) -> tuple[Delegation, ...]:
        """Where the ways end to the names that could not be looked up."""
        port, private = self.servers.authority_port, self.servers.private_authority
        lost = [
            (each.answer.name, *each.answer.chain)[-1]
            for each in self.findings
            if each.verdict is Verdict.COULD_NOT_CHECK
        ]
        if port is None or not (lost and self.closely):
            return ()
        return await broken_delegations(lost, Walk(self.resolver, port, private))


async def _in_time(asking: Coroutine[Any, Any, _T], otherwise: _T) -> _T:
    """What was found within the time for follow-ups."""
    try:
        async with asyncio.timeout(FOLLOW_UP_SECONDS):
            return await asking
    except TimeoutError:
        return otherwise


_WORTH_ASKING = frozenset({Verdict.NOT_YET, Verdict.WRONG})
