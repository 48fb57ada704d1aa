"""What an installation is asked: seven steps to a first send, and what can stand in its way.

One list with two faces: the operator's start page and ``posthouse check``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.urls import reverse


class Mark(StrEnum):
    """How a check ended, the worst first."""

    TROUBLE = "trouble"  # mail does not leave, or not as it should
    MISSING = "missing"  # a first send needs it
    ADVICE = "advice"  # it works, but a risk is taken
    FINE = "fine"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding: a sentence that says what is, and the page where it is looked at or mended."""

    key: str
    title: str
    mark: Mark
    sentence: str
    url: str = ""
    action: str = "Open"

    @property
    def done(self) -> bool:
        """Nothing is left to do about it."""
        return self.mark in {Mark.FINE, Mark.ADVICE}


@dataclass(frozen=True, slots=True)
class Findings:
    """The seven steps in their order, and everything else that was found."""

    steps: Sequence[Check]
    others: Sequence[Check]
    sent: bool

    @property
    def attention(self) -> list[Check]:
        """What somebody should look at, the worst first; of a fresh installation without steps."""
        rows = [*(self.steps if self.sent else ()), *self.others]
        return sorted((row for row in rows if row.mark is not Mark.FINE), key=_by_mark)

    @property
    def next_step(self) -> Check | None:
        """The first step that is not done."""
        return next((step for step in self.steps if not step.done), None)

    @property
    def plan(self) -> list[tuple[Check, bool]]:
        """The steps, each with whether it is the next."""
        return [(step, step is self.next_step) for step in self.steps]

    @property
    def fine(self) -> list[Check]:
        """What was looked at and needs nothing."""
        return [row for row in (*self.steps, *self.others) if row.mark is Mark.FINE]

    @property
    def can_send(self) -> bool:
        """Is nothing missing or in trouble, but for the first campaign itself?"""
        return all(row.done or row.key == "first-campaign" for row in (*self.steps, *self.others))


def to(name: str, *arguments: str) -> str:
    """The address of an operator's page."""
    return reverse(f"operator-{name}", args=arguments)


def _by_mark(check: Check) -> int:
    return list(Mark).index(check.mark)
