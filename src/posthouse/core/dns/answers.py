"""What a look-up saw, as a plain value: a question and its answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

Question = tuple[str, str]  # name in normal form, record type


class Outcome(StrEnum):
    """How a look-up ended."""

    FOUND = "found"
    NXDOMAIN = "nxdomain"  # the name does not exist
    NODATA = "nodata"  # the name exists, without this type
    SERVFAIL = "servfail"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    BOGUS = "bogus"  # its signatures do not fit (DNSSEC)
    LAME = "lame"  # none of the servers it is delegated to answers for it
    LOOP = "loop"  # aliases in a circle, or more than eight of them


# Says nothing about the record: a check that ends so is not a failed check.
TEMPORARY = frozenset(
    {Outcome.SERVFAIL, Outcome.TIMEOUT, Outcome.REFUSED, Outcome.BOGUS, Outcome.LAME}
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question.

    `values` are in presentation form without quotes, a TXT record's strings joined. `chain` holds
    the aliases that were followed from `name`, in order; for a CNAME question it begins with the
    record's own value and goes on to where the aliases end. `ttl` is in seconds: how long a
    resolver may keep the answer, or its absence; 0 when nothing is known.
    """

    name: str
    type: str
    outcome: Outcome
    values: tuple[str, ...] = ()
    ttl: int = 0
    chain: tuple[str, ...] = ()


Answers = Mapping[Question, Answer]
NO_ANSWERS: Answers = MappingProxyType({})
