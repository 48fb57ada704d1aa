"""Compares what a domain should publish with what a look-up saw: one finding per record."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from posthouse.core.dns.answers import TEMPORARY, Answer, Answers, Outcome, Question
from posthouse.core.dns.records import Record, RecordType, same_value

# Texts of which a name may hold one only: with two, receivers act as if there were none
# (RFC 7208 section 4.5, RFC 9989 on DMARC records, RFC 6376 section 3.6.2.2).
SINGLE_TEXTS = ("v=spf1", "v=dmarc1", "v=dkim1")


class Verdict(StrEnum):
    """How a record stands."""

    OK = "ok"
    NOT_YET = "not_yet"  # absent
    WRONG = "wrong"
    COULD_NOT_CHECK = "could_not_check"


class CheckResult(StrEnum):
    """How the check of a whole domain ended."""

    VERIFIED = "verified"
    FAILED = "failed"
    COULD_NOT_CHECK = "could_not_check"  # neither a pass nor a failure


@dataclass(frozen=True, slots=True)
class Finding:
    """A record, its verdict, and the answer that the verdict rests on."""

    record: Record
    verdict: Verdict
    answer: Answer


def questions(records: Iterable[Record]) -> tuple[Question, ...]:
    """What to ask to check the records; each question once."""
    return tuple(dict.fromkeys((entry.host, entry.type.value) for entry in records))


def check(entry: Record, answers: Answers) -> Finding:
    """The finding for one record. A question without an answer could not be checked."""
    question = (entry.host, entry.type.value)
    answer = answers.get(question) or Answer(*question, outcome=Outcome.TIMEOUT)
    return Finding(entry, _verdict(entry, answer), answer)


def check_all(records: Iterable[Record], answers: Answers) -> tuple[Finding, ...]:
    """The findings in the order of the records."""
    return tuple(check(entry, answers) for entry in records)


def result(verdicts: Iterable[Verdict]) -> CheckResult:
    """Verified when every record passes (so also when there is none).

    One record that is certainly missing or wrong fails the domain. Otherwise a record that could
    not be checked leaves the question open.
    """
    seen = set(verdicts)
    if seen <= {Verdict.OK}:
        return CheckResult.VERIFIED
    if seen <= {Verdict.OK, Verdict.COULD_NOT_CHECK}:
        return CheckResult.COULD_NOT_CHECK
    return CheckResult.FAILED


def answers_record(entry: Record, answer: Answer) -> bool:
    """True if the answer holds the record's value; a CNAME may reach its target over others."""
    seen = answer.values
    if entry.type is RecordType.CNAME:
        seen = (*answer.values, *answer.chain)
    return any(same_value(entry.type, entry.value, value) for value in seen)


def competing_texts(texts: Iterable[str]) -> tuple[str, ...]:
    """The policies among the texts of one name, if there are several of one kind."""
    texts = tuple(texts)
    for start in SINGLE_TEXTS:
        rivals = tuple(text for text in texts if text.lstrip().lower().startswith(start))
        if len(rivals) > 1:
            return rivals
    return ()


def _verdict(entry: Record, answer: Answer) -> Verdict:
    right = answers_record(entry, answer)
    if right and not (entry.type is RecordType.TXT and competing_texts(answer.values)):
        return Verdict.OK
    if not right and answer.outcome in TEMPORARY:
        return Verdict.COULD_NOT_CHECK
    if answer.values or answer.chain or answer.outcome is Outcome.LOOP:
        return Verdict.WRONG
    return Verdict.NOT_YET
