"""``posthouse demo``: a world in a box that shows the main job."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    recipients: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="How many sample subscribers to mail.")
    ] = 1000,
    leave: Annotated[
        bool, typer.Option("--exit", help="Stop when the campaign is sent, instead of staying up.")
    ] = False,
    home: Annotated[
        Path | None, typer.Option(help="Where to keep it; by default a new temporary folder.")
    ] = None,
) -> None:
    """Runs the seven steps from a DNS template to a delivered campaign, on real parts."""
    from posthouse.demo.run import run

    raise SystemExit(run(recipients=recipients, leave=leave, home=home))
