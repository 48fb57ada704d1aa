"""One leader at a time, by a lease in the database and the database's clock."""

from datetime import datetime, timedelta

from django.db import transaction

from posthouse.deliveries.clock import database_now
from posthouse.housekeeping.models import Lease

HOUSEKEEPING = "housekeeping"  # the worker that leads holds it


@transaction.atomic
def hold(name: str, owner: str, seconds: float) -> bool:
    """Takes or renews the lease; False while somebody else holds it."""
    now = database_now()
    until = now + timedelta(seconds=seconds)
    _, made = Lease.objects.get_or_create(name=name, defaults={"owner": owner, "until": until})
    if made:
        return True
    mine_or_ended = Lease.objects.filter(name=name, owner=owner) | Lease.objects.filter(
        name=name, until__lt=now
    )
    return bool(mine_or_ended.update(owner=owner, until=until))


def let_go(name: str, owner: str) -> None:
    """Gives the lease up, so that another need not wait for its end."""
    Lease.objects.filter(name=name, owner=owner).delete()


def is_held(name: str, now: datetime) -> bool:
    """Does anybody hold it at this moment?"""
    return Lease.objects.filter(name=name, until__gte=now).exists()
