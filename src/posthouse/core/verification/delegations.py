"""Judges a delegation: whether the name servers that a parent zone lists answer for the zone."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Stand(StrEnum):
    """How a name server stands to the zone that is delegated to it."""

    ANSWERS = "answers"
    NOT_ITS_ZONE = "not_its_zone"  # refuses, or sends us elsewhere: lame
    NO_ADDRESS = "no_address"  # its name leads nowhere: as lame as can be
    FAILS = "fails"  # SERVFAIL: it knows the zone and cannot serve it
    SILENT = "silent"


WORDS: Mapping[Stand, str] = {
    Stand.ANSWERS: "answers",
    Stand.NOT_ITS_ZONE: "does not know the zone",
    Stand.NO_ADDRESS: "has no address",
    Stand.FAILS: "answers with an error",
    Stand.SILENT: "does not reply",
}

_LAME = frozenset({Stand.NOT_ITS_ZONE, Stand.NO_ADDRESS})


@dataclass(frozen=True, slots=True)
class Delegation:
    """A zone, and how each name server stands that its parent zone lists (some of them)."""

    zone: str
    servers: tuple[tuple[str, Stand], ...]

    @property
    def is_lame(self) -> bool:
        """True if nobody answers for the zone, and one of them at least does not know it."""
        stands = {stand for _, stand in self.servers}
        return Stand.ANSWERS not in stands and bool(stands & _LAME)

    @property
    def is_silent(self) -> bool:
        """True if none of them replied."""
        return {stand for _, stand in self.servers} == {Stand.SILENT}

    @property
    def told(self) -> str:
        """`ns1.example.com does not reply, ns2.example.com has no address`."""
        return ", ".join(f"{name} {WORDS[stand]}" for name, stand in self.servers)

    def holds(self, name: str) -> bool:
        """True if the name is in the zone."""
        return f".{name}".endswith(f".{self.zone}")
