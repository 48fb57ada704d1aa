"""Registers the feature with Django."""

from django.apps import AppConfig


class DeliveriesConfig(AppConfig):
    """See the package's models, services and pages."""

    name = "posthouse.deliveries"

    def ready(self) -> None:
        """Lets delivery servers ask whether something is being sent through them."""
        from posthouse.deliveries.server_use import under_way  # noqa: PLC0415
        from posthouse.servers.retiring import IN_USE  # noqa: PLC0415

        IN_USE.append(under_way)
