"""Sums up what to do for a domain as a whole: every kind of trouble once, with its next step."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from posthouse.core.dns.answers import Answers
from posthouse.core.verification import tags
from posthouse.core.verification.cases import Fault
from posthouse.core.verification.checks import Verdict
from posthouse.core.verification.diagnosis import Diagnosis, shown
from posthouse.core.verification.followups import policy_questions
from posthouse.core.verification.policy_faults import too_strict
from posthouse.core.verification.wording import WORDS

# What passes, and is still worth a word.
_RIGHT_BUT_UNWISE = frozenset({Fault.SPF_ALLOWS_ALL})


@dataclass(frozen=True, slots=True)
class Advice:
    """What is the matter with a domain, and what to do next, in whole sentences."""

    fault: Fault
    sentence: str
    next_step: str

    @property
    def told(self) -> dict[str, str]:
        """As scripts and rows keep it."""
        return {
            "code": self.fault.value,
            "sentence": self.sentence,
            "next_step": self.next_step,
        }


def advise(diagnoses: Sequence[Diagnosis], answers: Answers, *, domain: str) -> tuple[Advice, ...]:
    """The advice for `domain`, in the order of its records, then what concerns no single one.

    `answers` holds those to `policy_questions`, if they were asked.
    """
    advice = tuple(_of_records(diagnoses))
    known = {each.fault for each in advice}
    hosts = frozenset(each.finding.record.host for each in diagnoses)
    return advice + tuple(
        each for each in _alignment(answers, domain, hosts) if each.fault not in known
    )


def _of_records(diagnoses: Iterable[Diagnosis]) -> Iterator[Advice]:
    alike: dict[Fault, list[Diagnosis]] = {}
    for diagnosis in diagnoses:
        if diagnosis.verdict is not Verdict.OK or diagnosis.fault in _RIGHT_BUT_UNWISE:
            alike.setdefault(diagnosis.fault, []).append(diagnosis)
    for fault, (first, *others) in alike.items():
        more = f" The same holds for {_count(len(others))}." if others else ""
        yield Advice(fault, first.problem + more, first.advice)


def _count(number: int) -> str:
    return "one more record" if number == 1 else f"{number} more records"


def _alignment(answers: Answers, domain: str, hosts: frozenset[str]) -> Iterator[Advice]:
    """Receivers take the first DMARC policy there is: the domain's, or the registered one's."""
    found = (
        answers[question].values for question in policy_questions(domain) if question in answers
    )
    policy = next((text for texts in found for text in texts if tags.is_like_dmarc(text)), "")
    if policy and hosts and not tags.dmarc_mistake(policy) and too_strict(policy, domain, hosts):
        words = WORDS[Fault.DMARC_TOO_STRICT]
        fields = {"domain": domain, "seen": shown(policy)}
        yield Advice(
            Fault.DMARC_TOO_STRICT,
            words.problem.format_map(fields),
            words.advice.format_map(fields),
        )
