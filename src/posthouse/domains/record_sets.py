"""Makes the set of records that a sender domain must publish, each time with a new random label."""

import os
from collections.abc import Iterable, Sequence

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone

from posthouse.core.dns import names
from posthouse.core.dns import ownership as labels
from posthouse.core.dns.errors import NameRefused, RecordsClash, SettingRefused
from posthouse.core.dns.own_keys import PublicKey
from posthouse.core.dns.records import Record, RecordType, record
from posthouse.core.dns.templates import Template, check_length, generate
from posthouse.core.verification import grace
from posthouse.domains import key_sets, ownership, proofs
from posthouse.domains.models import DomainKey, DomainRecord, SenderDomain


def make_records(domain: SenderDomain, template: Template) -> None:
    """Stores the records that the template makes; ValidationError names what cannot be."""
    keys = key_sets.current(domain, template.keys)
    try:
        _name_hosts(domain, template)
        domain.random = labels.random_label(os.urandom(labels.LABEL_ENTROPY))
        records = records_of(domain, template, [key_sets.public(key) for key in keys])
    except SettingRefused as refused:
        raise ValidationError({refused.field: refused.reason}) from refused
    except NameRefused as refused:
        raise ValidationError({_cause(domain, refused.name): refused.reason}) from refused
    except RecordsClash as refused:
        raise ValidationError({_cause(domain, refused.host): refused.reason}) from refused
    domain.failures_in_row = 0
    domain.proven = not records
    domain.checked_at = domain.failed_at = None
    now = timezone.now()
    domain.waiting_since = now
    waits = domain.status == SenderDomain.Status.PENDING  # an empty set passes by itself then
    domain.next_check_at = now + grace.FIRST_LOOK_WAITING if records or waits else None
    proofs.remember(domain)
    domain.warning, domain.advice = "", []
    domain.save()
    key_sets.keep(domain, keys)
    key_sets.present(domain).delete()
    _store(domain, enumerate(records), keys)


def follow(domain: SenderDomain, template: Template) -> tuple[Record, ...]:
    """Gives the domain the records that its template makes now, under the same label and token.

    Records that stay keep what was seen of them; returns the new ones. Raises DnsError.
    """
    keys = key_sets.current(domain, template.keys)
    _name_hosts(domain, template)
    records = records_of(domain, template, [key_sets.public(key) for key in keys])
    known = {what(row): row for row in domain.records.filter(required=True)}
    kept = {entry: known[what(entry)] for entry in records if what(entry) in known}
    key_sets.keep(domain, keys)
    key_sets.present(domain).exclude(pk__in=[row.pk for row in kept.values()]).delete()
    for position, entry in enumerate(records):
        if row := kept.get(entry):
            row.position, row.purpose = position, entry.purpose
    DomainRecord.objects.bulk_update(kept.values(), ["position", "purpose"])
    new = [(at, each) for at, each in enumerate(records) if each not in kept]
    _store(domain, new, keys)
    return tuple(each for _, each in new)


def what(entry: Record | DomainRecord) -> tuple[str, str, str]:
    """What DNS knows of a record; its purpose is ours alone."""
    return entry.host, str(entry.type), entry.value


def _store(
    domain: SenderDomain, records: Iterable[tuple[int, Record]], keys: Sequence[DomainKey]
) -> None:
    """Adds records at their places; a rotation under way goes on."""
    DomainRecord.objects.bulk_create(
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
        for position, entry in records
    )
    waiting = domain.keys.filter(state=DomainKey.State.WAITING)
    others = waiting.exclude(pk__in=[key.pk for key in keys])
    pairs = [(key, other) for key in keys for other in others if key.algorithm == other.algorithm]
    key_sets.stand_beside(domain, list(domain.records.all()), pairs)


def _cause(domain: SenderDomain, host: str) -> str:
    """The field whose value made `host` impossible, as far as the domain has values of its own."""
    own = [field for field in ("subdomain", "track_prefix") if getattr(domain, field)]
    if host == domain.tracking_host:
        own.reverse()
    return own[0] if own else "name"


def _name_hosts(domain: SenderDomain, template: Template) -> None:
    domain.template = template.name
    domain.mfrom_host, domain.tracking_host = hosts_of(domain)


def hosts_of(domain: SenderDomain) -> tuple[str, str]:
    """Return-path host and tracking host by its settings; SettingRefused names a wrong one."""
    subdomain, prefix, merge = _labels(domain)
    own_host = domain.tracking_subdomain
    tracking = names.tracking_host(domain.name, subdomain, prefix, merge, own_host=own_host)
    return names.mfrom_host(domain.name, subdomain), tracking


def _labels(domain: SenderDomain) -> tuple[str, str, str]:
    """Its subdomain, tracking prefix and what joins them: its own or the installation's."""
    return names.checked_settings(
        domain.subdomain or settings.DNS_SUBDOMAIN,
        domain.track_prefix or settings.DNS_TRACK_PREFIX,
        settings.DNS_TRACK_MERGE,
    )


def records_of(
    domain: SenderDomain, template: Template, keys: Sequence[PublicKey]
) -> tuple[Record, ...]:
    """What the template makes of the domain with its present label and token; DnsError if nothing.

    Nothing is stored or changed.
    """
    subdomain, prefix, merge = _labels(domain)
    records = generate(
        template,
        domain=domain.name,
        subdomain=subdomain,
        track_prefix=prefix,
        track_merge=merge,
        tracking_subdomain=domain.tracking_subdomain,
        random=domain.random,
        ownership_hash=ownership.token(domain),
        keys=keys,
    )
    if template.proves_ownership or not ownership.refusal(domain, proof=False):
        return records
    return (*records, _proof(domain, names.mfrom_host(domain.name, subdomain)))


def _proof(domain: SenderDomain, mfrom_host: str) -> Record:
    """Asked for beside the template's, where the name or a neighbour of it is somebody's."""
    host = f"{domain.random}.{mfrom_host}"
    check_length(host)
    return record(host, RecordType.TXT, ownership.token(domain), "ownership")
