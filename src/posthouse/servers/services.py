"""The verbs on delivery servers: set up, allocate, pause; testing stands beside (testing)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from posthouse.accounts import audit
from posthouse.accounts.actors import SYSTEM, Actor
from posthouse.accounts.models import Account, UserGroup
from posthouse.accounts.permissions import demand_operator
from posthouse.core.channels import Channel
from posthouse.servers.choosing import is_system, send_method_of
from posthouse.servers.connecting import settings_of
from posthouse.servers.dns import check_dns
from posthouse.servers.errors import ServerEditedMeanwhile, ServerRetired
from posthouse.servers.filling import fill, fingerprint, forget_test, seal
from posthouse.servers.models import Allocation, DeliveryServer, SendMethod
from posthouse.servers.retiring import bring_back, demand_unused, retire
from posthouse.servers.testing import test

__all__ = [
    "FOREVER",
    "allocate",
    "bring_back",
    "change",
    "check_dns",
    "create",
    "deallocate",
    "delete",
    "pause",
    "resume",
    "retire",
    "route",
    "set_password",
    "set_send_method",
    "settings_of",
    "test",
]

FOREVER = datetime(9999, 1, 1, tzinfo=UTC)  # paused until somebody resumes it
_NAMED_IN_SETTINGS = (
    "POSTHOUSE_SYSTEM_SERVER names this server: under another name, mail that falls back to it "
    "would stop. Change the setting first."
)
_PAUSE_FIELDS = ["paused_until", "paused_reason", "pauses_in_row"]


@transaction.atomic
def create(actor: Actor, *, password: str = "", **values: Any) -> DeliveryServer:
    """A new delivery server; ``values`` are the fields of ``validation.RULES``."""
    demand_operator(actor)
    server = DeliveryServer()
    _, after = fill(server, values, password)
    server.save()
    audit.record(actor, "server.create", server, after=after)
    return server


@transaction.atomic
def change(
    actor: Actor, server: DeliveryServer, *, password: str = "", seen: str = "", **values: Any
) -> DeliveryServer:
    """Changes the named fields, and the password if one is given; returns the row as it now is.

    ``seen`` is the fingerprint of what the person saw before; if that is no more, it raises
    ServerEditedMeanwhile.

    A stored password does not follow to another host: whoever may change the host could
    otherwise have it sent to a machine of their own.
    """
    demand_operator(actor)
    row = DeliveryServer.objects.select_for_update().get(pk=server.pk)
    if seen and seen != fingerprint(row):
        raise ServerEditedMeanwhile(row.name)
    known_to, was_system = row.host, is_system(row)
    before, after = fill(row, values, password)
    if was_system and "name" in after:
        raise ValidationError({"name": _NAMED_IN_SETTINGS})
    if row.password_sealed and row.host != known_to and not password:
        raise ValidationError({"password": "The host is another one: enter the password again."})
    row.save()
    if after:
        audit.record(actor, "server.change", row, before=before, after=after)
    return row


@transaction.atomic
def set_password(actor: Actor, server: DeliveryServer, password: str) -> DeliveryServer:
    """Keeps another password, which is never shown again; "" forgets the one there is."""
    if password:
        return change(actor, server, password=password)
    demand_operator(actor)
    row = DeliveryServer.objects.select_for_update().get(pk=server.pk)
    seal(row, "")
    forget_test(row)
    row.save()
    audit.record(actor, "server.change", row, after={"password": "removed"})
    return row


@transaction.atomic
def delete(actor: Actor, server: DeliveryServer) -> None:
    """Deletes a server that nobody and nothing sends through; else raises ServerInUse."""
    demand_operator(actor)
    demand_unused(server)
    audit.record(actor, "server.delete", server, before={"host": server.host})
    server.delete()


@transaction.atomic
def allocate(
    actor: Actor, server: DeliveryServer, channel: Channel | str, owner: UserGroup | Account
) -> None:
    """A group's or an account's mail of this channel goes through the server from now on.

    Raises ServerRetired for one that is out of use.
    """
    demand_operator(actor)
    channel = Channel(channel)
    known = owner.allocations.filter(channel=channel).select_related("server").first()
    if known and known.server == server:
        return
    _demand_in_use(server)
    Allocation.objects.update_or_create(
        **_belongs_to(owner), channel=channel, defaults={"server": server}
    )
    _record_routing(actor, owner, channel, known.server.name if known else None, server.name)


@transaction.atomic
def deallocate(actor: Actor, channel: Channel | str, owner: UserGroup | Account) -> None:
    """A group or an account has no server of its own for this channel any more."""
    demand_operator(actor)
    channel = Channel(channel)
    known = owner.allocations.filter(channel=channel).select_related("server").first()
    if known:
        known.delete()
        _record_routing(actor, owner, channel, known.server.name, None)


@transaction.atomic
def route(
    actor: Actor, owner: UserGroup | Account, routing: Mapping[Channel, DeliveryServer | None]
) -> None:
    """Who sends what through what, for the named channels at once."""
    for channel, server in routing.items():
        if server is None:
            deallocate(actor, channel, owner)
        else:
            allocate(actor, server, channel, owner)


@transaction.atomic
def set_send_method(
    actor: Actor,
    group: UserGroup,
    method: SendMethod.Method | str,
    server: DeliveryServer | None = None,
) -> None:
    """What the group's mail does where neither it nor the account names a server (R17).

    Raises ServerRetired for a server that is out of use.
    """
    demand_operator(actor)
    row = send_method_of(group)
    known, before = (row.method, row.server), _method_words(row)
    row.method = SendMethod.Method(method)
    row.server = server if row.method == SendMethod.Method.SERVER else None
    if row.method == SendMethod.Method.SERVER and server is None:
        raise ValidationError({"send_method": "Choose the delivery server."})
    if (row.method, row.server) == known:
        return
    if row.server:
        _demand_in_use(row.server)
    row.save()
    after = {"send_method": _method_words(row)}
    audit.record(actor, "server.fallback", group, before={"send_method": before}, after=after)


@transaction.atomic
def pause(server: DeliveryServer, until: datetime, reason: str, *, actor: Actor = SYSTEM) -> None:
    """Nothing is sent through it until then, whatever the engines find (see ``pauses.py``).

    No pause in a row: mail that is still on its way then cannot lift it.
    """
    demand_operator(actor)
    server.paused_until, server.paused_reason, server.pauses_in_row = until, reason[:500], 0
    server.save(update_fields=_PAUSE_FIELDS)
    audit.record(
        actor, "server.pause", server, after={"until": until.isoformat(), "reason": reason[:500]}
    )


@transaction.atomic
def resume(server: DeliveryServer, *, actor: Actor = SYSTEM) -> None:
    """It is used again from now on, and what went before is forgotten."""
    demand_operator(actor)
    reason = server.paused_reason
    server.paused_until, server.paused_reason, server.pauses_in_row = None, "", 0
    server.save(update_fields=_PAUSE_FIELDS)
    audit.record(actor, "server.resume", server, before={"reason": reason})


def _demand_in_use(server: DeliveryServer) -> None:
    """Nobody retires it before this transaction ends."""
    if DeliveryServer.objects.select_for_update().get(pk=server.pk).retired_at is not None:
        raise ServerRetired(server.name)


def _method_words(row: SendMethod) -> str:
    return row.server.name if row.server else SendMethod.Method(row.method).label


def _belongs_to(owner: UserGroup | Account) -> dict[str, Any]:
    return {"group" if isinstance(owner, UserGroup) else "account": owner}


def _record_routing(
    actor: Actor,
    owner: UserGroup | Account,
    channel: Channel,
    before: str | None,
    after: str | None,
) -> None:
    audit.record(
        actor,
        "server.allocate" if after else "server.deallocate",
        owner,
        account=owner if isinstance(owner, Account) else None,
        before={channel.value: before},
        after={channel.value: after},
    )
