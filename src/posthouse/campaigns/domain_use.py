"""Says which campaigns still need a sender domain, so that it is not deleted under them."""

from posthouse.campaigns.models import Campaign
from posthouse.domains.models import SenderDomain

_UNDER_WAY = (
    Campaign.State.QUEUED,
    Campaign.State.SENDING,
    Campaign.State.PAUSING,
    Campaign.State.PAUSED,
)


def campaigns_under_way(domain: SenderDomain) -> list[str]:
    """The names of campaigns that are being sent from the domain."""
    using = Campaign.objects.filter(sender_domain=domain, state__in=_UNDER_WAY)
    return [f"the campaign “{name}”" for name in using.values_list("name", flat=True)[:5]]
