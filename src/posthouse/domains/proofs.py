"""Notes the ownership records of earlier sets, to recognise them where they were left in DNS."""

from posthouse.core.dns.records import Record, RecordType, record
from posthouse.domains.models import SenderDomain

KEPT = 5  # earlier sets of one domain


def remember(domain: SenderDomain) -> None:
    """Notes the present ownership records before they go. They prove nothing from then on: only
    the token of the present label does.
    """
    if domain.pk:
        present = domain.records.filter(purpose="ownership").values_list("host", "value")
        domain.earlier_proofs = [*map(list, present), *domain.earlier_proofs][:KEPT]


def earlier(domain: SenderDomain) -> list[Record]:
    """The ownership records that were noted, the latest first."""
    proofs = domain.earlier_proofs
    return [record(host, RecordType.TXT, value, "ownership") for host, value in proofs]
