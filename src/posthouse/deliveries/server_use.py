"""Says what is being sent through a delivery server, so that it is not deleted under it."""

from django.db.models import QuerySet

from posthouse.accounts import access
from posthouse.deliveries.models import Dispatch
from posthouse.servers.models import DeliveryServer

_IN_MOTION = (Dispatch.State.RUNNING, Dispatch.State.HELD, Dispatch.State.PAUSING)
_MOST_NAMED = 5


def through(server: DeliveryServer) -> QuerySet[Dispatch]:
    """The dispatches in motion whose last claim went through it; call it across tenants."""
    rows = Dispatch.objects.filter(server_id=server.pk, state__in=_IN_MOTION)
    return rows.select_related("account").order_by("pk")


def under_way(server: DeliveryServer) -> list[str]:
    """The same as words, the first few by account: ``what Harbour Books is sending``."""
    with access.across_tenants():
        accounts = through(server).values_list("account__name", flat=True)
        names = list(dict.fromkeys(accounts[:200]))
    more = ["what others are sending"] if len(names) > _MOST_NAMED else []
    return [f"what {name} is sending" for name in names[:_MOST_NAMED]] + more
