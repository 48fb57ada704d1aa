"""Starts Django in a process that is not a web server, and brings its database up to date."""

import os


def start_django() -> None:
    """Loads settings and models."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posthouse.config.settings")
    import django  # noqa: PLC0415  (commands import late: --help must be fast)

    django.setup()


def migrate(verbosity: int = 0) -> None:
    """Brings the database to this version's tables."""
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", interactive=False, verbosity=verbosity)
