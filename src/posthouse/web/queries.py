"""What the two start pages show: the state of an account, and of the whole installation."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from posthouse.accounts.models import Account, UserGroup
from posthouse.audience.models import Import, Subscriber
from posthouse.campaigns.models import Campaign
from posthouse.campaigns.progress import counts_of
from posthouse.core.channels import Channel
from posthouse.deliveries import queries as delivery_queries
from posthouse.deliveries.models import Dispatch
from posthouse.domains import queries as domain_queries
from posthouse.domains.models import SenderDomain
from posthouse.servers.choosing import has_server
from posthouse.servers.models import DeliveryServer
from posthouse.servers.queries import serving


@dataclass(frozen=True, slots=True)
class Readiness:
    """What an account has of what a first send needs."""

    needs_domain: bool
    domains: int
    enabled: int
    subscribers: bool
    campaigns: bool
    server: bool
    sent: bool


@dataclass(frozen=True, slots=True)
class Installed:
    """What the installation has of what a first send needs."""

    servers: bool
    tested: bool
    groups: bool
    routed: bool
    accounts: bool
    engines: bool
    sent: bool


@dataclass(frozen=True, slots=True)
class CampaignLine:
    """A campaign, and its recipients by state once it was sent off."""

    campaign: Campaign
    counts: Mapping[str, int] | None

    @property
    def total(self) -> int:
        """All recipients."""
        return sum(self.counts.values()) if self.counts else 0


def readiness(account: Account) -> Readiness:
    """The account in scope, as the checklist of its start page needs it."""
    domains = domain_queries.domains()
    return Readiness(
        needs_domain=account.group.sender_domain_management,
        domains=domains.count(),
        enabled=domains.filter(status=SenderDomain.Status.ENABLED).count(),
        subscribers=Subscriber.objects.exists(),
        campaigns=Campaign.objects.exists(),
        server=has_server(account, Channel.MARKETING),
        sent=Campaign.objects.filter(queued_at__isnull=False).exists(),
    )


def last_campaigns(count: int = 5) -> list[CampaignLine]:
    """The newest campaigns in scope, with how far each has come."""
    rows = Campaign.objects.select_related("dispatch").order_by("-pk")[:count]
    return [CampaignLine(row, counts_of(row.dispatch) if row.dispatch else None) for row in rows]


def installed() -> Installed:
    """The installation, as the checklist of the operator's start page needs it."""
    return Installed(
        servers=DeliveryServer.objects.exists(),
        tested=DeliveryServer.objects.filter(test_state=DeliveryServer.TestState.OK).exists(),
        groups=UserGroup.objects.exists(),
        routed=serving(Channel.MARKETING).exists(),
        accounts=Account.objects.exists(),
        engines=any(line.works for line in delivery_queries.engines()),
        sent=Dispatch.objects.filter(accepted__gt=0).exists(),
    )


def servers_in_trouble() -> QuerySet[DeliveryServer]:
    """Servers in use that are paused, or whose last connection test failed."""
    paused = Q(paused_until__gt=timezone.now())
    failed = Q(test_state=DeliveryServer.TestState.FAILED)
    return DeliveryServer.objects.filter(paused | failed, retired_at=None).order_by("name")


def imports_running(count: int = 10) -> QuerySet[Import]:
    """Imports that wait or run, of every account."""
    unfinished = (Import.State.QUEUED, Import.State.RUNNING)
    rows: QuerySet[Import] = Import.objects.filter(state__in=unfinished)
    return rows.select_related("account", "list").order_by("pk")[:count]


def domains_in_trouble(count: int = 10) -> QuerySet[SenderDomain]:
    """Domains that wait for their records, of every account; the ones once verified go first."""
    rows = domain_queries.domains().filter(status=SenderDomain.Status.PENDING)
    return rows.order_by(F("verified_at").desc(nulls_last=True), "name")[:count]
