"""The database's clock: leases and schedules must not depend on which host's clock is right."""

from datetime import UTC, datetime

from django.db import connection

_NOW = {
    "sqlite": "SELECT strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')",
    "postgresql": "SELECT clock_timestamp()",
}


def database_now() -> datetime:
    """This moment by the database, in UTC."""
    with connection.cursor() as cursor:
        cursor.execute(_NOW[connection.vendor])
        (now,) = cursor.fetchone()
    moment = datetime.fromisoformat(now) if isinstance(now, str) else now
    return moment.astimezone(UTC)
