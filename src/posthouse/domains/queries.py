"""Sender domains as pages and forms need them."""

from collections.abc import Mapping
from typing import Final

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.expressions import Combinable

from posthouse.domains import volume
from posthouse.domains.models import DomainCheck, DomainRecord, SenderDomain

BROKEN: Final = "broken"  # beside the statuses: what somebody must mend

# How a list may be sorted; the name decides among equals.
SORTS: Mapping[str, tuple[str | Combinable, ...]] = {
    "name": (),
    "status": ("status",),
    "checked": (F("checked_at").desc(nulls_last=True),),
    "volume": ("-volume",),
}


def domains() -> QuerySet[SenderDomain]:
    """The domains in reach that are not deleted, with how many of their records pass."""
    return (
        SenderDomain.objects.exclude(status=SenderDomain.Status.DELETED)
        .annotate(
            records_total=Count("records", filter=Q(records__required=True)),
            records_ok=Count("records", filter=Q(records__required=True, records__state="ok")),
        )
        .select_related("account")
        .order_by("name")
    )


def listed() -> QuerySet[SenderDomain]:
    """The same with the volume of the last seven days."""
    return domains().annotate(volume=volume.of_week())


def narrowed(
    rows: QuerySet[SenderDomain], *, state: str = "", words: str = ""
) -> QuerySet[SenderDomain]:
    """Those of a status, or the broken ones; with the words in their name or their account's."""
    if words:
        rows = rows.filter(Q(name__icontains=words) | Q(account__name__icontains=words))
    if state == BROKEN:
        return rows.filter(is_broken())
    return rows.filter(status=state) if state else rows


def is_broken() -> Q:
    """A warning stands, or a record is wrong, where somebody wants to send."""
    wrong = DomainRecord.objects.filter(
        domain=OuterRef("pk"), required=True, state=DomainRecord.State.WRONG
    )
    wanted = Q(status__in=[SenderDomain.Status.ENABLED, SenderDomain.Status.PENDING])
    return wanted & (~Q(warning="") | Q(Exists(wrong)))


def counts(rows: QuerySet[SenderDomain]) -> dict[str, int]:
    """How many there are by status, in all (""), and how many are broken."""
    plain = SenderDomain.objects.filter(pk__in=rows.order_by().values("pk"))
    by_status = plain.order_by().values_list("status").annotate(count=Count("pk"))
    found: dict[str, int] = dict(by_status)
    return {**found, "": sum(found.values()), BROKEN: plain.filter(is_broken()).count()}


def enabled() -> QuerySet[SenderDomain]:
    """The domains in reach that may stand in a From address."""
    return SenderDomain.objects.filter(status=SenderDomain.Status.ENABLED).order_by("name")


def waiting() -> QuerySet[SenderDomain]:
    """The domains in reach that wait for their records."""
    return SenderDomain.objects.filter(status=SenderDomain.Status.PENDING)


def namesakes(domain: SenderDomain) -> QuerySet[SenderDomain]:
    """Other accounts' domains of the same name. To be asked across tenants."""
    return domains().filter(name=domain.name).exclude(pk=domain.pk)


def checks(domain: SenderDomain) -> QuerySet[DomainCheck]:
    """The domain's checks, newest first."""
    return DomainCheck.objects.filter(domain=domain).order_by("-id")
