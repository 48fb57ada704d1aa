"""Runs one import: reads rows, judges them, writes a batch at a time, counts, can be cut off.

The counters move in the transaction that writes the batch. After a kill the next worker reads the
file from the beginning, rewrites the rejected rows, and writes again from the first row that is
not counted: nothing is counted twice, nothing is left out.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from posthouse.audience import csvfile, storage
from posthouse.audience.columns import Column, Field
from posthouse.audience.errors import FileRefused, ImportLost
from posthouse.audience.merging import Target, merge
from posthouse.audience.models import Import
from posthouse.audience.rejects import Rejects
from posthouse.audience.rows import Person, Plan, RowRefused, judge

# Long enough that statements cost little, short enough that nobody waits for the database long.
BATCH = 1_000

State = Import.State
_COUNTERS = ("rows_read", "added", "updated", "kept_out", "rejected", "bytes_read")


def run(row: Import, keep_going: Callable[[], bool], on_batch: Callable[[Import], None]) -> bool:
    """Imports a claimed row's file; False: it was told to stop. Raises FileRefused, ImportLost."""
    draft = storage.rejects_draft_of(row)
    try:
        if not _read_all(row, draft, keep_going, on_batch):
            return False
        if row.rejected:
            draft.replace(storage.rejects_of(row))
        return True
    finally:
        draft.unlink(missing_ok=True)


def _read_all(
    row: Import,
    draft: Path,
    keep_going: Callable[[], bool],
    on_batch: Callable[[Import], None],
) -> bool:
    path, head, plan, target = storage.file_of(row), _head(row), _plan(row), _target(row)
    if not path.exists():
        raise FileRefused("The uploaded file is gone from the disk. Upload it again.")
    behind, number = row.rows_read, 0  # rows that an earlier worker wrote, rows read by us
    with csvfile.rows_of(path, head) as rows, Rejects(draft, head.columns) as bad:
        for batch in _batches(rows):
            number += len(batch)
            people = _judge(plan, batch, bad)
            if number <= behind:
                continue
            if not keep_going():
                return False
            _write(row, target, people, len(batch), rows.position)
            on_batch(row)
    return True


def _batches(rows: Iterable[csvfile.Row]) -> Iterator[list[csvfile.Row]]:
    """The same batches each time the file is read."""
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH)):
        yield batch


def _judge(plan: Plan, batch: Sequence[csvfile.Row], bad: Rejects) -> list[Person]:
    people = []
    for row in batch:
        try:
            if row.problem:
                raise RowRefused(row.problem)
            people.append(judge(plan, row.values))
        except RowRefused as refused:
            bad.add(row.values, f"Line {row.line:,}: {refused}")
    return people


@transaction.atomic
def _write(row: Import, target: Target, people: Sequence[Person], rows: int, position: int) -> None:
    """One batch and its counts, or none of both; ImportLost when the claim is another's."""
    tally = merge(target, people)
    mine = Import.objects.filter(pk=row.pk, claim=row.claim, state=State.RUNNING)
    written = mine.update(
        rows_read=F("rows_read") + rows,
        added=F("added") + tally.added,
        updated=F("updated") + tally.updated,
        kept_out=F("kept_out") + tally.kept_out,
        rejected=F("rejected") + rows - len(people),
        bytes_read=min(position, row.bytes_total),
        heartbeat_at=timezone.now(),
    )
    if not written:
        raise ImportLost(f"The import of {row.file_name} is not ours any more.")
    row.refresh_from_db(fields=_COUNTERS)


def _head(row: Import) -> csvfile.Head:
    given = row.head
    return csvfile.Head(**{**given, "columns": tuple(given["columns"]), "sample": ()})


def _plan(row: Import) -> Plan:
    columns = [
        Column(**{**one, "field": Field(**one["field"]) if one["field"] else None})
        for one in row.plan["columns"]
    ]
    return Plan(row.plan["email"], len(row.head["columns"]), tuple(columns))


def _target(row: Import) -> Target:
    if row.list is None:
        raise FileRefused("The list was deleted.")
    said = {"text": row.consent_source} if row.consent_source else {}
    return Target(row.account, row.list, "import", {"import": row.public_id} | said)
