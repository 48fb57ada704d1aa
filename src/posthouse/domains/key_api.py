"""A sender domain's own DKIM keys over the API; their private half is nowhere in it."""

from datetime import datetime

from ninja import Router, Schema, Status

from posthouse.accounts import access
from posthouse.accounts.areas import AccountRequest
from posthouse.domains import keys, queries, showing
from posthouse.domains.key_queries import KeyRing, key_ring
from posthouse.domains.models import DomainKey, SenderDomain
from posthouse.domains.schemas import RecordOut
from posthouse.http.problems import Problem

router = Router(tags=["Sender domains"])
_ERRORS = {401: Problem, 403: Problem, 404: Problem, 409: Problem, 429: Problem}


class DomainKeyOut(Schema):
    """A DKIM key: ``waiting`` for its records, ``signing``, or ``retired``; the record of a retired
    one stays until ``keep_until``, for mail that is on its way.
    """

    id: str
    algorithm: str
    selector: str
    public_key: str
    state: str
    created_at: datetime
    signing_since: datetime | None
    retired_at: datetime | None
    keep_until: datetime | None
    records: list[RecordOut]


class DomainKeysOut(Schema):
    """The domain's own keys. ``inherited``: the operator's key signs, its own ones have retired if
    there were any; ``rotating``: new keys wait for their records beside those that sign.
    """

    inherited: bool
    rotating: bool
    keys: list[DomainKeyOut]


@router.get("/domains/{domain}/keys", response={200: DomainKeysOut} | _ERRORS)
def list_keys(request: AccountRequest, domain: str) -> DomainKeysOut:
    """Which keys sign, which wait for their records, and which are on their way out."""
    row = _find(domain)
    return _out(row, key_ring(row))


@router.post("/domains/{domain}/rotation", response={201: DomainKeysOut} | _ERRORS)
def start_rotation(request: AccountRequest, domain: str) -> Status[DomainKeysOut]:
    """Makes new keys. Publish their records: once these are found, the new keys sign by
    themselves, and the old ones retire.
    """
    row = _find(domain)
    return Status(201, _out(row, keys.rotate(request.actor, row)))


@router.delete("/domains/{domain}/rotation", response={204: None} | _ERRORS)
def call_rotation_off(request: AccountRequest, domain: str) -> Status[None]:
    """Drops the keys that wait; those that sign go on."""
    keys.call_off(request.actor, _find(domain))
    return Status(204, None)


def _find(public_id: str) -> SenderDomain:
    return access.find(queries.domains(), public_id)


def _out(domain: SenderDomain, ring: KeyRing) -> DomainKeysOut:
    return DomainKeysOut(
        inherited=ring.inherits,
        rotating=ring.rotating,
        keys=[_key(domain, key) for key in ring.all],
    )


def _key(domain: SenderDomain, key: DomainKey) -> DomainKeyOut:
    told = {
        name: getattr(key, name) for name in DomainKeyOut.model_fields if name not in _OWN_WORDS
    }
    records = [RecordOut(**showing.told(domain, record)) for record in key.records.all()]
    return DomainKeyOut(**told, id=key.public_id, records=records)


_OWN_WORDS = frozenset({"id", "records"})
