"""Makes the calls that are due, many at once, and forgets old ones; housekeeping calls it.

The requests run in one event loop in a thread of its own; this thread reads and writes rows.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from datetime import timedelta
from typing import Any, TypeVar

import httpx
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from posthouse.domains.background import looping
from posthouse.webhooks.claims import Outgoing, take
from posthouse.webhooks.doors import Doorkeeper
from posthouse.webhooks.models import Call
from posthouse.webhooks.posting import Answer, client_for, post
from posthouse.webhooks.settling import settle

log = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=30)
_NAMES_AT_ONCE = 150  # a name that hangs in the resolver outlives its call, and keeps a thread
_LOOK_AGAIN = 0.2  # seconds: new calls do not wait for those under way
_FORGOTTEN_AT_ONCE = 1_000
Result = TypeVar("Result")


def send_due(go_on: Callable[[], bool] = lambda: True) -> bool:
    """Makes calls while there are any; False: none was due. To be called across tenants.

    When `go_on` says stop, no more are begun and those under way come to their end.
    """
    first = take(())
    if not first:
        return False
    with ExitStack() as ends:
        names = ThreadPoolExecutor(_NAMES_AT_ONCE, "webhook names")
        ends.callback(names.shutdown, wait=False, cancel_futures=True)
        loop = ends.enter_context(looping("webhooks"))
        keeper = Doorkeeper(names, settings.WEBHOOKS_ALLOWED_NETWORKS)
        current = _Round(loop, keeper, go_on)
        ends.callback(current.close)
        current.over(first)
    return True


def forget_old() -> bool:
    """Deletes some of the history that is too old; False: there was none."""
    old = Call.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).order_by("pk")
    pks = list(old.values_list("pk", flat=True)[:_FORGOTTEN_AT_ONCE])
    Call.objects.filter(pk__in=pks).delete()
    return bool(pks)


class _Round:
    """Calls under way, and those that become due meanwhile."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, keeper: Doorkeeper, go_on: Callable[[], bool]
    ) -> None:
        self._loop, self._keeper, self._go_on = loop, keeper, go_on
        self._flying: dict[Future[Answer], Outgoing] = {}
        self._client = self._run(_opened(keeper)).result()

    def over(self, first: Iterable[Outgoing]) -> None:
        """Until nothing is under way and nothing due."""
        self._begin(first)
        while self._flying:
            done, _ = wait(self._flying, timeout=_LOOK_AGAIN, return_when=FIRST_COMPLETED)
            for future in done:
                self._settle(self._flying.pop(future), future)
            if self._go_on():
                self._begin(take(self._flying.values()))

    def close(self) -> None:
        """Ends what is still under way, if anything is: its calls are made again."""
        for future in self._flying:
            future.cancel()
        self._run(self._client.aclose()).result()

    def _begin(self, calls: Iterable[Outgoing]) -> None:
        for outgoing in calls:
            self._flying[self._run(post(self._client, self._keeper, outgoing))] = outgoing

    def _settle(self, outgoing: Outgoing, future: Future[Answer]) -> None:
        """One call; what goes wrong with it must not keep the others from being made."""
        try:
            settle(outgoing, future.result())
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("call %s failed; it is made again", outgoing.message_id)

    def _run(self, step: Coroutine[Any, Any, Result]) -> Future[Result]:
        return asyncio.run_coroutine_threadsafe(step, self._loop)


async def _opened(keeper: Doorkeeper) -> httpx.AsyncClient:
    """The client, made in the loop that it is used in."""
    return client_for(keeper)
