"""Takes calls that are due, few of each webhook and account: nobody waits for another (F18).

A claim lasts a minute and has a token: a call whose worker died is due again, and whoever comes too
late with an answer settles nothing.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, QuerySet
from django.utils import timezone

from posthouse.accounts.tenancy import new_public_id
from posthouse.accounts.vault import SecretUnreadable
from posthouse.webhooks import secrets
from posthouse.webhooks.models import Call, Endpoint

AT_ONCE = 50
OF_ACCOUNT = 8
OF_ENDPOINT = 2
LEASE = timedelta(minutes=1)  # a call takes ten seconds at most
_READ_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A call that is ours to make; no secrets: they could not be opened."""

    call: int
    endpoint: int
    account: int
    claim: str
    url: str
    message_id: str
    body: str
    secrets: tuple[str, ...]


def take(flying: Collection[Outgoing]) -> list[Outgoing]:
    """Calls to make now, beside those that are under way. To be called across tenants."""
    now, taken = timezone.now(), [*flying]
    while len(taken) < AT_ONCE:
        due = list(_due(now, taken)[:_READ_AT_ONCE])
        more = _take_of(due, now, taken)
        taken += more
        if not more or len(due) < _READ_AT_ONCE:
            break
    return taken[len(flying) :]


def _take_of(due: list[Call], now: datetime, taken: list[Outgoing]) -> list[Outgoing]:
    of_endpoint = Counter(one.endpoint for one in taken)
    of_account = Counter(one.account for one in taken)
    found: list[Outgoing] = []
    for call in due:
        full = of_endpoint[call.endpoint_id] >= OF_ENDPOINT
        if full or of_account[call.account_id] >= OF_ACCOUNT:
            continue
        if len(taken) + len(found) >= AT_ONCE:
            break
        if outgoing := _claim(call, now):
            found.append(outgoing)
            of_endpoint[call.endpoint_id] += 1
            of_account[call.account_id] += 1
    return found


def _due(now: datetime, taken: list[Outgoing]) -> QuerySet[Call]:
    """Those that wait longest first; without those of webhooks and accounts that are full."""
    of_endpoint = Counter(one.endpoint for one in taken)
    of_account = Counter(one.account for one in taken)
    return (
        Call.objects.filter(
            state=Call.State.PENDING, next_attempt_at__lte=now, endpoint__state=Endpoint.State.ON
        )
        .exclude(endpoint__in=[one for one, count in of_endpoint.items() if count >= OF_ENDPOINT])
        .exclude(account__in=[one for one, count in of_account.items() if count >= OF_ACCOUNT])
        .select_related("endpoint")
        .order_by("next_attempt_at", "pk")
    )


def _claim(call: Call, now: datetime) -> Outgoing | None:
    token = new_public_id("clm")
    ours = Call.objects.filter(
        pk=call.pk, state=Call.State.PENDING, next_attempt_at=call.next_attempt_at
    ).update(claim=token, next_attempt_at=now + LEASE, attempts=F("attempts") + 1)
    if not ours:
        return None
    try:
        keys = secrets.signing(call.endpoint, now)
    except SecretUnreadable:
        keys = ()
    return Outgoing(
        call=call.pk,
        endpoint=call.endpoint_id,
        account=call.account_id,
        claim=token,
        url=call.endpoint.url,
        message_id=call.public_id,
        body=call.body,
        secrets=keys,
    )
