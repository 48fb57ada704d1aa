"""The processes of an installation: web, worker, engine; and the migration before them."""

from typing import Annotated

import typer

from posthouse.cli.checks import demand_free
from posthouse.cli.starting import migrate as bring_up_to_date
from posthouse.cli.starting import start_django


def web(
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Serves the pages and the API."""
    start_django()
    demand_free(host, port)
    from posthouse.web.server import serve

    serve(host, port)


def worker() -> None:
    """Does the housekeeping: fan-out, imports, retries, sweeps."""
    start_django()
    from posthouse.housekeeping.process import run

    run()


def engine(
    name: Annotated[
        str, typer.Option(help="Name of this engine; each engine of an installation has its own.")
    ] = "engine-1",
) -> None:
    """Claims batches and delivers them until it is told to stop (SIGTERM drains)."""
    start_django()
    from posthouse.engine.process import run

    run(name)


def migrate() -> None:
    """Brings the database to this version's tables."""
    start_django(migrated=False)
    bring_up_to_date(verbosity=1)
