"""The rates of a delivery server, and how much of them is used just now: rows to core and back."""

from dataclasses import dataclass
from datetime import datetime

from posthouse.core.routing import pacing
from posthouse.core.routing.pacing import Charges, Per, Rates
from posthouse.servers.models import DeliveryServer, ServerPace


@dataclass(frozen=True, slots=True)
class RateStanding:
    """Messages in the last second, minute, hour or day, and the most that may be."""

    per: Per
    used: int
    limit: int

    @property
    def words(self) -> str:
        """The window: ``minute``, ``24 hours``."""
        return "24 hours" if self.per is Per.DAY else self.per.value

    @property
    def is_reached(self) -> bool:
        return self.used >= self.limit


def rates_of(server: DeliveryServer) -> Rates:
    """The server's rates; empty where nothing is limited."""
    rates = {per: getattr(server, f"rate_per_{per}") for per in Per}
    return {per: rate for per, rate in rates.items() if rate}


def charges_of(pace: ServerPace) -> Charges:
    """What the row says, in core's words."""
    return {
        Per(per): {int(slot): count for slot, count in slots.items()}
        for per, slots in pace.charges.items()
    }


def keep(pace: ServerPace, charges: Charges) -> None:
    """Saves a locked row."""
    pace.charges = {
        per: {str(slot): n for slot, n in slots.items()} for per, slots in charges.items()
    }
    pace.save(update_fields=["charges"])


def standings(server: DeliveryServer, now: datetime) -> list[RateStanding]:
    """How near the server is to each of its rates."""
    rates = rates_of(server)
    pace = ServerPace.objects.filter(server=server).first() if rates else None
    charges = charges_of(pace) if pace else {}
    moment = milliseconds(now)
    return [
        RateStanding(per, pacing.used(charges, per, moment), rate) for per, rate in rates.items()
    ]


def milliseconds(moment: datetime) -> int:
    """Since 1970: the clock of core."""
    return int(moment.timestamp() * 1000)
