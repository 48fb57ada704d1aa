"""Pauses a delivery server in trouble, longer each time, and lets it come back by itself."""

from datetime import datetime, timedelta

from django.db import transaction

from posthouse.servers.models import DeliveryServer

_SECONDS = (5, 15, 60, 300, 900)  # by how many pauses in a row; the last one repeats


@transaction.atomic
def pause(server_id: int, reason: str, now: datetime) -> None:
    """Nothing goes through the server for a while; the page says why and until when.

    Several engines tell of the same trouble: while the server is paused, the pause stands.
    """
    server = DeliveryServer.objects.select_for_update().get(pk=server_id)
    if server.paused_until and server.paused_until > now:
        return
    seconds = _SECONDS[min(server.pauses_in_row, len(_SECONDS) - 1)]
    server.paused_until = now + timedelta(seconds=seconds)
    server.paused_reason = reason[:500]
    server.pauses_in_row += 1
    server.save(update_fields=["paused_until", "paused_reason", "pauses_in_row"])


def well(server_id: int) -> None:
    """It took mail again: the next trouble begins with the shortest pause."""
    DeliveryServer.objects.filter(pk=server_id).exclude(pauses_in_row=0).update(
        paused_until=None, paused_reason="", pauses_in_row=0
    )
