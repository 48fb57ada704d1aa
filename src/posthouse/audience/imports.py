"""The verbs on imports: take a file in, start it with a plan of its columns, run it, remove it."""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import timedelta
from pathlib import PurePath

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from posthouse.accounts import access, audit
from posthouse.accounts.actors import SYSTEM, Actor
from posthouse.accounts.models import Account
from posthouse.accounts.permissions import demand
from posthouse.audience import columns, csvfile, fields, queries, services, storage
from posthouse.audience.errors import FileRefused, ImportLost, StartedAlready, StillRunning
from posthouse.audience.import_run import State, run
from posthouse.audience.models import Import, SubscriberList
from posthouse.audience.validation import line

# A worker that was not heard of for so long is taken for dead; a batch takes about a second.
_SILENCE = timedelta(minutes=2)
# People's data is not left lying about because somebody closed a tab.
_ABANDONED_AFTER = timedelta(days=7)
# An import that kills its worker so often would do so for ever.
_MOST_CLAIMS = 5


def receive(
    actor: Actor,
    account: Account,
    file_name: str,
    chunks: Iterable[bytes],
    into: SubscriberList | None = None,
) -> Import:
    """Keeps an uploaded file and reads its columns; raises FileRefused, and keeps nothing then."""
    demand(actor, "edit")
    name = "".join(c for c in PurePath(file_name).name if c.isprintable())[-200:] or "subscribers"
    row = Import(account=account, file_name=name, list=into)
    try:
        row.bytes_total = storage.keep(row, chunks)
        head = csvfile.read_head(storage.file_of(row))
        csvfile.check_encoding(storage.file_of(row), head.encoding)
    except BaseException:
        storage.forget_upload(row)
        raise
    row.head = asdict(head)
    with transaction.atomic():
        row.save()
        audit.record(actor, "import.upload", row, account=account, after={"bytes": row.bytes_total})
    return row


def take_in(
    actor: Actor,
    account: Account,
    file_name: str,
    chunks: Iterable[bytes],
    *,
    into: SubscriberList | str,
    consent: str = "",
    claim: str = "",
) -> Import:
    """``receive`` and ``start`` in one, for programs; whatever is refused, nothing is kept."""
    row = receive(actor, account, file_name, chunks)
    try:
        return start(actor, row, into=into, consent=consent, claim=claim)
    except BaseException:
        storage.forget_upload(row)
        row.delete()
        raise


def proposal(row: Import, email: int | None = None) -> list[columns.Column]:
    """What would become of each column but the address's."""
    head = row.head
    address = head["email"] if email is None else email
    return columns.map_columns(head["columns"], address, queries.known_fields())


@transaction.atomic
def start(
    actor: Actor,
    imported: Import,
    *,
    into: SubscriberList | str,
    email: int | None = None,
    choices: Mapping[int, str] | None = None,
    consent: str = "",
    claim: str = "",
) -> Import:
    """Hands the import to the next free worker, or to whoever brings a ``claim``.

    ``into`` is a list, or the name of a new one. ``email`` and ``choices`` (``columns.choose``)
    say what columns mean where ``proposal`` is wrong. New custom fields are made here.
    """
    demand(actor, "edit")
    row = Import.objects.select_for_update().get(pk=imported.pk)
    if row.state != State.UPLOADED:
        raise StartedAlready(row.file_name)
    head = row.head
    address = head["email"] if email is None else email
    if not 0 <= address < len(head["columns"]):
        raise ValidationError({"email": "The file has no such column."})
    chosen = _chosen(row, address, choices or {})
    row.consent_source = line("consent", consent, 200, required=False)
    for column in chosen:
        if column.field and column.is_new:
            label, key = column.field.label, column.field.key
            fields.create_field(actor, row.account, label=label, key=key)
    row.list, row.started_by = _list_to_fill(actor, row.account, into), actor.name
    row.plan = {"email": address, "columns": [asdict(column) for column in chosen]}
    row.head = {**head, "sample": []}
    row.state = State.RUNNING if claim else State.QUEUED
    row.claim, row.heartbeat_at = claim, timezone.now()
    row.save()
    after = {"file": row.file_name, "list": row.list.name, "consent": row.consent_source}
    audit.record(actor, "import.start", row, account=row.account, after=after)
    return row


@transaction.atomic
def remove(actor: Actor, imported: Import) -> None:
    """Forgets an import and its files; whom it brought stays."""
    demand(actor, "edit")
    row = Import.objects.select_for_update().get(pk=imported.pk)
    if row.is_moving:
        raise StillRunning(row.file_name)
    audit.record(actor, "import.remove", row, account=row.account)
    storage.forget(row)
    row.delete()


def run_next(keep_going: Callable[[], bool] = lambda: True) -> bool:
    """Runs the oldest import that waits, or whose worker died; False: there is none.

    Between batches ``keep_going`` is asked; when it says no, the import waits for the next worker.
    """
    with access.across_tenants():
        row = _claim_next()
    if row is None:
        return False
    with access.tenant(row.account):
        _finish(row, keep_going)
    return True


def forget_abandoned() -> bool:
    """Removes files that were uploaded and never started, after a week; False: there are none."""
    with access.across_tenants():
        old = Import.objects.filter(
            state=State.UPLOADED, created_at__lt=timezone.now() - _ABANDONED_AFTER
        )
        row = old.select_related("account").first()
        if row is None:
            return False
        remove(SYSTEM, row)
    return True


def run_here(row: Import, on_batch: Callable[[Import], None]) -> Import:
    """Runs an import that was started with a claim of our own; the row as it ended."""
    try:
        _finish(row, lambda: True, on_batch)
    except BaseException as error:
        stopped = isinstance(error, KeyboardInterrupt)
        why = "It was stopped" if stopped else "The program ended"
        _fail(row, f"{why} before the end of the file. Importing it again is safe.")
        raise
    row.refresh_from_db()
    return row


def new_claim() -> str:
    """A token that proves whose an import is."""
    return secrets.token_hex(16)


def _list_to_fill(actor: Actor, account: Account, into: SubscriberList | str) -> SubscriberList:
    if isinstance(into, SubscriberList):
        return into
    try:
        return services.create_list(actor, account, name=into)
    except ValidationError as error:
        raise ValidationError({"new_list": error.message_dict["name"]}) from None


def _chosen(row: Import, email: int, choices: Mapping[int, str]) -> list[columns.Column]:
    try:
        return columns.choose(proposal(row, email), queries.known_fields(), choices)
    except columns.TwoForOne as error:
        raise ValidationError({f"column_{error.index}": str(error)}) from None
    except KeyError as error:
        raise ValidationError({"columns": f"There is no custom field {error}."}) from None


def _claim_next() -> Import | None:
    now = timezone.now()
    dead = Q(state=State.RUNNING, heartbeat_at__lt=now - _SILENCE)
    waiting = Import.objects.filter(Q(state=State.QUEUED) | dead).order_by("pk")
    row = waiting.select_related("account", "list").first()
    if row is None:
        return None
    claim = new_claim()
    mine = Import.objects.filter(pk=row.pk, state=row.state, claim=row.claim).update(
        state=State.RUNNING, claim=claim, claims=F("claims") + 1, heartbeat_at=now
    )
    if not mine:
        return None  # another worker was faster
    row.refresh_from_db()
    return row


def _finish(
    row: Import,
    keep_going: Callable[[], bool],
    on_batch: Callable[[Import], None] = lambda _: None,
) -> None:
    """Runs a claimed import and notes how it ended."""
    if row.claims > _MOST_CLAIMS:
        _fail(row, f"It was begun {_MOST_CLAIMS} times, and each time the worker ended early.")
        return
    try:
        ended = run(row, keep_going, on_batch)
    except FileRefused as refused:
        _fail(row, str(refused))
    except ImportLost:
        return
    else:
        if not ended:
            _change(row, state=State.QUEUED, claim="", claims=F("claims") - 1)
            return
        _change(row, state=State.DONE, claim="", bytes_read=F("bytes_total"), finished=True)


def _fail(row: Import, problem: str) -> None:
    _change(row, state=State.FAILED, claim="", problem=problem[:1000], finished=True)


@transaction.atomic
def _change(row: Import, *, finished: bool = False, **values: object) -> None:
    """Writes how the import stands, if it is still ours."""
    if finished:
        values["finished_at"] = timezone.now()
    mine = Import.objects.filter(pk=row.pk, claim=row.claim, state=State.RUNNING)
    if not mine.update(**values) or not finished:
        return
    row.refresh_from_db()
    counts = {name: getattr(row, name) for name in ("added", "updated", "rejected", "problem")}
    audit.record(SYSTEM, f"import.{row.state}", row, account=row.account, after=counts)
    audit.announce(f"import.{row.state}", row.account, **{"import": row.public_id})
    transaction.on_commit(lambda: storage.forget_upload(row))
