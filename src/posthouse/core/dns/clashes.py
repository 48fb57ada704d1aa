"""Which of some records cannot be published together, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from posthouse.core.dns.records import Record, RecordType


@dataclass(frozen=True, slots=True)
class Clash:
    """Two records that cannot stand together, by their places; `reason` names the host."""

    earlier: int
    later: int
    host: str
    reason: str


def first_clash(records: Sequence[Record]) -> Clash | None:
    """The clash whose later record comes first; None if a zone can hold all of them.

    Records that are equal but for their purpose are one record, and no clash.
    """
    for later, entry in enumerate(records):
        for earlier, other in enumerate(records[:later]):
            if reason := _reason(other, entry):
                return Clash(earlier, later, entry.host, reason)
    return None


def _reason(one: Record, other: Record) -> str:
    """Why the two exclude each other, as a sentence; empty if they do not."""
    if one.host == other.host:
        return _at_one_host(one, other)
    for exchanger, alias in ((one, other), (other, one)):
        if _leads_to_alias(exchanger, alias):
            return (
                f"The MX record of {exchanger.host} leads to {alias.host}, which is a CNAME; "
                "a mail exchanger must have an address of its own (RFC 2181 section 10.3)."
            )
    return ""


def _at_one_host(one: Record, other: Record) -> str:
    kinds = {one.type, other.type}
    if (one.type, one.value) == (other.type, other.value) or RecordType.CNAME not in kinds:
        return ""
    if kinds == {RecordType.CNAME}:
        return f"The host {one.host} would have two CNAME records; DNS allows one (RFC 2181 10.1)."
    beside = (kinds - {RecordType.CNAME}).pop()
    return (
        f"The host {one.host} would have a CNAME and a record of type {beside}; beside a CNAME "
        "nothing else may stand (RFC 1034 section 3.6.2)."
    )


def _leads_to_alias(exchanger: Record, alias: Record) -> bool:
    if (exchanger.type, alias.type) != (RecordType.MX, RecordType.CNAME):
        return False
    return exchanger.value.partition(" ")[2] == alias.host
