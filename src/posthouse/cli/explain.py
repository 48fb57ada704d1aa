"""``posthouse explain``: how an account's mail would leave now, and why."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from posthouse.cli.starting import fail, start_django
from posthouse.core.channels import Channel


def explain(
    account: Annotated[str, typer.Option(help="The account's short name, as in its addresses.")],
    sender: Annotated[str, typer.Option("--from", help="The From address.")],
    channel: Annotated[Channel, typer.Option(help="The kind of mail.")] = Channel.MARKETING,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Says step by step which server and identity mail takes. Exit code 1: it does not leave.

    Example: posthouse explain --account harbour-books --from news@mail.harbour.example
    """
    start_django()
    from posthouse.accounts import access
    from posthouse.accounts.models import Account
    from posthouse.deliveries import explaining

    row = Account.objects.select_related("group").filter(slug=account).first()
    if row is None:
        fail(f"there is no account with the short name {account!r}.")
    with access.tenant(row):
        found = explaining.explain(row, channel, explaining.sender_at(row, sender))
    typer.echo(json.dumps(asdict(found), indent=2) if as_json else found.text)
    raise typer.Exit(1 if found.ending is explaining.Ending.REFUSED else 0)
