"""Registers the feature with Django."""

from django.apps import AppConfig


class HttpConfig(AppConfig):
    """See the package's models, services and pages."""

    name = "posthouse.http"
