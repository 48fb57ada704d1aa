"""Registers the feature with Django, for its templates."""

from django.apps import AppConfig


class OperationsConfig(AppConfig):
    """See the package's queries and admin pages."""

    name = "posthouse.operations"
