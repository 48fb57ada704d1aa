"""Registers the feature with Django."""

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """See the package's models, services and pages."""

    name = "posthouse.campaigns"

    def ready(self) -> None:
        """Lets sender domains ask whether a campaign still needs them."""
        from posthouse.campaigns.domain_use import campaigns_under_way, drafts  # noqa: PLC0415
        from posthouse.domains.services import IN_USE, LEFT_WITHOUT  # noqa: PLC0415

        IN_USE.append(campaigns_under_way)
        LEFT_WITHOUT.append(drafts)
