"""The worker process: housekeeping by reconciliation; rows say what is to be done, it does it.

There is no queue of jobs that could disagree with the rows: a job that was killed is found again.
"""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError, close_old_connections

from posthouse.accounts import access, notices
from posthouse.audience.imports import forget_abandoned
from posthouse.audience.imports import run_next as run_next_import
from posthouse.deliveries import sweep, volume, windows
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.fan_out import fan_out_next
from posthouse.domains import master
from posthouse.domains.keys import drop_old
from posthouse.domains.sweep import check_due, forget_old_checks
from posthouse.housekeeping import events, leases
from posthouse.webhooks import sending as webhooks

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do again and again; ``run`` says whether there was anything to do."""

    name: str
    run: Callable[[], bool]
    every: float = 0  # seconds; 0: as often as there is work


_IDLE_SECONDS = 0.2
_LEASE_SECONDS = 10  # renewed each round; a dead leader is missed so long


def lanes(stop: threading.Event) -> tuple[tuple[Job, ...], ...]:
    """A lane is a thread: an import of a million rows must not keep a campaign waiting."""
    resting: events.Resting = {}
    mail = (
        Job("events", lambda: events.handle_some(resting)),
        Job("fan-out", fan_out_next),
        # Each on its own: one that fails must not keep the others from their work.
        Job("ended leases", lambda: bool(sweep.expire_leases(database_now())), every=0.5),
        Job("due again", lambda: bool(sweep.bring_back_due(database_now())), every=0.5),
        Job("cancelled", lambda: bool(sweep.skip_cancelled()), every=0.5),
        Job("finished", lambda: bool(sweep.close_finished()), every=0.5),
        Job("room again", lambda: bool(windows.resume_what_has_room(database_now())), every=1),
        Job("limits", lambda: bool(windows.tell_what_calmed_down(database_now())), every=5),
        Job("old limits", windows.forget_old_days, every=600),
        Job("old volume", volume.forget_old, every=600),
    )
    imports = (
        Job("imports", lambda: run_next_import(lambda: not stop.is_set())),
        Job("abandoned uploads", forget_abandoned, every=3600),
    )
    names = (
        Job("domain checks", lambda: check_due(lambda: not stop.is_set()), every=60),
        Job("master domain", master.check_due, every=3600),
        Job("old domain checks", forget_old_checks, every=600),
        Job("retired DKIM keys", drop_old, every=600),
    )
    # System mail may be slow; nobody's campaign waits for it.
    to_people = (
        Job("notices", notices.send_next, every=1),
        Job("old notices", notices.forget_old, every=3600),
    )
    to_programs = (
        Job("webhooks", lambda: webhooks.send_due(lambda: not stop.is_set())),
        Job("old webhook calls", webhooks.forget_old, every=60),
    )
    return mail, imports, names, to_people, to_programs


def run() -> None:
    """Works until SIGTERM. One worker of an installation leads; the others stand by."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    owner = f"{socket.gethostname()}:{os.getpid()}"
    log.info("worker %s works", owner)
    threads = [threading.Thread(target=_lane, args=(jobs, owner, stop)) for jobs in lanes(stop)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _let_go(owner)
    log.info("worker %s stops", owner)


def _lane(jobs: tuple[Job, ...], owner: str, stop: threading.Event) -> None:
    """Rounds of one lane's jobs while this worker leads; rests when there is nothing to do."""
    due = dict.fromkeys((job.name for job in jobs), 0.0)
    while not stop.is_set():
        worked = _leads(owner) and _round(jobs, due, stop)
        if not worked:
            stop.wait(_IDLE_SECONDS)
    close_old_connections()


def _leads(owner: str) -> bool:
    close_old_connections()
    try:
        return leases.hold(leases.HOUSEKEEPING, owner, seconds=_LEASE_SECONDS)
    except (OperationalError, InterfaceError) as error:
        log.warning("the database did not answer: %s", error)
    except Exception:
        log.exception("the lease could not be asked for; it is tried again")
    return False


def _let_go(owner: str) -> None:
    try:
        leases.let_go(leases.HOUSEKEEPING, owner)
    except (OperationalError, InterfaceError) as error:
        log.warning("the lease ends by itself, the database did not answer: %s", error)


def _round(jobs: tuple[Job, ...], due: dict[str, float], stop: threading.Event) -> bool:
    """Each job once, if it is due; was there anything to do?"""
    worked = False
    for job in jobs:
        now = time.monotonic()
        if now < due[job.name] or stop.is_set():
            continue
        due[job.name] = now + job.every
        worked = _do(job) or worked
    return worked


def _do(job: Job) -> bool:
    """One job; its failure is said, and does not keep the others from theirs."""
    close_old_connections()
    try:
        with access.across_tenants():
            return job.run()
    except (OperationalError, InterfaceError) as error:
        log.warning("%s: the database did not answer: %s", job.name, error)
    except Exception:
        log.exception("%s failed; it is tried again", job.name)
    return False
