"""What the checks of an installation judge, read at once: a fixed number of small queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, QuerySet

from posthouse.accounts import dns_configuration
from posthouse.accounts.models import Account, Notice, UserGroup
from posthouse.core.channels import Channel
from posthouse.core.routing.quotas import Level
from posthouse.deliveries import queries as deliveries
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.models import Dispatch, Quota
from posthouse.deliveries.queries import EngineLine
from posthouse.domains import master
from posthouse.domains import queries as domains
from posthouse.domains.master import LastCheck
from posthouse.domains.models import SenderDomain
from posthouse.housekeeping import leases
from posthouse.servers import queries as servers
from posthouse.servers.choosing import is_system
from posthouse.servers.models import DeliveryServer, SendMethod

MOST_GROUPS = 200  # whose settings are looked at


@dataclass(frozen=True, slots=True)
class Facts:
    """The installation at one moment."""

    now: datetime
    templates_problem: str
    campaign_templates: frozenset[str]
    master: LastCheck | None
    servers: Sequence[DeliveryServer]  # with their allocations
    groups: Sequence[UserGroup]  # with accounts_count and allocations
    accounts: int
    domains: Mapping[str, int]  # by status; in all (""); broken
    engines: Sequence[EngineLine]
    worker_works: bool
    mail_is_written_to: str  # the folder of system mail; empty: it is sent
    mail_problem: str
    limits: Sequence[Quota]  # near or over, of accounts as last announced
    signs_with: bool  # is there a key of the installation's?
    sent: bool

    @property
    def in_use(self) -> list[DeliveryServer]:
        """Servers that are not retired."""
        return [server for server in self.servers if server.retired_at is None]

    @property
    def usable(self) -> set[int]:
        return {server.pk for server in self.in_use}


def read() -> Facts:
    """Across tenants; 18 queries, however many rows there are."""
    now = database_now()
    return Facts(
        now=now,
        templates_problem=dns_configuration.problem(),
        campaign_templates=_templates(),
        master=master.last_check(),
        servers=list(servers.servers().order_by("name")),
        groups=list(_groups()),
        accounts=Account.objects.count(),
        domains=domains.counts(SenderDomain.objects.exclude(status=SenderDomain.Status.DELETED)),
        engines=deliveries.engines(),
        worker_works=leases.is_held(leases.HOUSEKEEPING, now),
        mail_is_written_to=str(getattr(settings, "EMAIL_FILE_PATH", "") or ""),
        mail_problem=_mail_problem(),
        limits=near_limits(),
        signs_with=bool(settings.DKIM_PRIVATE_KEY),
        sent=Dispatch.objects.filter(accepted__gt=0).exists(),
    )


def near_limits(count: int = 10) -> list[Quota]:
    """Limits of accounts that are used by 80 % or more, the fullest kind first."""
    rows = Quota.objects.exclude(level=Level.OK).select_related("account")
    return list(rows.order_by("level", "pk")[:count])


def routed(facts: Facts, group: UserGroup, channel: Channel) -> bool:
    """Does the group name a server in use for the channel, by itself or by its send method?"""
    named = [one.server_id for one in group.allocations.all() if one.channel == channel]
    method: SendMethod | None = getattr(group, "send_method", None)
    if method is None or method.method == SendMethod.Method.SYSTEM:
        named += [server.pk for server in facts.in_use if is_system(server)]
    elif method.server_id is not None:
        named.append(method.server_id)
    return bool(named) and named[0] in facts.usable


def _groups() -> QuerySet[UserGroup]:
    rows = UserGroup.objects.annotate(accounts_count=Count("accounts"))
    return (
        rows.select_related("send_method")
        .prefetch_related("allocations__server")
        .order_by("name")[:MOST_GROUPS]
    )


def _templates() -> frozenset[str]:
    try:
        return frozenset(dns_configuration.configuration().campaign)
    except dns_configuration.ConfigurationUnreadable:
        return frozenset()


def _mail_problem() -> str:
    """What the mail server said last about a notice that still waits."""
    waiting = Notice.objects.filter(state=Notice.State.WAITING).exclude(problem="")
    return waiting.order_by("-due_at").values_list("problem", flat=True).first() or ""
