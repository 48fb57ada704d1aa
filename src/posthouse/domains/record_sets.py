"""Makes the set of records that a sender domain must publish, each time with a new random label."""

import os

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone

from posthouse.core.dns import names
from posthouse.core.dns import ownership as labels
from posthouse.core.dns.errors import NameRefused, RecordsClash, SettingRefused
from posthouse.core.dns.records import Record, RecordType, record
from posthouse.core.dns.templates import Template, check_length, generate
from posthouse.domains import ownership
from posthouse.domains.models import DomainRecord, SenderDomain


def make_records(domain: SenderDomain, template: Template) -> None:
    """Stores the records that the template makes; ValidationError names what cannot be."""
    try:
        records = _generate(domain, template)
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
    domain.records.all().delete()
    DomainRecord.objects.bulk_create(
        DomainRecord(
            account_id=domain.account_id,
            domain=domain,
            position=position,
            host=entry.host,
            type=entry.type,
            value=entry.value,
            purpose=entry.purpose,
        )
        for position, entry in enumerate(records)
    )


def _cause(domain: SenderDomain, host: str) -> str:
    """The field whose value made `host` impossible, as far as the domain has values of its own."""
    own = [field for field in ("subdomain", "track_prefix") if getattr(domain, field)]
    if host == domain.tracking_host:
        own.reverse()
    return own[0] if own else "name"


def _generate(domain: SenderDomain, template: Template) -> tuple[Record, ...]:
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
    )
    if template.proves_ownership or not ownership.refusal(domain, proof=False):
        return records
    return (*records, _proof(domain))


def _proof(domain: SenderDomain) -> Record:
    """Asked for beside the template's, where the name or a neighbour of it is somebody's."""
    host = f"{domain.random}.{domain.mfrom_host}"
    check_length(host)
    return record(host, RecordType.TXT, ownership.token(domain), "ownership")
