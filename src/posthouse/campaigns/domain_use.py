"""Says which campaigns need a sender domain, so that it is not deleted under them unawares."""

from collections.abc import Iterable

from posthouse.campaigns.models import Campaign
from posthouse.domains.models import SenderDomain

_UNDER_WAY = (
    Campaign.State.QUEUED,
    Campaign.State.SENDING,
    Campaign.State.PAUSING,
    Campaign.State.PAUSED,
)
_MOST = 5


def campaigns_under_way(domain: SenderDomain) -> list[str]:
    """The names of campaigns that are being sent from the domain."""
    return _named(domain, _UNDER_WAY)


def drafts(domain: SenderDomain) -> list[str]:
    """The names of campaigns that somebody is writing, to be sent from it."""
    return _named(domain, [Campaign.State.DRAFT])


def _named(domain: SenderDomain, states: Iterable[str]) -> list[str]:
    using = Campaign.objects.filter(sender_domain=domain, state__in=list(states)).order_by("-pk")
    names = list(using.values_list("name", flat=True)[: _MOST + 1])
    told = [f"the campaign “{name}”" for name in names[:_MOST]]
    return [*told, "other campaigns"] if len(names) > _MOST else told
