"""Registers the feature with Django."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """See the package's models, services and pages."""

    name = "posthouse.webhooks"
