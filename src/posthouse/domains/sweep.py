"""Checks in the background the sender domains whose last check is long ago, many at once.

The look-ups run in one event loop in a thread of its own; this thread reads and writes rows. A
window of domains moves over those that are due, so that a slow zone holds up nobody but itself,
and memory does not grow with their number.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace
from datetime import timedelta
from itertools import chain

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from posthouse.accounts.actors import SYSTEM
from posthouse.core.verification import grace
from posthouse.core.verification.checks import CheckResult
from posthouse.domains.background import looping
from posthouse.domains.checking import name_servers
from posthouse.domains.examine import Examination, NameServers, examine_async
from posthouse.domains.memory import Memory
from posthouse.domains.models import DomainCheck, SenderDomain
from posthouse.domains.settling import Asked, asked_of, settle

log = logging.getLogger(__name__)

WINDOW = 40  # domains that are being looked up; times seven records fits in ten seconds of trouble
SETTLED_AT_ONCE = 20  # domains in one transaction: short enough for those who write beside us
READ_AT_ONCE = 100
MOST_IN_A_ROUND = 20_000
STORM = 100  # so many in a row that nobody could check: it is our resolver, not their zones
KEPT_FOR = timedelta(days=90)  # the history of checks
_FORGOTTEN_AT_ONCE = 1_000

_Checking = dict[Future[Examination], Asked]


def check_due(go_on: Callable[[], bool] = lambda: True) -> bool:
    """Checks every domain that is due; False: none was. Ends early when `go_on` says so, or when
    nothing at all can be looked up; who was not reached stays due. To be called across tenants.
    """
    due = _due()
    first = next(due, None)
    if first is None:
        return False
    with looping("domain checks") as loop:
        servers = replace(name_servers(), memory=Memory())
        _Sweep(loop, servers, go_on).over(chain([first], due))
    return True


def forget_old_checks() -> bool:
    """Deletes some of the history that is too old; False: there was none."""
    old = DomainCheck.objects.filter(at__lt=timezone.now() - KEPT_FOR).order_by("pk")
    pks = list(old.values_list("pk", flat=True)[:_FORGOTTEN_AT_ONCE])
    DomainCheck.objects.filter(pk__in=pks).delete()
    return bool(pks)


class _Sweep:
    """One round over the domains that are due."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, servers: NameServers, go_on: Callable[[], bool]
    ) -> None:
        self._loop, self._servers, self._go_on = loop, servers, go_on
        self._checking: _Checking = {}
        self._in_vain = 0  # checks in a row that could not be made

    def over(self, due: Iterator[Asked]) -> None:
        """Moves the window over them."""
        ready: list[tuple[Asked, Future[Examination]]] = []
        while self._go_on() and self._in_vain < STORM:
            self._fill(due)
            if not self._checking:
                return
            done, _ = wait(self._checking, timeout=1, return_when=FIRST_COMPLETED)
            ready += [(self._checking.pop(each), each) for each in done]
            if len(ready) >= SETTLED_AT_ONCE or not (done and self._checking):
                self._settle(ready)
                ready = []
        if self._in_vain >= STORM:
            log.warning("domain checks rest: %s in a row got no answer from DNS", STORM)

    def _fill(self, due: Iterator[Asked]) -> None:
        while len(self._checking) < WINDOW and (asked := next(due, None)):
            examination = asyncio.run_coroutine_threadsafe(self._examine(asked), self._loop)
            self._checking[examination] = asked

    async def _examine(self, asked: Asked) -> Examination:
        return await examine_async(
            asked.records,
            asked.domain.name,
            self._servers,
            earlier=asked.earlier,
            closely=asked.closely,
        )

    def _settle(self, ready: list[tuple[Asked, Future[Examination]]]) -> None:
        with transaction.atomic():
            for asked, future in ready:
                self._settle_one(asked, future)

    def _settle_one(self, asked: Asked, future: Future[Examination]) -> None:
        """One domain; what goes wrong with it must not keep the others from being checked."""
        try:
            examination = future.result()
            settle(SYSTEM, asked, examination)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("%s could not be checked; it is tried again later", asked.domain.name)
            again = timezone.now() + grace.AFTER_TROUBLE
            SenderDomain.objects.filter(pk=asked.domain.pk).update(next_check_at=again)
        else:
            vain = examination.result is CheckResult.COULD_NOT_CHECK
            self._in_vain = self._in_vain + 1 if vain else 0


def _due() -> Iterator[Asked]:
    """The domains that are due, the longest waiting first, read some at a time."""
    due = SenderDomain.objects.filter(
        status__in=[SenderDomain.Status.ENABLED, SenderDomain.Status.PENDING],
        next_check_at__lte=timezone.now(),
    ).order_by("next_check_at")
    pks = list(due.values_list("pk", flat=True)[:MOST_IN_A_ROUND])
    for start in range(0, len(pks), READ_AT_ONCE):
        rows = due.filter(pk__in=pks[start : start + READ_AT_ONCE])
        for domain in rows.select_related("account").prefetch_related("records"):
            yield asked_of(domain)
