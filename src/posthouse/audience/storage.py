"""Where the files of imports lie: under the installation's home, a folder for each account."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import transaction

from posthouse.audience.errors import FileRefused
from posthouse.audience.models import Import

LARGEST_FILE = 2 * 2**30  # bytes; ten million people with five fields fit


def file_of(row: Import) -> Path:
    """The uploaded file; it is there until the import is done."""
    return _folder(row) / f"{row.public_id}.csv"


def rejects_of(row: Import) -> Path:
    """The file of rejected rows; it is there if any were."""
    return _folder(row) / f"{row.public_id}-rejected.csv"


def has_rejects(row: Import) -> bool:
    """Is there a finished file of rejected rows to fetch?"""
    return not row.is_moving and bool(row.rejected) and rejects_of(row).exists()


def rejects_draft_of(row: Import) -> Path:
    """The same while it is written; every claim has its own, so that two never mix."""
    return _folder(row) / f"{row.public_id}-{row.claim}.part"


def keep(row: Import, chunks: Iterable[bytes]) -> int:
    """Writes the uploaded file, for nobody else on the machine to read; its size in bytes."""
    path = file_of(row)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    size = 0
    with path.open("wb") as file:
        for chunk in chunks:
            size += file.write(chunk)
            if size > LARGEST_FILE:
                limit = LARGEST_FILE // 2**30
                raise FileRefused(f"The file is larger than {limit} GB. Import it in parts.")
    return size


def forget(row: Import) -> None:
    """Removes both files, once the database has forgotten them too."""
    for path in (file_of(row), rejects_of(row)):
        transaction.on_commit(partial(path.unlink, missing_ok=True))


def forget_upload(row: Import) -> None:
    """Removes the uploaded file: what was in it is in the database now, or was refused."""
    file_of(row).unlink(missing_ok=True)


def _folder(row: Import) -> Path:
    return Path(settings.HOME) / "imports" / row.account.public_id
