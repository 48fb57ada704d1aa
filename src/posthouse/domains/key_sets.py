"""Which DKIM keys a sender domain has for its records, and the records of keys that come and go."""

from collections.abc import Iterable, Sequence

from django.db.models import Max

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
    """Stores the new ones, and destroys the keys of algorithms that are not asked for any more."""
    domain.keys.exclude(algorithm__in=[key.algorithm for key in keys]).delete()
    stored = set(domain.keys.values_list("public_id", flat=True))
    DomainKey.objects.bulk_create(key for key in keys if key.public_id not in stored)


def key_of(record: Record, keys: Sequence[DomainKey]) -> DomainKey | None:
    """The key that the record publishes."""
    labels = record.host.split(".")
    return next((key for key in keys if key.selector in labels), None)


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


def _like(row: DomainRecord, of: DomainKey, key: DomainKey) -> DomainRecord:
    return DomainRecord(
        account_id=row.account_id,
        domain_id=row.domain_id,
        key=key,
        required=False,
        host=row.host.replace(of.selector, key.selector),
        type=row.type,
        value=row.value.replace(of.public_key, key.public_key),
        purpose=row.purpose,
    )
