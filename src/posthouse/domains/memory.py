"""Remembers replies for a minute: many domains lead to the same few hosts of the operator."""

import time
from collections import OrderedDict
from collections.abc import Callable

from posthouse.core.dns.answers import TEMPORARY, Question
from posthouse.domains.wire import Reply

SECONDS = 60.0
MOST = 256  # what nobody asks for again is forgotten first


class Memory:
    """The replies that were asked for last; trouble is never remembered."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._replies: OrderedDict[Question, tuple[float, Reply]] = OrderedDict()

    def get(self, question: Question) -> Reply | None:
        """The reply, if it is fresh."""
        until, reply = self._replies.get(question, (0.0, None))
        if reply is None or until < self._clock():
            return None
        self._replies.move_to_end(question)
        return reply

    def keep(self, question: Question, reply: Reply) -> None:
        """Remembers the reply, and forgets another where there are too many."""
        if reply.outcome in TEMPORARY:
            return
        self._replies[question] = self._clock() + SECONDS, reply
        if len(self._replies) > MOST:
            self._replies.popitem(last=False)
