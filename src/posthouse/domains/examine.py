"""Examines a sender domain: looks its records up, judges them, and explains what is wrong."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from posthouse.core.dns.answers import NO_ANSWERS, Answer, Answers, Question
from posthouse.core.dns.records import Record
from posthouse.core.verification import hosting
from posthouse.core.verification.advice import Advice, advise
from posthouse.core.verification.cases import Known
from posthouse.core.verification.checks import (
    CheckResult,
    Finding,
    Verdict,
    check_all,
    questions,
    result,
)
from posthouse.core.verification.diagnosis import Diagnosis, diagnose_all
from posthouse.core.verification.followups import (
    follow_up_questions,
    name_server_questions,
    policy_questions,
    spf_questions,
)
from posthouse.domains.authority import authority_of
from posthouse.domains.memory import Memory
from posthouse.domains.resolver import TOTAL_SECONDS, Resolver, look_up
from posthouse.domains.wire import Server

FOLLOW_UP_SECONDS = 5.0  # the explanation may be poorer, but it must not keep a person waiting
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


def examine(records: Sequence[Record], domain: str, servers: NameServers) -> Examination:
    """`examine_async` for callers without an event loop; takes at most about 15 seconds."""
    return asyncio.run(examine_async(records, domain, servers))


async def examine_async(
    records: Sequence[Record], domain: str, servers: NameServers
) -> Examination:
    """How the records of `domain` stand in DNS now. Trouble with DNS is part of the answer."""
    resolver = Resolver(servers.resolvers, at_once=servers.at_once, memory=servers.memory)
    asked = (*questions(records), *(policy_questions(domain) if records else ()))
    answers = await look_up(asked, resolver, total=TOTAL_SECONDS)
    findings = check_all(records, answers)
    further = follow_up_questions(findings, domain)
    troubled = [each.record for each in findings if each.verdict in _WORTH_ASKING_THE_ZONE]
    more, included, authority = await asyncio.gather(
        look_up(
            (each for each in further if each not in answers), resolver, total=FOLLOW_UP_SECONDS
        ),
        _included_policies(findings, answers, resolver),
        _ask_authority(troubled, domain, resolver, servers),
    )
    known = {**answers, **included, **more}
    diagnoses = diagnose_all(findings, Known(known, authority), domain=domain)
    return Examination(
        result(each.verdict for each in diagnoses if each.finding.record.required),
        diagnoses,
        advise(diagnoses, known, domain=domain),
        _provider(known, domain),
    )


def _provider(known: Answers, domain: str) -> str:
    servers = (known[each].values for each in name_server_questions(domain) if each in known)
    found = hosting.provider(name for names in servers for name in names)
    return found.name if found else ""


async def _included_policies(
    findings: Sequence[Finding], answers: Answers, resolver: Resolver
) -> Answers:
    """What the domain's own SPF policies include, as deep as receivers would follow."""
    found: dict[Question, Answer] = {}
    for _round in range(SPF_DEPTH):
        wanted = spf_questions(findings, {**answers, **found})
        if not wanted:
            break
        seconds = FOLLOW_UP_SECONDS / SPF_DEPTH
        found.update(await look_up(wanted, resolver, total=seconds))
    return found


async def _ask_authority(
    records: Iterable[Record], domain: str, resolver: Resolver, servers: NameServers
) -> Answers:
    """What the zone's own servers say about the records; nothing if they cannot be asked."""
    asked = questions(records)
    if not asked or servers.authority_port is None:
        return NO_ANSWERS
    try:
        async with asyncio.timeout(FOLLOW_UP_SECONDS):
            authority = await authority_of(
                domain,
                resolver,
                port=servers.authority_port,
                private=servers.private_authority,
            )
            return await look_up(asked, authority) if authority else NO_ANSWERS
    except TimeoutError:
        return NO_ANSWERS


_WORTH_ASKING_THE_ZONE = frozenset({Verdict.NOT_YET, Verdict.WRONG})
