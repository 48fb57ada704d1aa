"""``posthouse check``: what is set up, what a first send lacks, what is in trouble."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from posthouse.cli.starting import start_django

if TYPE_CHECKING:
    from collections.abc import Sequence

    from posthouse.operations.checks import Check


def check(
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Checks the installation, as the operator's start page does; it changes nothing.

    Exit code 1: something that sending needs is missing, or in trouble.
    """
    start_django()
    from posthouse.operations.checking import check as check_all

    found = check_all()
    if as_json:
        rows = [_told(one) for one in (*found.steps, *found.others)]
        typer.echo(json.dumps({"can_send": found.can_send, "checks": rows}, indent=2))
    else:
        _show("The first send", found.steps)
        _show("Everything else", found.others)
        said = "Nothing stands in the way." if found.can_send else "Not everything is in order."
        typer.echo(said)
    raise typer.Exit(0 if found.can_send else 1)


def _show(title: str, checks: "Sequence[Check]") -> None:
    typer.echo(f"{title}\n")
    for one in checks:
        typer.echo(f"  {one.mark.value:<8} {one.title}: {one.sentence}")
        if one.mark != "fine":
            typer.echo(f"           {_address(one)}")
    typer.echo("")


def _told(one: "Check") -> dict[str, str]:
    return {
        "check": one.key,
        "mark": one.mark.value,
        "title": one.title,
        "sentence": one.sentence,
        "page": _address(one),
    }


def _address(one: "Check") -> str:
    from django.conf import settings

    return f"{settings.BASE_URL}{one.url}"
