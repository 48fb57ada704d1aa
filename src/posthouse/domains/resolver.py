"""Looks up what DNS says, many questions at once and within a bounded time."""

import asyncio
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from posthouse.core.dns.answers import TEMPORARY, Answer, Outcome, Question
from posthouse.core.dns.names import normal_name
from posthouse.domains.memory import Memory
from posthouse.domains.wire import Reply, Server, exchange

MOST_ALIASES = 8
TOTAL_SECONDS = 10.0
SECONDS_PER_TRY = 2.5
AT_ONCE = 50

_GIVEN_UP = frozenset({Outcome.SERVFAIL, Outcome.BOGUS, Outcome.LAME})


@dataclass(frozen=True, slots=True)
class Resolver:
    """The servers to ask, in order, and how: recursors by default, else a zone's own servers.

    `at_once` bounds the open questions of everyone who shares it; without it each look-up has its
    own bound. `memory` spares questions that many domains have in common.
    """

    servers: Sequence[Server]
    recursive: bool = True
    seconds_per_try: float = SECONDS_PER_TRY
    at_once: asyncio.Semaphore | None = None
    memory: Memory | None = None

    async def ask(self, name: str, kind: str, *, unsigned: bool = False) -> Reply:
        """The reply to one question, aliases not followed."""
        if self.memory is None or unsigned:
            return await self._ask(name, kind, unsigned=unsigned)
        reply = self.memory.get((name, kind))
        if reply is None:
            reply = await self._ask(name, kind, unsigned=False)
            self.memory.keep((name, kind), reply)
        return reply

    async def _ask(self, name: str, kind: str, *, unsigned: bool) -> Reply:
        return await exchange(
            name,
            kind,
            self.servers,
            seconds=self.seconds_per_try,
            recursive=self.recursive,
            unsigned=unsigned,
        )


class ResolverAddressWrong(ValueError):
    """A text in the list of resolvers is no IP address with an optional port."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is no resolver: write an IP address and a port, 192.0.2.1:53")
        self.text = text


def resolver_addresses(texts: Iterable[str]) -> tuple[Server, ...]:
    """`192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1`, `[2001:db8::1]:5353` as address and port."""
    return tuple(_server(text.strip()) for text in texts if text.strip())


def ask(
    questions: Iterable[Question], servers: Sequence[Server], timeout: float = TOTAL_SECONDS
) -> Mapping[Question, Answer]:
    """`look_up` for callers without an event loop; `timeout` (seconds) bounds all of it."""
    return asyncio.run(look_up(questions, Resolver(servers), total=timeout))


async def look_up(
    questions: Iterable[Question], resolver: Resolver, *, total: float = TOTAL_SECONDS
) -> Mapping[Question, Answer]:
    """An answer to every question, by question.

    All of it takes at most `total` seconds; what is not known by then has timed out. Trouble with
    DNS is an outcome, never an exception.
    """
    at_once = resolver.at_once or asyncio.Semaphore(AT_ONCE)
    tasks = {
        question: asyncio.create_task(_answer(question, resolver, at_once))
        for question in dict.fromkeys(questions)
    }
    if not tasks:
        return {}
    try:
        await asyncio.wait(tasks.values(), timeout=total)
        return {
            question: task.result() if task.done() else Answer(*question, Outcome.TIMEOUT)
            for question, task in tasks.items()
        }
    finally:
        await _end(tasks.values())


def _server(text: str) -> Server:
    host, port = text, "53"
    if text.count(":") == 1 or "]:" in text:
        host, _, port = text.rpartition(":")
    try:
        address = ipaddress.ip_address(host.strip("[]"))
        number = int(port)
    except ValueError:
        raise ResolverAddressWrong(text) from None
    if not 0 < number <= 0xFFFF:
        raise ResolverAddressWrong(text)
    return str(address), number


async def _end(tasks: Iterable[asyncio.Task[Answer]]) -> None:
    """Cancels what still runs, and waits until its sockets are closed."""
    late = [task for task in tasks if not task.done()]
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)


async def _answer(question: Question, resolver: Resolver, at_once: asyncio.Semaphore) -> Answer:
    name, kind = question
    async with at_once:
        answer = await _follow(name, kind, resolver)
        if answer.outcome not in _GIVEN_UP or not resolver.recursive:
            return answer
        # A recursor gives up on a circle with SERVFAIL; the aliases one by one tell.
        if kind != "CNAME" and not answer.chain:
            aliases = await _follow(name, "CNAME", resolver)
            if aliases.outcome is Outcome.LOOP:
                return Answer(name, kind, Outcome.LOOP, (), aliases.ttl, aliases.chain)
        return await _told_apart(answer, resolver)


async def _told_apart(answer: Answer, resolver: Resolver) -> Answer:
    """SERVFAIL for signatures that do not fit, told from a server that failed.

    Is there an answer without the check of signatures, and still none with it, then they are why.
    """
    here = (answer.name, *answer.chain)[-1]
    if answer.outcome is not Outcome.SERVFAIL:
        return answer
    unsigned = await resolver.ask(here, answer.type, unsigned=True)
    if unsigned.outcome in TEMPORARY:
        return answer
    again = await _follow(answer.name, answer.type, resolver)
    return replace(again, outcome=Outcome.BOGUS) if again.outcome is Outcome.SERVFAIL else again


async def _follow(name: str, kind: str, resolver: Resolver) -> Answer:
    """Follows aliases to the record: servers of one zone do not follow them into another."""
    trail = _Trail(normal_name(name))
    while True:
        reply = await resolver.ask(trail.here, kind)
        moved = trail.walk(reply, kind)
        if trail.ended_in_circle:
            outcome = Outcome.LOOP
        elif moved and reply.outcome is not Outcome.NXDOMAIN and not trail.found:
            continue  # this server knows no further; ask for where we stand now
        else:
            outcome = trail.outcome(reply, kind)
        return Answer(name, kind, outcome, trail.values(kind), trail.ttl(reply), trail.chain)


class _Trail:
    """The way from a name over its aliases, as far as it is known."""

    def __init__(self, start: str) -> None:
        self.here = start
        self.start = start
        self.chain: tuple[str, ...] = ()
        self.found: tuple[str, ...] = ()
        self.ended_in_circle = False
        self._ttls: list[int] = []

    def walk(self, reply: Reply, kind: str) -> bool:
        """Goes as far as the reply leads; True if that was at least one step."""
        before = self.here
        while self.here in reply.aliases and not self.ended_in_circle:
            target, ttl = reply.aliases[self.here]
            self.ended_in_circle = self._is_circle(target)
            self.chain += (target,)
            self._ttls.append(ttl)
            self.here = target
        if kind != "CNAME" and self.here in reply.values:
            self.found, ttl = reply.values[self.here]
            self._ttls.append(ttl)
        return self.here != before

    def outcome(self, reply: Reply, kind: str) -> Outcome:
        """How the look-up ended, `reply` being the last."""
        if self.found:
            return Outcome.FOUND
        if kind == "CNAME" and self.chain and reply.outcome is Outcome.NODATA:
            return Outcome.FOUND  # the aliases end at a name that is none
        return Outcome.NODATA if reply.outcome is Outcome.FOUND else reply.outcome

    def values(self, kind: str) -> tuple[str, ...]:
        """The record's values; a CNAME's own is where its chain begins."""
        return self.chain[:1] if kind == "CNAME" else self.found

    def ttl(self, reply: Reply) -> int:
        """Seconds for which what stands at the start, or its absence, may be remembered."""
        return self._ttls[0] if self._ttls else reply.absence_ttl

    def _is_circle(self, target: str) -> bool:
        return target in (self.start, *self.chain) or len(self.chain) >= MOST_ALIASES
