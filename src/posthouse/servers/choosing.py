"""The delivery server of an account's mail, from rows and settings, by the order of the core."""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import BigIntegerField, Case, Exists, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Cast, Coalesce

from posthouse.accounts.models import Account, UserGroup
from posthouse.core.channels import Channel
from posthouse.core.routing.choose import Fallback, Named, NoServer, choose_server
from posthouse.servers.models import Allocation, DeliveryServer, SendMethod

_NO_SUCH_SERVER = 0  # an id that no row has


@dataclass(frozen=True, slots=True)
class Chosen:
    """The server, and a sentence for each step that led to it."""

    server: DeliveryServer
    reasons: tuple[str, ...]


def choose(account: Account, channel: Channel) -> Chosen:
    """Raises core's NoServer where no step names a server, or the first that does a retired one."""
    own, shared = _allocated(account, channel)
    named = Named(
        account=own, group=shared, fallback=_fallback(account.group_id), system=_system_id()
    )
    in_use = DeliveryServer.objects.filter(retired_at=None)
    choice = choose_server(channel, named, dict(in_use.values_list("pk", "name")))
    return Chosen(DeliveryServer.objects.get(pk=choice.server_id), choice.reasons)


def has_server(account: Account, channel: Channel) -> bool:
    """Does a step name one, that is in use?"""
    try:
        choose(account, channel)
    except NoServer:
        return False
    return True


def server_in_rows() -> Coalesce:
    """The same choice over rows with a channel and an account: the server's id, or NULL for none.

    Whether the server is in use is not asked.
    """
    of_channel = Allocation.objects.filter(channel=OuterRef("channel")).values("server_id")
    method = SendMethod.objects.filter(group=OuterRef("account__group_id"))
    nothing = Exists(method.filter(method=SendMethod.Method.NOTHING))
    system = Cast(Value(_system_id()), BigIntegerField())  # PostgreSQL takes a bare NULL for a text
    return Coalesce(
        Subquery(of_channel.filter(account=OuterRef("account_id"))),
        Subquery(of_channel.filter(group=OuterRef("account__group_id"))),
        Subquery(method.values("server_id")),
        Case(When(nothing, then=Value(None)), default=system),
        output_field=BigIntegerField(),
    )


def system_server() -> DeliveryServer | None:
    """The installation's send method: what POSTHOUSE_SYSTEM_SERVER names, if any; or retired."""
    return DeliveryServer.objects.filter(name=settings.SYSTEM_SERVER).first()


def is_system(server: DeliveryServer) -> bool:
    """Is it the one that POSTHOUSE_SYSTEM_SERVER names?"""
    return server.name == settings.SYSTEM_SERVER


def send_method_of(group: UserGroup) -> SendMethod:
    """What the group does with the rest of its mail; without a row it is System."""
    return SendMethod.objects.filter(group=group).first() or SendMethod(group=group)


def _allocated(account: Account, channel: Channel) -> tuple[int | None, int | None]:
    """The ids that the account and its group name."""
    rows = Allocation.objects.filter(
        Q(account=account) | Q(group=account.group_id), channel=channel
    ).values_list("account_id", "server_id")
    ids = {account_id is not None: server_id for account_id, server_id in rows}
    return ids.get(True), ids.get(False)


def _fallback(group_id: int) -> int | Fallback:
    row = SendMethod.objects.filter(group_id=group_id).first()
    if row is None:
        return Fallback.SYSTEM
    return Fallback(row.method) if row.server_id is None else row.server_id


def _system_id() -> int | None:
    """A name that no server has is not passed over: mail must not take another way unseen."""
    if not settings.SYSTEM_SERVER:
        return None
    server = system_server()
    return server.pk if server else _NO_SUCH_SERVER
