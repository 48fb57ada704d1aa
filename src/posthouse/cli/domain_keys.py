"""The DKIM keys of a sender domain in a shell: what the page shows, for a person and a script."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from posthouse.accounts.actors import Actor
    from posthouse.domains.models import DomainKey, SenderDomain

_TIMES = ("created_at", "signing_since", "retired_at", "keep_until")


def told(domain: "SenderDomain") -> dict[str, Any]:
    """The domain's keys with their records; the private half is nowhere in it."""
    from posthouse.domains.key_queries import key_ring

    ring = key_ring(domain)
    return {
        "domain": domain.name,
        "account": domain.account.slug,
        "inherited": ring.inherits,
        "rotating": ring.rotating,
        "keys": [_key(key) for key in ring.all],
    }


def change(actor: "Actor", domain: "SenderDomain", *, call_off: bool) -> None:
    """Begins a rotation, or calls one off."""
    from posthouse.domains import keys

    verb = keys.call_off if call_off else keys.rotate
    verb(actor, domain)


def lines(domains: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The same for a person."""
    for each in domains:
        yield f"{each['domain']}: {_in_short(each)}"
        for key in each["keys"]:
            yield f"  {key['selector']}  {key['algorithm']:<8} {_standing(key)}"
            if key["state"] == "waiting":
                for record in key["records"]:
                    yield f"    publish: {record['host']}  {record['type']}  {record['value']}"


def _in_short(told: Mapping[str, Any]) -> str:
    if told["inherited"]:
        return "inherits its DKIM key; the operator's signs."
    return "rotating" if told["rotating"] else "DKIM keys of its own"


def _standing(key: Mapping[str, Any]) -> str:
    if key["state"] == "retired":
        return f"retired; leave its record until {key['keep_until'][:10]}, then remove it"
    if key["state"] == "signing":
        return f"signs since {key['signing_since'][:10]}"
    return "waits for its record"


def _key(key: "DomainKey") -> dict[str, Any]:
    records = [
        {name: getattr(row, name) for name in ("host", "type", "value", "required", "state")}
        for row in key.records.all()
    ]
    plain = {name: getattr(key, name) for name in ("selector", "algorithm", "public_key", "state")}
    times = {name: _written(getattr(key, name)) for name in _TIMES}
    return {"id": key.public_id} | plain | times | {"records": records}


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
