"""Registers the feature with Django."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """See the package's models, services and pages."""

    name = "posthouse.accounts"

    def ready(self) -> None:
        from posthouse.accounts import signins  # noqa: PLC0415 - needs the models

        signins.listen()
