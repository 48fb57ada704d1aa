"""Lots of permits to send through a delivery server: one row for all engines, kept over restarts.

An engine takes as much as it is about to send and gives back what it did not use; what dies with
it counts as used.
"""

import time
from dataclasses import dataclass

from django.db import transaction

from posthouse.core.routing import pacing
from posthouse.deliveries.clock import database_now
from posthouse.servers.models import DeliveryServer, ServerPace
from posthouse.servers.rates import charges_of, keep, milliseconds, rates_of


@dataclass(frozen=True, slots=True)
class Permits:
    """So many messages may be started until a moment of this machine's monotonic clock.

    Where none is granted, asking is worth it after ``wait`` seconds.
    """

    granted: int
    good_until: float
    moment: int  # names the lot when some of it comes back
    wait: float = 0.0


def take(server_id: int, wanted: int) -> Permits:
    """At most ``wanted`` permits; all of them where the server has no rates (any more)."""
    with transaction.atomic():
        server = DeliveryServer.objects.filter(pk=server_id).first()
        rates = rates_of(server) if server else {}
        if not rates:
            return Permits(wanted, time.monotonic() + pacing.validity_of({}) / 1000, 0)
        pace = _locked(server_id)
        # Read before the database's clock: a lot is never good for longer than it is charged.
        began = time.monotonic()
        lot = pacing.take(charges_of(pace), rates, wanted, milliseconds(database_now()))
        if lot.granted:
            keep(pace, lot.charges)
        return Permits(lot.granted, began + lot.validity / 1000, lot.moment, lot.wait / 1000)


@transaction.atomic
def give_back(server_id: int, permits: Permits, count: int) -> None:
    """So many of them were not used and never will be."""
    pace = ServerPace.objects.select_for_update().filter(server_id=server_id).first()
    if pace is not None:
        keep(pace, pacing.give_back(charges_of(pace), permits.moment, count))


def _locked(server_id: int) -> ServerPace:
    rows = ServerPace.objects.select_for_update().filter(server_id=server_id)
    if (pace := rows.first()) is not None:
        return pace
    ServerPace.objects.bulk_create([ServerPace(server_id=server_id)], ignore_conflicts=True)
    return rows.get()
