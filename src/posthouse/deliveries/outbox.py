"""The outbox that engines empty: claim a batch, watch its dispatch, settle results, hand back."""

import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from posthouse.accounts.limits import limits_of
from posthouse.audience.models import ListMembership, Subscriber, Suppression, merge_values
from posthouse.core.channels import Channel
from posthouse.core.delivery.replies import Stage
from posthouse.core.delivery.states import DeliveryState, Result
from posthouse.core.identity import FromKind
from posthouse.core.smtp.messages import Outcome
from posthouse.deliveries import ledger, quotas, turns, verdicts, volume
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.models import SENDABLE, Attempt, Batch, Delivery, Dispatch
from posthouse.deliveries.quotas import LimitAwaited, LimitReached
from posthouse.deliveries.route import Route, RouteRefused, ServerPaused, keys_of, resolve
from posthouse.deliveries.services import hold_at_limit, pause_for_trouble
from posthouse.deliveries.turns import PassedOver
from posthouse.deliveries.verdicts import Change
from posthouse.domains.models import SenderDomain
from posthouse.servers.models import DeliveryServer

_PENDING, _SENDING = str(DeliveryState.PENDING), str(DeliveryState.SENDING)
_SKIPPED, _UNCERTAIN = str(DeliveryState.SKIPPED), str(DeliveryState.UNCERTAIN)
_TRIES = 50  # dispatches a claim looks at; what it met on the way has paused or is passed over
_UNEXPECTED = "Posthouse could not work out how to send this; its log says more."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One delivery of a claimed batch, with what its message needs."""

    id: int
    subscriber_id: int | None
    address: str
    normalised: str
    fields: Mapping[str, str]


# The account's status, its sender domain's and that one's hosts, and whether its group manages
# sender domains.
Standing = tuple[str, str | None, str | None, str | None, bool]


@dataclass(frozen=True, slots=True)
class Claim:
    """A batch that one engine holds under a lease; ``token`` fences every later write."""

    token: int
    batch_id: int
    dispatch_id: int
    account_id: int
    list_ids: tuple[int, ...]
    content_id: int
    route: Route
    standing: Standing
    parcels: tuple[Parcel, ...]


@dataclass(frozen=True, slots=True)
class Watch:
    """What a worker must know before its next slice."""

    go_on: bool
    left: frozenset[int]  # deliveries whose recipients left or were suppressed since the claim


# ------------------------------------------------------------------------------------------ claim


def claim_next(engine: str, token: int, busy: Collection[int] = ()) -> Claim | None:
    """Claims the next batch whose dispatch may be sent now; None when there is none.

    Mail for a ``busy`` server (by id) waits: the engine has workers enough there.

    The engine makes the token (62 random bits) and has it in its journal before it asks, so that
    a claim that nobody lived to use is given back when the journal is read. Asked again with the
    same token (the answer was lost), it first gives back what the token already holds.
    """
    if _claimed(token).exists():
        release(token)
    servers, passed = turns.resting(busy), PassedOver()
    for _ in range(_TRIES):
        dispatch = turns.next_dispatch(servers, passed)
        if dispatch is None:
            return None
        if claim := _try(engine, token, dispatch, passed, busy):
            return claim
        passed.dispatches.add(dispatch.pk)
    return None


def _try(
    engine: str, token: int, dispatch: Dispatch, passed: PassedOver, busy: Collection[int]
) -> Claim | None:
    """A claim of this dispatch, or None and what that means for others of its account."""
    route = _route_of(dispatch)
    if route is None:
        passed.troubled.add(dispatch.account_id)
        return None
    if route.server_id in busy:  # allocated a moment ago
        return None
    try:
        return _claim(engine, token, dispatch, route, passed.full)
    except LimitAwaited:
        passed.full.add(dispatch.account_id)
    except LimitReached as reached:
        hold_at_limit(dispatch, reached)
        passed.full.add(dispatch.account_id)
    return None


def _route_of(dispatch: Dispatch) -> Route | None:
    """How it leaves now; None: its server rests, or nothing carries it and it pauses with that."""
    try:
        return resolve(dispatch)
    except ServerPaused:
        return None
    except RouteRefused as refused:
        pause_for_trouble(dispatch, str(refused))
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # one broken dispatch must not keep the others waiting
        log.exception("dispatch %s has no route", dispatch.pk)
        pause_for_trouble(dispatch, f"{_UNEXPECTED} ({type(error).__name__}: {error})")
    return None


def _claimed(token: int) -> QuerySet[Batch]:
    return Batch.objects.filter(claim=token, state=Batch.State.CLAIMED)


def _claim(
    engine: str, token: int, dispatch: Dispatch, route: Route, full: Collection[int]
) -> Claim | None:
    with transaction.atomic():
        batch = (
            turns.claimable(full)
            .select_for_update(skip_locked=True, of=("self",))
            .filter(dispatch=dispatch)
            .order_by("id")
            .first()
        )
        if batch is None:
            return None
        now = database_now()
        Batch.objects.filter(pk=batch.pk).update(
            state=Batch.State.CLAIMED, engine=engine, claim=token, lease_until=_lease_end(now)
        )
        skipped = _skip(_waiting(batch.pk).filter(_must_not_be_mailed(dispatch.list_ids)))
        allowed = _within_limits(dispatch, batch.pk, now)
        taken = allowed.update(state=_SENDING, claim=token, server_id=route.server_id)
        ledger.move(dispatch.pk, [(_PENDING, _SKIPPED, skipped), (_PENDING, _SENDING, taken)])
        still_runs = Dispatch.objects.filter(pk=dispatch.pk, state__in=SENDABLE).update(
            last_claim_at=now, identity=route.identity_as_json(), server_id=route.server_id
        )
        if not still_runs:  # paused or cancelled since: "paused" means that nothing is claimed
            transaction.set_rollback(True)
            return None
        if not taken:
            _release_batch(batch, token)
        claim = _read_claim(token, batch, dispatch, route)
        turns.take(dispatch.account_id)
        return claim


def _within_limits(dispatch: Dispatch, batch_id: int, now: datetime) -> QuerySet[Delivery]:
    """The waiting rows that the account's limits have room for; that room is taken.

    The others wait in the claimed batch until its release. Who was tried before counts no more.
    """
    waiting = _waiting(batch_id)
    fresh = waiting.filter(first_attempt_at=None)
    wanted = fresh.count() if limits_of(dispatch.account) else 0
    if not wanted:
        return waiting
    # Quotas are locked after the dispatch; the batch's waiting rows are ours, whenever written.
    Dispatch.objects.select_for_update(no_key=True).get(pk=dispatch.pk)
    room = quotas.reserve(dispatch.account_id, wanted, now)
    Batch.objects.filter(pk=batch_id).update(reserved_in=list(room.quotas))
    if room.granted == wanted:
        return waiting
    first = fresh.order_by("pk").values_list("pk", flat=True)[: room.granted]
    return waiting.filter(pk__in=list(first))


def _waiting(batch_id: int) -> QuerySet[Delivery]:
    return Delivery.objects.filter(batch_id=batch_id, state=_PENDING)


def _must_not_be_mailed(list_ids: Sequence[int]) -> Q:
    """Deliveries whose recipient was suppressed or left all lists of the dispatch."""
    suppressed = Suppression.objects.filter(
        Q(account=None) | Q(account=OuterRef("account")),
        normalised=OuterRef("normalised"),
        list=None,
    )
    listed = Suppression.objects.filter(
        normalised=OuterRef(OuterRef("normalised")), list=OuterRef("list")
    )
    member = ListMembership.objects.filter(
        ~Exists(listed),
        subscriber=OuterRef("subscriber_id"),
        list__in=list_ids,
        status=ListMembership.Status.SUBSCRIBED,
    )
    return Q(Exists(suppressed)) | (Q(subscriber_id__isnull=False) & ~Q(Exists(member)))


def _skip(rows: QuerySet[Delivery]) -> int:
    return rows.update(state=_SKIPPED, said="Suppressed or unsubscribed before it was sent.")


def _read_claim(token: int, batch: Batch, dispatch: Dispatch, route: Route) -> Claim:
    rows = list(
        Delivery.objects.filter(batch_id=batch.pk, claim=token, state=_SENDING)
        .order_by("id")
        .values_list("id", "subscriber_id", "address", "normalised", "merge")
    )
    subscribers = [subscriber for _, subscriber, *_ in rows if subscriber]
    fields = dict(Subscriber.objects.filter(pk__in=subscribers).values_list("pk", "fields"))
    parcels = tuple(
        Parcel(pk, person, to, key, merge_values(to, merge or fields.get(person or 0, {})))
        for pk, person, to, key, merge in rows
    )
    return Claim(
        token=token,
        batch_id=batch.pk,
        dispatch_id=dispatch.pk,
        account_id=dispatch.account_id,
        list_ids=tuple(dispatch.list_ids),
        content_id=dispatch.content_id,
        route=route,
        standing=_standing(dispatch),
        parcels=parcels,
    )


def _standing(dispatch: Dispatch) -> Standing:
    account, domain = dispatch.account, dispatch.sender_domain
    hosts = (domain.status, domain.mfrom_host, domain.tracking_host) if domain else (None,) * 3
    return account.status, *hosts, account.group.sender_domain_management


def _lease_end(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.LEASE_SECONDS)


# ------------------------------------------------------------------------- while the claim is held


def watch(claim: Claim, parcels: Sequence[Parcel]) -> Watch:
    """May this slice go out, and to whom not? Read before each slice (promise 4).

    Where the account, its domain or the server no longer are what they were, the claim ends; the
    next one works the route out anew, and says what is in the way.
    """
    held = _claimed(claim.token).filter(pk=claim.batch_id)
    usable = DeliveryServer.objects.filter(pk=claim.route.server_id, retired_at=None)
    usable = usable.exclude(paused_until__gt=Now())
    dispatch = Dispatch.objects.filter(pk=claim.dispatch_id, state__in=SENDABLE)
    standing = dispatch.filter(Exists(held), Exists(usable)).values_list(
        "account__status",
        "sender_domain__status",
        "sender_domain__mfrom_host",
        "sender_domain__tracking_host",
        "account__group__sender_domain_management",
    )
    ids = [parcel.id for parcel in parcels]
    left = Delivery.objects.filter(pk__in=ids).filter(_must_not_be_mailed(claim.list_ids))
    return Watch(
        go_on=standing.first() == claim.standing
        and _from_may_stand(claim)
        and _keys_still_sign(claim.account_id, claim.route),
        left=frozenset(left.values_list("pk", flat=True)),
    )


def _from_may_stand(claim: Claim) -> bool:
    """A list's sender is at a domain that the dispatch does not name; it, too, must be Enabled."""
    *_, managed = claim.standing
    if not managed or claim.route.identity.kind is not FromKind.LIST_SENDER:
        return True
    return SenderDomain.objects.filter(
        account=claim.account_id,
        name=claim.route.signing_domain,
        status=SenderDomain.Status.ENABLED,
    ).exists()


def _keys_still_sign(account_id: int, route: Route) -> bool:
    """After a rotation the new keys sign from the next slice on, not from the next batch."""
    return not route.signs_here or keys_of(account_id, route.identity) == route.own_keys


def renew(engine: str, tokens: Sequence[int]) -> None:
    """Pushes the leases of claims that are still worked on; an expired one stays expired."""
    held = Batch.objects.filter(claim__in=tokens, engine=engine, state=Batch.State.CLAIMED)
    held.update(lease_until=_lease_end(database_now()))


def settle(
    engine: str, token: int, outcomes: Sequence[Outcome], skipped: Sequence[int] = ()
) -> None:
    """Writes results in one transaction. Rows that another claim has taken since are left alone."""
    with transaction.atomic():
        ids = [outcome.token for outcome in outcomes] + list(skipped)
        held = Delivery.objects.filter(pk__in=ids, claim=token, state__in=[_SENDING, _UNCERTAIN])
        rows = {row.pk: row for row in held.select_for_update().order_by("pk")}
        if not rows:
            return
        batch = _batch_of(rows.values())
        dispatch = batch.dispatch
        known = [outcome for outcome in outcomes if _is_news(rows.get(outcome.token), outcome)]
        now, channel = database_now(), Channel(dispatch.channel)
        changes = [verdicts.change(rows[one.token], one, now, channel) for one in known]
        changes += [verdicts.skip(rows[pk]) for pk in skipped if pk in rows]
        _write(changes)
        Attempt.objects.bulk_create(
            verdicts.attempt(rows[outcome.token], outcome, engine, now)
            for outcome in known
            if outcome.result is not Result.UNTOUCHED
        )
        counted = Counter((change.before, change.state) for change in changes)
        moves = [(before, after, n) for (before, after), n in counted.items()]
        ledger.move(dispatch.pk, moves)
        ledger.count_volume(dispatch, moves, now)
        fresh = [one for one in changes if _is_fresh(rows[one.id])]
        tried = sum(one.first_attempt_at is not None for one in fresh)
        quotas.settle(batch.reserved_in, tried=tried, returned=len(fresh) - tried)
        volume.count(engine, moves, now)


def _batch_of(rows: Collection[Delivery]) -> Batch:
    """The batch and its dispatch; while a row of the claim is *sending*, the claim lasts."""
    pk = next((row.batch_id for row in rows if row.state == _SENDING), next(iter(rows)).batch_id)
    known = Batch.objects.select_related("dispatch")
    read = ("channel", "account_id", "sender_domain_id")
    return known.only("reserved_in", *(f"dispatch__{field}" for field in read)).get(pk=pk)


def _is_fresh(row: Delivery) -> bool:
    """Does its claim hold a part of the account's limits for it?"""
    return row.state == _SENDING and row.first_attempt_at is None


def _is_news(row: Delivery | None, outcome: Outcome) -> bool:
    """Is the row still this claim's, and does the outcome tell more than is known of it?"""
    if row is None:
        return False
    return row.state != _UNCERTAIN or outcome.result is not Result.UNCERTAIN


def _write(changes: Sequence[Change]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE deliveries_delivery SET state = %s, attempts = %s, losses = %s,"
            " first_attempt_at = %s, next_attempt_at = %s, said = %s WHERE id = %s",
            [change.values() for change in changes],
        )


def recover(engine: str, token: int, outcomes: Sequence[Outcome], lost: Sequence[int]) -> None:
    """What a dead engine's journal tells of one claim: replies, and ``lost`` ones without reply."""
    unanswered = [
        Outcome(pk, Result.UNCERTAIN, Stage.END, 0, "", "The engine died before the final reply.")
        for pk in lost
    ]
    settle(engine, token, [*outcomes, *unanswered])
    release(token)


def release(token: int) -> None:
    """Ends a claim: what was not sent waits again, and the dispatch ends or pauses if it can."""
    with transaction.atomic():
        batch = _claimed(token).select_for_update().first()
        if batch is not None:
            _release_batch(batch, token)


def _release_batch(batch: Batch, token: int) -> None:
    back = Delivery.objects.filter(batch_id=batch.pk, claim=token, state=_SENDING)
    fresh = back.filter(first_attempt_at=None).count() if batch.reserved_in else 0
    returned = back.update(state=_PENDING, claim=None)
    ledger.move(batch.dispatch_id, [(_SENDING, _PENDING, returned)])
    quotas.settle(batch.reserved_in, tried=0, returned=fresh)
    state = Batch.State.PENDING if _waiting(batch.pk).exists() else Batch.State.SETTLED
    Batch.objects.filter(pk=batch.pk, claim=token).update(
        state=state, claim=None, engine="", lease_until=None, reserved_in=[]
    )
    ledger.close_pause(batch.dispatch_id)
    ledger.close_if_done(batch.dispatch_id)
