"""Makes the set of records that a sender domain must publish, each time with a new random label."""

import os
from collections.abc import Sequence

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone

from posthouse.core.dns import names
from posthouse.core.dns import ownership as labels
from posthouse.core.dns.errors import NameRefused, RecordsClash, SettingRefused
from posthouse.core.dns.records import Record, RecordType, record
from posthouse.core.dns.templates import Template, check_length, generate
from posthouse.domains import key_sets, ownership
from posthouse.domains.models import DomainKey, DomainRecord, SenderDomain


def make_records(domain: SenderDomain, template: Template) -> None:
    """Stores the records that the template makes; ValidationError names what cannot be."""
    keys = key_sets.current(domain, template.keys)
    try:
        records = _generate(domain, template, keys)
    except SettingRefused as refused:
        raise ValidationError({refused.field: refused.reason}) from refused
    except NameRefused as refused:
        raise ValidationError({_cause(domain, refused.name): refused.reason}) from refused
    except RecordsClash as refused:
        raise ValidationError({_cause(domain, refused.host): refused.reason}) from refused
    domain.failures_in_row = 0
    domain.proven = not records
    domain.checked_at = domain.failed_at = None
    domain.next_check_at = timezone.now() + settings.DNS_RECHECK if records else None
    domain.warning, domain.advice = "", []
    domain.save()
    key_sets.keep(domain, keys)
    _store(domain, records, keys)


def _store(domain: SenderDomain, records: Sequence[Record], keys: Sequence[DomainKey]) -> None:
    """In the place of those before; a rotation under way, and keys on their way out, go on."""
    domain.records.all().delete()
    rows = DomainRecord.objects.bulk_create(
        DomainRecord(
            account_id=domain.account_id,
            domain=domain,
            key=key_sets.key_of(entry, keys),
            position=position,
            host=entry.host,
            type=entry.type,
            value=entry.value,
            purpose=entry.purpose,
        )
        for position, entry in enumerate(records)
    )
    others = domain.keys.exclude(pk__in=[key.pk for key in keys])
    pairs = [(key, other) for key in keys for other in others if key.algorithm == other.algorithm]
    key_sets.stand_beside(domain, rows, pairs)


def _cause(domain: SenderDomain, host: str) -> str:
    """The field whose value made `host` impossible, as far as the domain has values of its own."""
    own = [field for field in ("subdomain", "track_prefix") if getattr(domain, field)]
    if host == domain.tracking_host:
        own.reverse()
    return own[0] if own else "name"


def _generate(
    domain: SenderDomain, template: Template, keys: Sequence[DomainKey]
) -> tuple[Record, ...]:
    subdomain, prefix, merge = names.checked_settings(
        domain.subdomain or settings.DNS_SUBDOMAIN,
        domain.track_prefix or settings.DNS_TRACK_PREFIX,
        settings.DNS_TRACK_MERGE,
    )
    domain.template = template.name
    domain.mfrom_host = names.mfrom_host(domain.name, subdomain)
    domain.tracking_host = names.tracking_host(
        domain.name, subdomain, prefix, merge, own_host=domain.tracking_subdomain
    )
    domain.random = labels.random_label(os.urandom(labels.LABEL_ENTROPY))
    records = generate(
        template,
        domain=domain.name,
        subdomain=subdomain,
        track_prefix=prefix,
        track_merge=merge,
        tracking_subdomain=domain.tracking_subdomain,
        random=domain.random,
        ownership_hash=ownership.token(domain),
        keys=[key_sets.public(key) for key in keys],
    )
    if template.proves_ownership or not ownership.refusal(domain, proof=False):
        return records
    return (*records, _proof(domain))


def _proof(domain: SenderDomain) -> Record:
    """Asked for beside the template's, where the name or a neighbour of it is somebody's."""
    host = f"{domain.random}.{domain.mfrom_host}"
    check_length(host)
    return record(host, RecordType.TXT, ownership.token(domain), "ownership")
