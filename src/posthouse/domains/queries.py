"""Sender domains as pages and forms need them."""

from django.db.models import Count, Q, QuerySet

from posthouse.core.dns.records import Record, RecordType, zone_file
from posthouse.domains.models import DomainCheck, SenderDomain


def domains() -> QuerySet[SenderDomain]:
    """The domains in reach that are not deleted, with how many of their records pass."""
    return (
        SenderDomain.objects.exclude(status=SenderDomain.Status.DELETED)
        .annotate(
            records_total=Count("records"),
            records_ok=Count("records", filter=Q(records__state="ok")),
        )
        .select_related("account")
        .order_by("name")
    )


def enabled() -> QuerySet[SenderDomain]:
    """The domains in reach that may stand in a From address."""
    return SenderDomain.objects.filter(status=SenderDomain.Status.ENABLED).order_by("name")


def waiting() -> QuerySet[SenderDomain]:
    """The domains in reach that wait for their records."""
    return SenderDomain.objects.filter(status=SenderDomain.Status.PENDING)


def checks(domain: SenderDomain) -> QuerySet[DomainCheck]:
    """The domain's checks, newest first."""
    return DomainCheck.objects.filter(domain=domain).order_by("-id")


def zone_of(domain: SenderDomain) -> str:
    """The domain's records as a zone file to import at a DNS provider (RFC 1035 section 5)."""
    return zone_file(
        Record(row.host, RecordType(row.type), row.value, row.purpose)
        for row in domain.records.order_by("position")
    )
