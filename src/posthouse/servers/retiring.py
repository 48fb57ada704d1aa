"""Takes a delivery server out of use: what sends through it moves to another one, or stops."""

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from posthouse.accounts import audit
from posthouse.accounts.actors import Actor
from posthouse.accounts.permissions import demand_operator
from posthouse.servers.choosing import is_system
from posthouse.servers.errors import ServerInUse, ServerNamedInSettings
from posthouse.servers.models import DeliveryServer
from posthouse.servers.queries import users_of

# What else sends through a server, in words: higher features add a question (see their apps.py).
IN_USE: list[Callable[[DeliveryServer], list[str]]] = []


def what_is_under_way(server: DeliveryServer) -> list[str]:
    """What is being sent through it this moment, as words."""
    return [words for question in IN_USE for words in question(server)]


def demand_unused(server: DeliveryServer) -> None:
    """Raises ServerInUse, which says by what."""
    if users := users_of(server) + what_is_under_way(server):
        raise ServerInUse(server.name, users)


def demand_retirable(server: DeliveryServer) -> None:
    """Raises ServerNamedInSettings for the installation's own server."""
    if is_system(server):
        raise ServerNamedInSettings(server.name)


@transaction.atomic
def retire(actor: Actor, server: DeliveryServer, to: DeliveryServer | None = None) -> int:
    """Nothing new leaves through it; who used it goes ``to`` another, or stops. How many moved.

    Without another, groups and accounts go on naming it, so that their mail stops and says why: it
    must not take the next step's server unseen. Mail on its way at this moment still leaves: at
    most a slice of each claim. What waits is claimed anew and finds the other server, or pauses.
    """
    demand_operator(actor)
    rows = DeliveryServer.objects.select_for_update().order_by("pk")
    locked = {row.pk: row for row in rows.filter(pk__in=[server.pk, to.pk if to else server.pk])}
    if to is not None and (to == server or locked[to.pk].retired_at is not None):
        raise ValidationError({"to": "Choose a server that is in use."})
    demand_retirable(locked[server.pk])
    moved = _move(server, to) if to else {}
    server.retired_at = timezone.now()
    server.save(update_fields=["retired_at"])
    after = {"moved_to": to.name if to else None, **moved}
    audit.record(actor, "server.retire", server, after=after)
    return sum(moved.values())


@transaction.atomic
def bring_back(actor: Actor, server: DeliveryServer) -> None:
    """It can be allocated again; whoever still names it sends through it again."""
    demand_operator(actor)
    server.retired_at = None
    server.save(update_fields=["retired_at"])
    audit.record(actor, "server.bring-back", server)


def _move(server: DeliveryServer, to: DeliveryServer) -> dict[str, int]:
    """How many of each kind now name the other server."""
    return {
        "allocations": server.allocations.update(server=to),
        "send_methods": server.send_methods.update(server=to),
    }
