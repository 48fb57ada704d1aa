"""``posthouse import``: a CSV file of subscribers into a list, with progress and a clear end."""

import getpass
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from posthouse.cli.starting import fail, start_django

if TYPE_CHECKING:
    from rich.progress import Progress

    from posthouse.accounts.models import Account
    from posthouse.audience.models import Import, SubscriberList

# Exit codes. Python itself ends with 1, typer with 2 for options that it does not understand.
BROKE_OFF, NOTHING_IMPORTED, SOME_REJECTED = 1, 2, 3
_CHUNK = 2**20


def import_subscribers(
    file: Annotated[Path, typer.Argument(help="The CSV file, with a line of column names.")],
    *,
    account: Annotated[str, typer.Option(help="Short name of the account, as in /a/NAME/.")],
    list_name: Annotated[str, typer.Option("--list", help="Name of the list to fill.")],
    create_list: Annotated[
        bool, typer.Option("--create-list", help="Create the list if it is not there.")
    ] = False,
    consent: Annotated[str, typer.Option(help="Where these people agreed to get mail.")] = "",
    rejected: Annotated[
        Path | None,
        typer.Option(help="Where rejected rows go; else beside FILE, as NAME-rejected.csv."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Imports a CSV file of subscribers into a list of an account.

    Other columns than the address fill custom fields of the same name, or new ones.
    Who left the list, or is suppressed, stays so. Importing a file again is safe.

    Example: posthouse import people.csv --account harbour-books --list Newsletter

    Exit codes:
    0 all rows were imported, 3 some rows were rejected,
    1 it broke off, 2 nothing was imported.
    """
    start_django()
    from posthouse.accounts import access
    from posthouse.accounts.models import Account

    found = Account.objects.filter(slug=account).first()
    if found is None:
        fail(f"there is no account {account!r}; the address of its pages, /a/NAME/, has the name.")
    with access.tenant(found):
        row = _import(found, file, list_name, create_list, consent, quiet=as_json)
        kept = _fetch_rejected(row, rejected or file.with_name(f"{file.stem}-rejected.csv"))
        _tell(row, kept, as_json)
    if row.state == row.State.FAILED:
        raise typer.Exit(BROKE_OFF)
    if row.rejected:
        raise typer.Exit(SOME_REJECTED)


def _import(
    account: "Account", file: Path, list_name: str, create: bool, consent: str, *, quiet: bool
) -> "Import":
    from django.core.exceptions import ValidationError

    from posthouse.accounts.actors import Actor
    from posthouse.accounts.models import Role
    from posthouse.audience import imports
    from posthouse.audience.errors import AudienceRefused

    actor = Actor(kind="system", name=f"posthouse import ({getpass.getuser()})", role=Role.OWNER)
    into, claim = _list_to_fill(list_name, create), imports.new_claim()
    with _progress(quiet) as bar:
        try:
            chunks = _chunks(file, bar)
            row = imports.take_in(
                actor, account, file.name, chunks, into=into, consent=consent, claim=claim
            )
        except AudienceRefused as refused:
            fail(f"{file.name}: {refused}", NOTHING_IMPORTED)
        except ValidationError as error:
            fail(" ".join(error.messages), NOTHING_IMPORTED)
        task = bar.add_task("Importing", total=row.bytes_total)
        return imports.run_here(row, lambda now: bar.update(task, completed=now.bytes_read))


def _list_to_fill(name: str, create: bool) -> "SubscriberList | str":
    from posthouse.audience.models import SubscriberList

    row = SubscriberList.objects.filter(name=name.strip()).first()
    if row is None and not create:
        known = SubscriberList.objects.order_by("name").values_list("name", flat=True)[:20]
        there = f"the account has {', '.join(known)}" if known else "the account has none yet"
        fail(f"there is no list {name!r}; {there}. Use --create-list to create it.")
    return row or name


def _chunks(file: Path, bar: "Progress") -> Iterator[bytes]:
    try:
        with file.open("rb") as source:
            task = bar.add_task("Reading", total=file.stat().st_size)
            while chunk := source.read(_CHUNK):
                bar.update(task, advance=len(chunk))
                yield chunk
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}.", NOTHING_IMPORTED)


def _progress(quiet: bool) -> "Progress":
    """A bar on standard error, so that the result alone is on standard output."""
    from rich.console import Console
    from rich.progress import Progress

    return Progress(console=Console(stderr=True), transient=True, disable=quiet)


def _fetch_rejected(row: "Import", wanted: Path) -> Path | None:
    """Copies the file of rejected rows to where the person asked for it."""
    from posthouse.audience import storage

    if not storage.has_rejects(row):
        return None
    try:
        return Path(shutil.copyfile(storage.rejects_of(row), wanted))
    except OSError:
        return storage.rejects_of(row)  # the import is done; only the copy cannot be written


def _tell(row: "Import", rejected: Path | None, as_json: bool) -> None:
    names = ("rows_read", "added", "updated", "rejected", "kept_out")
    counts = {name: getattr(row, name) for name in names}
    said = {"import": row.public_id, "state": row.state, "problem": row.problem}
    if as_json:
        where = {"rejected_file": str(rejected) if rejected else None}
        typer.echo(json.dumps(said | counts | where))
        return
    if row.problem:
        typer.echo(f"The import broke off: {row.problem}", err=True)
    typer.echo(
        f"{row.rows_read:,} rows: {row.added:,} people added to {row.list}, "
        f"{row.updated:,} updated, {row.rejected:,} rejected."
    )
    if row.kept_out:
        typer.echo(f"{row.kept_out:,} rows are of people who left or are suppressed; they stay so.")
    if rejected:
        typer.echo(f"Rejected rows, with reasons: {rejected}")
