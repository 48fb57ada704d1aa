"""Counts what servers accept from each sender domain, by day: written when results settle."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from django.db import connection
from django.db.models import BigIntegerField, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from posthouse.domains.models import DomainDay

DAYS = 7  # that pages add up

_COUNT = """
INSERT INTO domains_domainday (account_id, domain_id, day, accepted) VALUES (%s, %s, %s, %s)
ON CONFLICT (domain_id, day) DO UPDATE SET accepted = domains_domainday.accepted + excluded.accepted
"""


def count(account_id: int, domain_id: int, at: datetime, accepted: int) -> None:
    """Adds to the domain's day, in the caller's transaction; one statement, whoever else counts."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [account_id, domain_id, at.astimezone(UTC).date(), accepted])


def of_week() -> Coalesce:
    """An expression over sender domains: what was accepted in the last seven days, today's too."""
    days = DomainDay.objects.filter(domain=OuterRef("pk"), day__gte=_first_day())
    total = days.order_by().values("domain").annotate(total=Sum("accepted")).values("total")
    return Coalesce(Subquery(total), 0, output_field=BigIntegerField())


def by_day(domain_ids: Iterable[int]) -> dict[int, dict[date, int]]:
    """The days of the last seven on which something was accepted, of each of the domains."""
    found: dict[int, dict[date, int]] = {}
    rows = DomainDay.objects.filter(domain__in=list(domain_ids), day__gte=_first_day())
    for domain, day, accepted in rows.values_list("domain_id", "day", "accepted"):
        found.setdefault(domain, {})[day] = accepted
    return found


def _first_day() -> date:
    return timezone.now().astimezone(UTC).date() - timedelta(days=DAYS - 1)
