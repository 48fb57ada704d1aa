"""Which DKIM keys a sender domain has for its records, and the records of keys that come and go."""

from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db.models import Max, QuerySet
from django.utils import timezone

from posthouse.core.dns.own_keys import Algorithm, PublicKey
from posthouse.core.dns.records import Record
from posthouse.domains.models import DomainKey, DomainRecord, SenderDomain
from posthouse.domains.private_keys import new_key


def current(domain: SenderDomain, asked: Sequence[Algorithm]) -> list[DomainKey]:
    """A key for each algorithm: the one that signs, or waits to be the first, or a new one.

    A new one is not stored yet: see :func:`keep`.
    """
    found = in_use(domain) if asked and domain.pk else {}
    return [found.get(algorithm) or new_key(domain, algorithm) for algorithm in asked]


def in_use(domain: SenderDomain) -> dict[str, DomainKey]:
    """The key of each algorithm that signs, or waits to be the first."""
    rows = domain.keys.exclude(state=DomainKey.State.RETIRED)
    # The one that signs comes last and wins: what waits beside it is a rotation.
    return {row.algorithm: row for row in rows.order_by("-state")}


def public(row: DomainKey) -> PublicKey:
    """The half of it that goes into a record."""
    return PublicKey(Algorithm(row.algorithm), row.selector, row.public_key)


def keep(domain: SenderDomain, keys: Sequence[DomainKey]) -> None:
    """Stores the new ones; keys of algorithms that are not asked for any more sign no longer."""
    others = domain.keys.exclude(algorithm__in=[key.algorithm for key in keys])
    others.filter(state=DomainKey.State.WAITING).delete()
    retire(list(others.filter(state=DomainKey.State.SIGNING)))
    stored = set(domain.keys.values_list("public_id", flat=True))
    DomainKey.objects.bulk_create(key for key in keys if key.public_id not in stored)


def retire(keys: Sequence[DomainKey]) -> None:
    """They sign no new message, but their records stay for what is on its way."""
    now = timezone.now()
    _change(keys, required=False, state=DomainKey.State.RETIRED, retired_at=now,
            keep_until=now + settings.DKIM_KEEP)  # fmt: skip


def let_sign(keys: Sequence[DomainKey]) -> None:
    """From now on the domain depends on their records."""
    _change(keys, required=True, state=DomainKey.State.SIGNING, signing_since=timezone.now())


def present(domain: SenderDomain) -> QuerySet[DomainRecord]:
    """The records that are to be published: not those which only stay until mail has arrived."""
    return domain.records.exclude(key__state=DomainKey.State.RETIRED)


def key_of(record: Record, keys: Sequence[DomainKey]) -> DomainKey | None:
    """The key that the record publishes; a subdomain may be called like its selector."""
    return next((key for key in keys if record.host.startswith(_place(key))), None)


def stand_beside(
    domain: SenderDomain,
    records: Sequence[DomainRecord],
    pairs: Iterable[tuple[DomainKey, DomainKey]],
) -> None:
    """Adds, for each pair of keys, the records of the first as they are for the second.

    The second comes or goes. Made from the records that the domain has, not from its template,
    which may be another one by now.
    """
    last = domain.records.aggregate(last=Max("position"))["last"] or 0
    rows = [_like(row, of, key) for of, key in pairs for row in records if row.key_id == of.pk]
    for position, row in enumerate(rows, start=last + 1):
        row.position = position
    DomainRecord.objects.bulk_create(rows)


def _change(keys: Sequence[DomainKey], *, required: bool, **values: object) -> None:
    pks = [key.pk for key in keys]
    DomainKey.objects.filter(pk__in=pks).update(**values)
    DomainRecord.objects.filter(key__in=pks).update(required=required)


def _place(key: DomainKey) -> str:
    """How the host of its record begins; see core/dns/own_keys.py."""
    return f"{key.selector}._domainkey."


def _like(row: DomainRecord, of: DomainKey, key: DomainKey) -> DomainRecord:
    return DomainRecord(
        account_id=row.account_id,
        domain_id=row.domain_id,
        key=key,
        required=False,
        host=_place(key) + row.host.removeprefix(_place(of)),
        type=row.type,
        value=row.value.replace(of.public_key, key.public_key),
        purpose=row.purpose,
    )
