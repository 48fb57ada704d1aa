"""Registers the feature with Django."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """See the package's models, services and pages."""

    name = "posthouse.web"
