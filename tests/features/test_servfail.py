"""SERVFAIL told apart: signatures that do not fit, broken delegations, and servers that fail."""

import asyncio
from collections.abc import Callable
from typing import cast

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from posthouse.core.dns.answers import Outcome
from posthouse.domains.resolver import Resolver, look_up

QUESTION = ("signed.example", "TXT")
Reply = Callable[[dns.message.Message, dns.message.Message], None]


class _Recursor(asyncio.DatagramProtocol):
    """A recursor on loopback whose replies the test writes."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        response = dns.message.make_response(query)
        self.reply(query, response)
        self.transport.sendto(response.to_wire(), addr)


def outcome_with(reply: Reply) -> Outcome:
    """How a look-up ends that meets such a recursor."""

    async def run() -> Outcome:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Recursor(reply), local_addr=("127.0.0.1", 0)
        )
        try:
            server = transport.get_extra_info("sockname")
            return (await look_up([QUESTION], Resolver([server])))[QUESTION].outcome
        finally:
            transport.close()

    return asyncio.run(run())


def _fail(response: dns.message.Message, code: int | None = None) -> None:
    options: list[dns.edns.Option] = []
    if code is not None:
        options.append(dns.edns.EDEOption(dns.edns.EDECode(code)))
    response.use_edns(0, options=options)
    response.set_rcode(dns.rcode.SERVFAIL)


def _answer(response: dns.message.Message) -> None:
    response.answer.append(dns.rrset.from_text("signed.example.", 60, "IN", "TXT", '"here"'))


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (6, Outcome.BOGUS),
        (7, Outcome.BOGUS),
        (12, Outcome.BOGUS),
        (22, Outcome.LAME),
        (23, Outcome.SERVFAIL),
        (None, Outcome.SERVFAIL),
    ],
)
def test_a_recursor_that_says_why_is_believed(code: int | None, outcome: Outcome) -> None:
    assert outcome_with(lambda _query, response: _fail(response, code)) is outcome


def test_an_answer_only_without_the_check_of_signatures_is_bogus() -> None:
    def validating(query: dns.message.Message, response: dns.message.Message) -> None:
        if query.flags & dns.flags.CD:
            _answer(response)
        else:
            _fail(response)

    assert outcome_with(validating) is Outcome.BOGUS


def test_a_server_that_failed_only_once_is_not_called_bogus() -> None:
    asked: list[int] = []

    def hiccup(query: dns.message.Message, response: dns.message.Message) -> None:
        asked.append(query.flags)
        if len(asked) == 1:
            _fail(response)
        else:
            _answer(response)

    assert outcome_with(hiccup) is Outcome.FOUND
