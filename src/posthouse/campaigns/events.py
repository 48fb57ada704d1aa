"""What campaigns do when their dispatches tell of themselves; housekeeping calls the handlers."""

from collections.abc import Callable, Mapping
from typing import Final

from django.db import transaction

from posthouse.accounts import access, audit
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Event
from posthouse.campaigns.following import follow, locked
from posthouse.campaigns.models import Campaign

_KINDS: Final = ("running", "held", "pausing", "paused", "cancelled", "done")


def step_with(event: Event) -> None:
    """Brings the campaign of the event's dispatch up to date; other dispatches are not ours."""
    with access.across_tenants(), transaction.atomic():
        number = event.payload["dispatch"]
        pk = Campaign.objects.filter(dispatch=number).values_list("pk", flat=True).first()
        if pk is None:
            return
        campaign = locked(pk)
        before = {"state": campaign.state}
        if changed := follow(campaign):
            verb = f"campaign.{campaign.state}"
            account = campaign.account
            audit.record(SYSTEM, verb, campaign, account=account, before=before, after=changed)


HANDLERS: Final[Mapping[str, Callable[[Event], None]]] = {
    f"dispatch.{kind}": step_with for kind in _KINDS
}
