"""Sender domains' own DKIM keys as pages, routes and engines need them."""

from collections.abc import Sequence
from dataclasses import dataclass

from posthouse.domains.models import DomainKey, SenderDomain

_State = DomainKey.State
_RSA_FIRST = ("-algorithm", "-id")


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of one domain, with their records; empty where it inherits the operator's."""

    waiting: tuple[DomainKey, ...] = ()
    signing: tuple[DomainKey, ...] = ()
    retired: tuple[DomainKey, ...] = ()

    @property
    def coming(self) -> tuple[DomainKey, ...]:
        """Keys that wait beside one that signs: a rotation. Others wait to be the first."""
        signing = {key.algorithm for key in self.signing}
        return tuple(key for key in self.waiting if key.algorithm in signing)

    @property
    def rotating(self) -> bool:
        """True while new keys wait for their records."""
        return bool(self.coming)

    @property
    def inherits(self) -> bool:
        """True where the operator's key signs; keys of its own may be on their way out."""
        return not (self.waiting or self.signing)

    @property
    def all(self) -> tuple[DomainKey, ...]:
        """In the order in which they come into the world and leave it."""
        return self.waiting + self.signing + self.retired


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A key that signs, as a route names it."""

    id: int
    selector: str


def key_ring(domain: SenderDomain) -> KeyRing:
    """The domain's keys as they stand; nothing of their private half is read."""
    rows = list(domain.keys.defer("sealed").prefetch_related("records").order_by(*_RSA_FIRST))
    by_state = {state: tuple(row for row in rows if row.state == state) for state in _State}
    return KeyRing(by_state[_State.WAITING], by_state[_State.SIGNING], by_state[_State.RETIRED])


def signing_for(account_id: int, name: str) -> tuple[OwnKey, ...]:
    """The keys that sign mail from this name: those of the account's Enabled domain of that name.

    RSA first; none where it inherits the installation's.
    """
    rows = DomainKey.objects.filter(
        account=account_id,
        domain__account=account_id,
        domain__name=name,
        domain__status=SenderDomain.Status.ENABLED,
        state=_State.SIGNING,
    ).order_by(*_RSA_FIRST)
    return tuple(OwnKey(*row) for row in rows.values_list("pk", "selector"))


def sealed(ids: Sequence[int]) -> list[DomainKey]:
    """The rows of these keys, to be opened; who is not among them is destroyed."""
    return list(DomainKey.objects.filter(pk__in=ids).select_related("domain"))
