"""The mistakes that people make when they publish DNS records, to be made on purpose."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from posthouse.core.dns.names import registered_domain
from posthouse.core.dns.records import Record, RecordType
from posthouse.core.verification.cases import Fault


@dataclass(frozen=True, slots=True)
class Mistake:
    """What stands in DNS in place of the right record, and what the doctor must call it."""

    purpose: str  # it befalls the first record with this purpose
    fault: Fault
    made: Callable[[Record], tuple[Record, ...]]


def with_mistakes(records: Iterable[Record], mistakes: Sequence[Mistake]) -> tuple[Record, ...]:
    """The records as they come out when somebody makes these mistakes, each of them once."""
    left = {each.purpose: each for each in mistakes}
    published: list[Record] = []
    for each in records:
        mistake = left.pop(each.purpose, None)
        published.extend(mistake.made(each) if mistake else (each,))
    return tuple(published)


def _host_with_zone(right: Record) -> tuple[Record, ...]:
    """The form adds the zone to the host by itself, and got the full name."""
    return (replace(right, host=f"{right.host}.{registered_domain(right.host)}"),)


def _target_with_zone(right: Record) -> tuple[Record, ...]:
    """A target without its final dot is taken as a name within the zone."""
    return (replace(right, value=f"{right.value}.{registered_domain(right.host)}"),)


def _quoted(right: Record) -> tuple[Record, ...]:
    """The value was copied out of a zone file, into a form that quotes by itself."""
    return (replace(right, value=f'"{right.value}"'),)


def _without_underscores(right: Record) -> tuple[Record, ...]:
    return (replace(right, host=right.host.replace("_", "")),)


def _as_text(right: Record) -> tuple[Record, ...]:
    return (replace(right, type=RecordType.TXT),)


def _two_policies(right: Record) -> tuple[Record, ...]:
    """An old policy was left beside the new one; receivers ignore both."""
    policies = "v=DMARC1; p=none", "v=DMARC1; p=quarantine"
    return tuple(replace(right, type=RecordType.TXT, value=policy) for policy in policies)


def _behind_a_proxy(right: Record) -> tuple[Record, ...]:
    """With its proxy on, the provider answers with its own address instead of the CNAME."""
    return (replace(right, type=RecordType.A, value="104.16.0.10"),)


def _forgotten(_right: Record) -> tuple[Record, ...]:
    return ()


TO_BE_MENDED = (
    Mistake("return-path", Fault.ZONE_APPENDED_TO_HOST, _host_with_zone),
    Mistake("dkim", Fault.ZONE_APPENDED_TO_TARGET, _target_with_zone),
    Mistake("ownership", Fault.QUOTES, _quoted),
)
TO_BE_LEFT = (
    Mistake("return-path", Fault.TEXT_NOT_ALIAS, _as_text),
    Mistake("dkim", Fault.UNDERSCORE_STRIPPED, _without_underscores),
    Mistake("dmarc", Fault.DMARC_TWICE, _two_policies),
    Mistake("tracking", Fault.PROXIED, _behind_a_proxy),
    Mistake("ownership", Fault.ABSENT, _forgotten),
)
