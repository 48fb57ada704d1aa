"""What sends and what is being sent, across all accounts, with names that operators know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from posthouse.campaigns.models import Campaign, CampaignTest
from posthouse.campaigns.progress import counts_of
from posthouse.deliveries import queries
from posthouse.deliveries.models import Dispatch
from posthouse.deliveries.queries import ChannelQueue, EngineLine

_MOST_MOTIONS = 50


@dataclass(frozen=True, slots=True)
class Motion:
    """A dispatch that engines work on, with its recipients by state."""

    dispatch: Dispatch
    name: str
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """All recipients that are known so far."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Standing:
    """The sending side of the installation at this moment."""

    engines: Sequence[EngineLine]
    queue: Sequence[ChannelQueue]
    motions: Sequence[Motion]  # the oldest of them
    in_motion: int

    @property
    def working(self) -> int:
        """How many engines send."""
        return sum(1 for line in self.engines if line.works)

    @property
    def in_trouble(self) -> list[EngineLine]:
        """Engines that somebody should look at."""
        return [line for line in self.engines if line.is_in_trouble]

    @property
    def rate(self) -> float:
        """Messages a second, all engines together."""
        return sum(line.engine.rate for line in self.engines if line.works)

    @property
    def waiting(self) -> int:
        """Messages that nobody has begun yet."""
        return sum(line.pending for line in self.queue)

    @property
    def oldest(self) -> float | None:
        """For how many seconds the oldest batch has waited for an engine."""
        waits = [line.waited.total_seconds() for line in self.queue if line.waited]
        return max(waits, default=None)

    @property
    def later(self) -> int:
        """Messages that are tried again later."""
        return sum(line.deferred + line.uncertain for line in self.queue)


def standing() -> Standing:
    """Engines, queue and dispatches as they are now."""
    in_motion = queries.in_motion()
    return Standing(queries.engines(), queries.queue(), _motions(in_motion), in_motion.count())


def _motions(rows: QuerySet[Dispatch]) -> list[Motion]:
    shown = list(rows[:_MOST_MOTIONS])
    campaigns = dict(Campaign.objects.filter(dispatch__in=shown).values_list("dispatch", "name"))
    tests = CampaignTest.objects.filter(dispatch__in=shown)
    tested = dict(tests.values_list("dispatch", "campaign__name"))
    names = campaigns | {key: f"Test of {name}" for key, name in tested.items()}
    return [Motion(row, names.get(row.pk, str(row)), counts_of(row)) for row in shown]
