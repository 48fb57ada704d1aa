"""Replies are remembered for a minute, trouble never, and no more than so many."""

from posthouse.core.dns.answers import Outcome
from posthouse.domains.memory import MOST, SECONDS, Memory
from posthouse.domains.wire import Reply

FOUND = Reply(Outcome.FOUND, {}, {"a.example": ("b.example", 60)})


def test_a_reply_is_remembered_for_a_minute() -> None:
    now = [1000.0]
    memory = Memory(lambda: now[0])
    memory.keep(("a.example", "CNAME"), FOUND)

    assert memory.get(("a.example", "CNAME")) is FOUND
    assert memory.get(("a.example", "TXT")) is None
    now[0] += SECONDS + 1
    assert memory.get(("a.example", "CNAME")) is None


def test_trouble_is_asked_again() -> None:
    memory = Memory()
    for outcome in (Outcome.SERVFAIL, Outcome.TIMEOUT, Outcome.REFUSED):
        memory.keep(("a.example", "CNAME"), Reply(outcome, {}, {}))
        assert memory.get(("a.example", "CNAME")) is None


def test_what_is_asked_for_again_outlives_what_is_not() -> None:
    memory = Memory()
    memory.keep(("master.example", "A"), FOUND)
    for number in range(MOST * 3):
        memory.keep((f"customer-{number}.example", "A"), FOUND)
        assert memory.get(("master.example", "A")) is FOUND
    assert memory.get(("customer-0.example", "A")) is None
