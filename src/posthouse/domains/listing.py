"""Lists of sender domains for pages: filtered, searched and sorted, with health and volume."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.http import QueryDict

from posthouse.domains import health, queries
from posthouse.domains.health import Health
from posthouse.domains.models import SenderDomain
from posthouse.http.filters import chosen, with_tabs
from posthouse.http.paging import ranked

STATES: Final[Mapping[str, str]] = {
    SenderDomain.Status.PENDING: "Approval Pending",
    queries.BROKEN: "Broken",
    SenderDomain.Status.ENABLED: "Enabled",
    SenderDomain.Status.DISABLED: "Disabled",
    SenderDomain.Status.SUSPENDED: "Suspended",
}
USUAL_SORT: Final = "name"


@dataclass(frozen=True, slots=True)
class Row:
    """A domain (with its volume) and its last fourteen days."""

    domain: SenderDomain
    health: Health


def of(asked: QueryDict) -> dict[str, Any]:
    """What a list page shows of the domains in reach: rows, the page that they are, filters."""
    wanted = chosen(asked, STATES, queries.SORTS)
    found = queries.narrowed(queries.listed(), words=wanted.words)
    counts = queries.counts(found)
    order = queries.SORTS[wanted.sort or USUAL_SORT]
    rows = queries.narrowed(found, state=wanted.state).order_by(*order, "name", "pk")
    page = ranked(rows, asked.get("cursor", ""))
    days = health.of(row.pk for row in page.rows)
    return {
        "rows": [Row(row, days[row.pk]) for row in page.rows],
        "page": page,
        "filters": with_tabs(wanted, STATES, counts),
        "sort": wanted.sort or USUAL_SORT,
        "total": counts[""],
    }
