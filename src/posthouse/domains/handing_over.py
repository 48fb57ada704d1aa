"""A sender domain's records as files and text, for whoever publishes them."""

import csv
from io import StringIO

from posthouse.audience.formulas import guard
from posthouse.core.dns.records import DEFAULT_TTL, Record, RecordType, relative_host, zone_file
from posthouse.domains import key_sets
from posthouse.domains.models import DomainRecord, SenderDomain

_COLUMNS = ("host", "relative_host", "type", "value", "ttl", "for")


def zone_of(domain: SenderDomain) -> str:
    """A zone file to import at a DNS provider (RFC 1035 section 5)."""
    return zone_file(
        Record(row.host, RecordType(row.type), row.value, row.purpose) for row in _records(domain)
    )


def csv_of(domain: SenderDomain) -> str:
    """A table; cells that a spreadsheet would calculate have a quote in front."""
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(_COLUMNS)
    for row in _records(domain):
        relative = relative_host(row.host, domain.registered)
        cells = (row.host, relative, row.type, row.value, str(DEFAULT_TTL), row.what_for)
        writer.writerow([guard(cell) for cell in cells])
    return file.getvalue()


def text_of(domain: SenderDomain) -> str:
    """A paragraph for each record, for a mail."""
    return "\n\n".join(
        f"{place}. {row.type}. {row.what_for}\n"
        f"   Host:      {row.host}\n"
        f"   or short:  {relative_host(row.host, domain.registered)}\n"
        f"   Value:     {row.value}"
        for place, row in enumerate(_records(domain), start=1)
    )


def _records(domain: SenderDomain) -> list[DomainRecord]:
    return list(key_sets.present(domain).order_by("position"))
