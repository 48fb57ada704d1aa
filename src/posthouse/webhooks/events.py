"""Fans an event out to the webhooks of its account: a call for each one that wants its kind.

Housekeeping calls the handlers in the transaction in which the event is taken for handled.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from posthouse.accounts import access
from posthouse.accounts.models import Event
from posthouse.webhooks.kinds import KINDS
from posthouse.webhooks.models import Call, Endpoint


def fan_out(event: Event) -> None:
    """Makes the calls; handling an event twice makes none twice."""
    with access.across_tenants():
        on = Endpoint.objects.filter(account=event.account, state=Endpoint.State.ON)
        listening = [endpoint for endpoint in on if event.kind in endpoint.kinds]
        if not listening:
            return
        body = body_of(event.kind, event.at, KINDS[event.kind].data(event))
        Call.objects.bulk_create(
            (
                Call(
                    account=event.account,
                    endpoint=endpoint,
                    kind=event.kind,
                    event_number=event.pk,
                    body=body,
                )
                for endpoint in listening
            ),
            ignore_conflicts=True,
        )


def body_of(kind: str, at: datetime, data: Mapping[str, Any]) -> str:
    """The JSON of a call, as Standard Webhooks wants it: type, timestamp, data."""
    timestamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"type": kind, "timestamp": timestamp, "data": data}, ensure_ascii=False)


HANDLERS: Final[Mapping[str, Callable[[Event], None]]] = dict.fromkeys(KINDS, fan_out)
