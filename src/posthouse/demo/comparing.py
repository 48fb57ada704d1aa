"""Compares what the sink really took with what the database believes."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from posthouse.accounts import access
from posthouse.deliveries.models import Delivery, Dispatch
from posthouse.demo.record import read_record


@dataclass(frozen=True, slots=True)
class Verdict:
    """Recipients by what became of them; ``disagreeing``: the row says what the sink denies."""

    accepted: int
    lost: int
    duplicated: int
    unexpected: int
    disagreeing: int

    @property
    def is_clean(self) -> bool:
        """Everybody once, nobody else, and the rows say so."""
        return not (self.lost or self.duplicated or self.unexpected or self.disagreeing)


def compare(dispatch: Dispatch, sink_record: Path) -> Verdict:
    """Every recipient that should have got the dispatch's message against the sink's own record."""
    taken = Counter(message.recipient.lower() for message in read_record(sink_record))
    with access.across_tenants():
        states = dict(
            Delivery.objects.filter(dispatch=dispatch).values_list("address", "state").iterator()
        )
    expected = {address.lower(): state for address, state in states.items()}
    wanted = {address for address, state in expected.items() if state not in {"skipped", "failed"}}
    disagreeing = sum(
        (state == "accepted") != bool(taken[address]) for address, state in expected.items()
    )
    return Verdict(
        accepted=sum(1 for address in wanted if taken[address]),
        lost=sum(1 for address in wanted if not taken[address]),
        duplicated=sum(taken[address] - 1 for address in wanted if taken[address] > 1),
        unexpected=sum(1 for address in taken if address not in expected),
        disagreeing=disagreeing,
    )
