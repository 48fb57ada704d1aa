"""What the two start pages show: the state of an account, and what is in trouble anywhere."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from posthouse.accounts.models import Account
from posthouse.audience.models import Import, Subscriber
from posthouse.campaigns.models import Campaign
from posthouse.campaigns.progress import counts_of
from posthouse.core.channels import Channel
from posthouse.domains import queries as domain_queries
from posthouse.domains.models import SenderDomain
from posthouse.servers.choosing import has_server
from posthouse.servers.models import DeliveryServer


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


def servers_in_trouble() -> QuerySet[DeliveryServer]:
    """Servers in use that are paused, or whose last connection test failed."""
    paused = Q(paused_until__gt=timezone.now())
    failed = Q(test_state=DeliveryServer.TestState.FAILED)
    in_use = DeliveryServer.objects.filter(retired_at=None)
    return in_use.filter(paused | failed).order_by("name")


def imports_running(count: int = 10) -> QuerySet[Import]:
    """Imports that wait or run, of every account."""
    unfinished = (Import.State.QUEUED, Import.State.RUNNING)
    rows: QuerySet[Import] = Import.objects.filter(state__in=unfinished)
    return rows.select_related("account", "list").order_by("pk")[:count]


def domains_in_trouble(count: int = 10) -> QuerySet[SenderDomain]:
    """Domains that wait for their records or are broken; the ones once verified go first."""
    waiting = Q(status=SenderDomain.Status.PENDING)
    rows = domain_queries.domains().filter(waiting | domain_queries.is_broken())
    return rows.order_by(F("verified_at").desc(nulls_last=True), "name")[:count]
