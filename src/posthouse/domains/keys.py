"""The verbs on a sender domain's own DKIM keys: rotate, call off, put to work, drop."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from posthouse.accounts import audit
from posthouse.accounts.actors import SYSTEM, Actor
from posthouse.accounts.permissions import demand
from posthouse.core.verification import grace
from posthouse.domains import key_sets
from posthouse.domains.errors import NoOwnKeys, NoRotation, RotationWaits
from posthouse.domains.key_queries import KeyRing, key_ring
from posthouse.domains.models import DomainKey, DomainRecord, SenderDomain
from posthouse.domains.private_keys import new_key

_DROPPED_AT_ONCE = 100


def rotate(actor: Actor, domain: SenderDomain) -> KeyRing:
    """Makes new keys, which sign as soon as their records are found; until then the old ones do.

    Raises NoOwnKeys, or RotationWaits where new keys wait already.
    """
    demand(actor, "edit")
    # RSA takes a moment to make: not while others wait for the database.
    fresh = [new_key(domain, key.algorithm) for key in _demand_rotatable(domain).signing]
    with transaction.atomic():
        row = SenderDomain.objects.select_for_update().get(pk=domain.pk)
        ring = _demand_rotatable(row)
        pairs = [
            (old, key) for old in ring.signing for key in fresh if key.algorithm == old.algorithm
        ]
        new = [key for _, key in pairs]
        for key in new:
            key.save()
        key_sets.stand_beside(row, list(row.records.all()), pairs)
        row.next_check_at = sooner(row.next_check_at, timezone.now(), new)
        row.save(update_fields=["next_check_at"])
        _record(actor, "domain.key-rotate", row, waiting=new, signing=ring.signing)
    return key_ring(row)


@transaction.atomic
def call_off(actor: Actor, domain: SenderDomain) -> KeyRing:
    """Drops the keys that wait, with their records; those that sign go on. Raises NoRotation."""
    demand(actor, "edit")
    row = SenderDomain.objects.select_for_update().get(pk=domain.pk)
    ring = key_ring(row)
    if not ring.rotating:
        raise NoRotation(row.name)
    _record(actor, "domain.key-call-off", row, waiting=ring.coming)
    DomainKey.objects.filter(pk__in=[key.pk for key in ring.coming]).delete()
    return key_ring(row)


def put_to_work(
    actor: Actor, domain: SenderDomain, checked: Sequence[DomainRecord]
) -> tuple[DomainKey, ...]:
    """After a check: once the records of all keys that wait are right, these keys sign.

    Those that signed retire: they sign no new message, but their records stay for what is on its
    way. To be called in the transaction of the check, under the domain's lock. Returns the keys of
    a rotation that wait on.
    """
    if not any(row.key_id for row in checked):
        return ()
    ring = key_ring(domain)
    right = {row.pk for row in checked if row.state == DomainRecord.State.OK}
    asked = {row.pk for key in ring.waiting for row in key.records.all()}
    if not asked or not asked <= right:
        return ring.coming
    algorithms = {key.algorithm for key in ring.waiting}
    old = [key for key in ring.signing if key.algorithm in algorithms]
    key_sets.retire(old)
    key_sets.let_sign(ring.waiting)
    _record(actor, "domain.key-sign", domain, signing=ring.waiting, retired=old)
    return ()


def drop_old() -> bool:
    """Destroys retired keys, and forgets their records, when no mail can need them any more.

    False: there was none. To be called across tenants.
    """
    retired = DomainKey.objects.filter(state=DomainKey.State.RETIRED)
    due = retired.filter(keep_until__lte=timezone.now())
    pairs = list(due.values_list("pk", "domain_id")[:_DROPPED_AT_ONCE])
    for key_id, domain_id in pairs:
        _drop(key_id, domain_id)
    return bool(pairs)


@transaction.atomic
def _drop(key_id: int, domain_id: int) -> None:
    domain = SenderDomain.objects.select_for_update().get(pk=domain_id)
    for key in domain.keys.filter(pk=key_id):
        _record(SYSTEM, "domain.key-drop", domain, retired=[key])
        key.delete()


def sooner(usual: datetime | None, now: datetime, coming: Sequence[DomainKey]) -> datetime | None:
    """When to check a domain next: soon while new keys wait, so that nobody need press a button."""
    if not coming:
        return usual
    look = grace.next_look(now, min(key.created_at for key in coming), settings.DNS_RECHECK)
    return min(usual, look) if usual else look


def _demand_rotatable(domain: SenderDomain) -> KeyRing:
    ring = key_ring(domain)
    if ring.waiting:
        raise RotationWaits(domain.name)
    if not ring.signing:
        raise NoOwnKeys(domain.name)
    return ring


def _record(actor: Actor, verb: str, domain: SenderDomain, **keys: Sequence[DomainKey]) -> None:
    """Selectors say which keys; what they sign with is nobody's to read."""
    after = {word: [key.selector for key in some] for word, some in keys.items()}
    audit.record(actor, verb, domain, account=domain.account, after=after)
