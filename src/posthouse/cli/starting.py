"""Starts Django for a command; what an operator got wrong becomes one clear sentence."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from posthouse.operations.starting import migrate
from posthouse.operations.starting import start_django as start

__all__ = ["explained", "fail", "migrate", "start_django"]
from typing import NoReturn


def start_django(*, migrated: bool = True) -> None:
    """Loads settings and models; ``migrated`` demands a database that is up to date."""
    start()
    if migrated:
        _demand_migrated()


def fail(sentence: str, code: int = 2) -> NoReturn:
    """Prints what went wrong, and ends the command."""
    print(f"posthouse: {sentence}", file=sys.stderr)  # noqa: T201
    raise SystemExit(code)


@contextmanager
def explained() -> Iterator[None]:
    """No traceback for a wrong setting, an unreachable database or a file that can't be written."""
    try:
        yield
    except KeyboardInterrupt:
        fail("stopped.", 130)
    except PermissionError as error:
        fail(f"{error.filename} cannot be written or read: {error.strerror}. Set POSTHOUSE_HOME?")
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        fail(sentence)


def _sentence(error: Exception) -> str | None:
    """What to tell the operator; None for what is a fault of ours."""
    if getattr(error, "is_for_the_operator", False):
        return str(error)
    if type(error).__module__.startswith("django.db") and type(error).__name__ in {
        "OperationalError",
        "InterfaceError",
    }:
        return f"the database cannot be reached: {error}. Check POSTHOUSE_DATABASE_URL."
    return None


def _demand_migrated() -> None:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        fail("the database is not up to date: run ./run migrate first (./run up does it itself).")
