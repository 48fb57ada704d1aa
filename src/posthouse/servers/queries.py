"""Who sends through which delivery server: badges, use, routing."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from posthouse.accounts.models import Account, UserGroup
from posthouse.core.channels import Channel
from posthouse.servers.choosing import is_system
from posthouse.servers.models import Allocation, DeliveryServer


@dataclass(frozen=True, slots=True)
class Badge:
    """A channel that a server serves, and the groups and accounts that use it for that (R15).

    The channel "fallback" is all mail that has no server of its own.
    """

    channel: str
    names: tuple[str, ...]

    @property
    def words(self) -> str:
        """The names, at most three of them."""
        more = len(self.names) - 3
        return ", ".join(self.names[:3]) + (f" and {more} more" if more > 0 else "")


def servers() -> QuerySet[DeliveryServer]:
    """All servers by name, with their allocations."""
    return DeliveryServer.objects.prefetch_related(
        "allocations__group", "allocations__account", "send_methods__group"
    )


def badges(server: DeliveryServer) -> list[Badge]:
    """M, T, AR and fallback, with names; an empty list means Not Allocated."""
    names: dict[str, list[str]] = {channel: [] for channel in Channel}
    for allocation in server.allocations.all():
        names[allocation.channel].append(user_name(allocation))
    found = [Badge(channel, tuple(sorted(users))) for channel, users in names.items() if users]
    if rest := _fallback_of(server):
        found.append(Badge("fallback", tuple(rest)))
    return found


def users_of(server: DeliveryServer) -> list[str]:
    """Everybody who sends through it, as words: ``the group Agencies (marketing)``."""
    channels: dict[str, list[str]] = {}
    for allocation in in_use_order(server.allocations.select_related("group", "account")):
        kind = "group" if allocation.group else "account"
        channels.setdefault(f"the {kind} {user_name(allocation)}", []).append(allocation.channel)
    for method in server.send_methods.select_related("group").order_by("group__name"):
        channels.setdefault(f"the group {method.group}", []).append("send method")
    if is_system(server):
        channels["the installation"] = ["POSTHOUSE_SYSTEM_SERVER"]
    return [f"{who} ({', '.join(what)})" for who, what in channels.items()]


def in_use_order(allocations: Iterable[Allocation]) -> list[Allocation]:
    """Groups before accounts, by name, channels in their usual order."""
    order = list(Channel)
    return sorted(
        allocations,
        key=lambda one: (one.group is None, user_name(one), order.index(Channel(one.channel))),
    )


def user_name(allocation: Allocation) -> str:
    """The name of the group or account that an allocation is for."""
    return str(allocation.group or allocation.account)


def is_alone_on(server: DeliveryServer, account: Account) -> bool:
    """Is nobody else allocated the server?"""
    return not server.allocations.exclude(account=account).exists()


def routing_of(owner: UserGroup | Account) -> dict[Channel, DeliveryServer]:
    """The group's or account's own server for each channel that has one."""
    return routing_of_rows(owner.allocations.select_related("server"))


def routing_of_rows(allocations: Iterable[Allocation]) -> dict[Channel, DeliveryServer]:
    """The same of allocations that were read already, with their servers."""
    return {Channel(one.channel): one.server for one in allocations}


def _fallback_of(server: DeliveryServer) -> list[str]:
    """For whom it carries what has no server of its own: groups by name, the installation last."""
    names = sorted(method.group.name for method in server.send_methods.all())
    return [*names, *(["the installation"] if is_system(server) else [])]
