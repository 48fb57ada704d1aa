"""Saving messages as files: where, how a file appears at once, and whether it works."""

import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from posthouse.core.delivery.pickup import Layout
from posthouse.servers.models import DeliveryServer
from posthouse.servers.probe import ProbeReport, ProbeStep

_DRAFTS = ".drafts"  # inside the folder, so that a rename never crosses file systems
_ADVICE = "The user that Posthouse runs as must be able to write below POSTHOUSE_DISK_FOLDER."


@dataclass(frozen=True, slots=True)
class DiskSettings:
    """The folder of one server of the kind "Save to disk"."""

    folder: Path
    layout: Layout


def disk_settings_of(server: DeliveryServer) -> DiskSettings:
    """Where an engine writes; it makes the folder when it is not there."""
    return DiskSettings(settings.DISK_FOLDER / server.folder, Layout(server.disk_layout))


def save(folder: Path, name: str, content: bytes) -> None:
    """Writes a file that appears under its name whole or not at all. Raises OSError."""
    drafts = folder / _DRAFTS
    drafts.mkdir(mode=0o750, parents=True, exist_ok=True)
    draft = drafts / f"{name}.{secrets.token_hex(4)}"
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(folder / name)
    finally:
        draft.unlink(missing_ok=True)


def settle(folder: Path) -> None:
    """Makes sure that the names written so far outlast a loss of power. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def probe_disk(where: DiskSettings) -> ProbeReport:
    """Writes a file as messages are written, among the drafts, and removes it."""
    began = time.monotonic()
    trial = where.folder / _DRAFTS
    try:
        save(trial, "test", b"Posthouse was here.\r\n")
        settle(trial)
        (trial / "test").unlink()
        (trial / _DRAFTS).rmdir()
    except OSError as error:
        ok, words, advice = False, f"{where.folder} cannot be written: {error.strerror}.", _ADVICE
    else:
        ok, words, advice = True, f"{where.folder} can be written.", ""
    taken = round((time.monotonic() - began) * 1000)
    return ProbeReport((ProbeStep("folder", ok, words, taken, advice),), ())
