"""How the checks of sender domains ended on each of the last fourteen days."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from django.utils import timezone

from posthouse.domains.models import DomainCheck

DAYS: Final = 14
NONE: Final = "none"

_WORDS = {
    DomainCheck.Result.VERIFIED: "all right",
    DomainCheck.Result.FAILED: "failed",
    DomainCheck.Result.COULD_NOT_CHECK: "could not be checked",
    NONE: "without a check",
}


@dataclass(frozen=True, slots=True)
class Health:
    """A result for each day, the oldest first: how the day ended, as far as anything was learned.

    A check that could not be made says nothing beside one that ended.
    """

    first: date
    states: tuple[str, ...]

    @property
    def by_day(self) -> list[dict[str, object]]:
        """Each day with its result."""
        return [
            {"day": self.first + timedelta(days=place), "result": state}
            for place, state in enumerate(self.states)
        ]

    @property
    def label(self) -> str:
        """The same for who cannot see the drawing."""
        days = Counter(self.states)
        told = [f"{days[state]} {words}" for state, words in _WORDS.items() if days[state]]
        return f"Checks of the last {DAYS} days: {', '.join(told)}."


def of(domain_ids: Iterable[int]) -> dict[int, Health]:
    """The health of each of the domains; one query."""
    first = timezone.now().date() - timedelta(days=DAYS - 1)
    wanted = list(domain_ids)
    checks = DomainCheck.objects.filter(domain__in=wanted, at__date__gte=first).order_by("id")
    ended: dict[int, dict[date, str]] = {}
    for domain, at, result in checks.values_list("domain_id", "at", "result"):
        days = ended.setdefault(domain, {})
        if result != DomainCheck.Result.COULD_NOT_CHECK or at.date() not in days:
            days[at.date()] = str(result)
    calendar = [first + timedelta(days=day) for day in range(DAYS)]
    return {
        domain: Health(first, tuple(ended.get(domain, {}).get(day, NONE) for day in calendar))
        for domain in wanted
    }
