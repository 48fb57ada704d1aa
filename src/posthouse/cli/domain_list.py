"""The list of sender domains in a shell: what the page shows, as rows and as a table."""

from collections.abc import Iterator, Sequence
from typing import Any

# A day of the health column, as the page draws it.
_DAYS = {"verified": "|", "failed": "!", "could_not_check": ":", "none": "."}
_HEADINGS = ("DOMAIN", "STATUS", "14 DAYS", "RECORDS", "SENT IN 7 DAYS", "LAST CHECK", "ACCOUNT")


def listed(account: str) -> list[dict[str, Any]]:
    """The domains with what the list page shows of them."""
    from posthouse.domains import health, queries

    found = queries.listed()
    rows = list(found.filter(account__slug=account) if account else found)
    days = health.of(row.pk for row in rows)
    return [
        {
            "id": row.public_id,
            "name": row.name,
            "account": row.account.slug,
            "status": row.status,
            "template": row.template,
            **{name: getattr(row, name) for name in ("records_ok", "records_total", "volume")},
            "health": list(days[row.pk].states),
            "warning": row.warning,
            "checked_at": row.checked_at.isoformat(timespec="seconds") if row.checked_at else None,
            "verified_at": row.verified_at.isoformat() if row.verified_at else None,
        }
        for row in rows
    ]


def columns(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Lines of a table, each column as wide as its longest cell."""
    table = [_HEADINGS] if rows else []
    table += [
        (
            row["name"],
            row["status"].replace("_", " ") + (" (warning)" if row["warning"] else ""),
            "".join(_DAYS[state] for state in row["health"]),
            f"{row['records_ok']} of {row['records_total']} OK",
            f"{row['volume']:,}",
            row["checked_at"] or "never",
            row["account"],
        )
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        yield "  ".join(map(str.ljust, line, widths)).rstrip()
