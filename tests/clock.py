"""Sets the clock of the test's database, for every connection to it: our own code asks as ever."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.db import connection, connections
from django.db.backends.signals import connection_created

# What stands before pg_catalog in the path is found first.
_BEGIN = """
CREATE SCHEMA set_clock;
CREATE TABLE set_clock.now (moment timestamptz);
INSERT INTO set_clock.now VALUES (pg_catalog.now());
CREATE FUNCTION set_clock.clock_timestamp() RETURNS timestamptz
    LANGUAGE sql AS 'SELECT moment FROM set_clock.now'"""
_USE = "SET search_path TO set_clock, public, pg_catalog"


class DatabaseClock:
    """Stands still until it is set again; begins at noon of a quiet day."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 18, 12, tzinfo=UTC)

    def set(self, moment: str) -> datetime:
        """From now on it is this moment, as ISO 8601 with an offset."""
        self.now = datetime.fromisoformat(moment).astimezone(UTC)
        if connection.vendor == "postgresql":
            _run("UPDATE set_clock.now SET moment = %s", self.now)
        return self.now

    def show(self, sender: object, connection: Any, **_: object) -> None:
        """A new connection is told of this clock."""
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(_USE)
        else:
            connection.connection.create_function("strftime", 2, self._strftime)

    def _strftime(self, wanted: str, of: str) -> str:
        assert of.lower() == "now"
        seconds = f"{self.now:%S}.{self.now.microsecond // 1000:03}"
        return f"{self.now:{wanted.replace('%f', seconds)}}"


@contextmanager
def database_clock() -> Iterator[DatabaseClock]:
    """Connections are opened anew before and after; not for use inside a test's transaction."""
    clock = DatabaseClock()
    if connection.vendor == "postgresql":
        _run(_BEGIN)
    connection_created.connect(clock.show)
    connections.close_all()
    clock.set(clock.now.isoformat())
    try:
        yield clock
    finally:
        connection_created.disconnect(clock.show)
        connections.close_all()
        if connection.vendor == "postgresql":
            _run("DROP SCHEMA set_clock CASCADE")


def _run(statement: str, *values: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
