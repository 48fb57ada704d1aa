"""Whose turn it is: the next dispatch that may be claimed from, with fair shares for all accounts.

Within a priority accounts take turns, and within an account its dispatches do: an account with a
thousand dispatches gets as many claims as one with a single one.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Now

from posthouse.deliveries.models import SENDABLE, Batch, Dispatch, Turn
from posthouse.servers.choosing import server_in_rows
from posthouse.servers.models import DeliveryServer

# In one statement, whoever else takes a turn; SQLite wants the WHERE to tell ON from a join's.
_TAKE = """
INSERT INTO deliveries_turn (account_id, number)
SELECT %s, COALESCE(MAX(number), 0) + 1 FROM deliveries_turn WHERE true
ON CONFLICT (account_id) DO UPDATE SET number = excluded.number
"""


@dataclass(slots=True)
class PassedOver:
    """What one claim has learned on its way to a batch, so that nobody waits behind it."""

    dispatches: set[int] = field(default_factory=set)  # nothing could be claimed from them
    full: set[int] = field(default_factory=set)  # accounts without room for anybody new
    troubled: set[int] = field(default_factory=set)  # accounts whose dispatches pause: they go last


def resting(busy: Collection[int]) -> set[int]:
    """Servers that nothing is claimed for now: ``busy`` ones and those that are paused."""
    paused = DeliveryServer.objects.filter(paused_until__gt=Now())
    return {*busy, *paused.values_list("pk", flat=True)}


def next_dispatch(servers_resting: Collection[int], passed: PassedOver) -> Dispatch | None:
    """The dispatch whose turn it is, and whose server does not rest; one query, one row."""
    rows = Dispatch.objects.filter(
        Exists(claimable(passed.full).filter(dispatch=OuterRef("pk"))), state__in=SENDABLE
    )
    if passed.dispatches:
        rows = rows.exclude(pk__in=passed.dispatches)
    if servers_resting:
        nobody_carries_it = Q(leaves_by=None)  # it is claimed to learn that, and pauses
        rows = rows.annotate(leaves_by=server_in_rows())
        rows = rows.filter(nobody_carries_it | ~Q(leaves_by__in=servers_resting))
    turn = Turn.objects.filter(account=OuterRef("account_id")).values("number")
    last = Case(When(account__in=passed.troubled, then=Value(1)), default=Value(0))
    ordered = rows.order_by(
        *([last] if passed.troubled else []),
        "-priority",
        Subquery(turn).asc(nulls_first=True),
        F("last_claim_at").asc(nulls_first=True),
        "pk",
    )
    return ordered.select_related("account__group", "sender_domain").first()


def claimable(full: Collection[int] = ()) -> QuerySet[Batch]:
    """Batches that wait; where a limit of the account holds them, those who count already."""
    running = Q(dispatch__state=Dispatch.State.RUNNING)
    if full:
        running &= ~Q(account__in=full)
    again = Q(dispatch__state__in=SENDABLE, again=True)
    return Batch.objects.filter(running | again, state=Batch.State.PENDING)


def take(account_id: int) -> None:
    """The account had its turn. The last lock of a claim's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [account_id])
