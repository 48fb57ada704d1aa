"""``posthouse operator``: people who run the installation."""

import sys
from typing import Annotated

import typer

from posthouse.cli.starting import fail, start_django

app = typer.Typer(help="People who run the installation.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """People who run the installation."""


@app.command("create")
def create(
    email: Annotated[str, typer.Argument(help="The address they sign in with.")],
    name: Annotated[str, typer.Option(help="What others see.")] = "",
    password_stdin: Annotated[
        bool, typer.Option(help="Read the password from standard input instead of asking.")
    ] = False,
) -> None:
    """Makes an operator. Example: posthouse operator create you@example.com"""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    start_django()
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    from posthouse.accounts.actors import SYSTEM
    from posthouse.accounts.people import create_user

    try:
        validate_password(password)
        create_user(SYSTEM, email=email, name=name, password=password, is_operator=True)
    except ValidationError as error:
        fail(f"{email} was not made an operator: {' '.join(error.messages)}")
    typer.echo(f"{email} can sign in now.")
