"""Keeps a campaign's state in step with its dispatch, whose row is the truth."""

from collections.abc import Mapping
from typing import Any, Final

from django.db.models import Count
from django.utils import timezone

from posthouse.accounts import audit
from posthouse.campaigns.models import Campaign
from posthouse.campaigns.states import ENDED, OF_DISPATCH, State, reachable
from posthouse.core.delivery.states import DeliveryState
from posthouse.deliveries.models import Delivery, Dispatch

_LONGEST_REASON: Final = 500


def locked(campaign_id: int) -> Campaign:
    """The campaign with its dispatch as they are now; nobody else changes its row meanwhile."""
    rows = Campaign.objects.select_for_update(of=("self",))
    return rows.select_related("dispatch", "account__group").get(pk=campaign_id)


def follow(campaign: Campaign) -> Mapping[str, Any]:
    """Puts a locked campaign where its dispatch says that it is; returns what changed.

    Events may come late, twice or in bunches: only the dispatch's present state is looked at, and
    a campaign never goes where its table of moves does not lead.
    """
    dispatch = campaign.dispatch
    if dispatch is None:
        return {}
    state, reason = _told_by(dispatch)
    if state == campaign.state and reason == campaign.reason:
        return {}
    if state != campaign.state and state not in reachable(campaign.state):
        return {}
    before = campaign.state
    changed = {"state": str(state), "reason": reason[:_LONGEST_REASON]}
    campaign.state, campaign.reason = state, reason[:_LONGEST_REASON]
    if state in ENDED:
        campaign.finished_at = timezone.now()
    campaign.save(update_fields=["state", "reason", "finished_at"])
    announce(campaign, before)
    return changed


def announce(campaign: Campaign, before: str) -> None:
    """Tells whoever listens that the state is another than before; a new reason alone is none."""
    if campaign.state != before:
        audit.announce(
            "campaign.status",
            campaign.account,
            campaign={"id": campaign.public_id, "name": campaign.name},
            before=str(before),
            after=str(campaign.state),
            reason=campaign.reason,
        )


def _told_by(dispatch: Dispatch) -> tuple[State, str]:
    nothing_accepted = dispatch.failed > 0 and dispatch.accepted == 0
    if dispatch.state == Dispatch.State.DONE and nothing_accepted:
        return State.FAILED, _why_nothing(dispatch)
    return OF_DISPATCH[dispatch.state], dispatch.reason


def _why_nothing(dispatch: Dispatch) -> str:
    failed = Delivery.objects.filter(dispatch=dispatch, state=DeliveryState.FAILED)
    words = failed.values_list("said").annotate(count=Count("pk")).order_by("-count").first()
    said = words[0] if words and words[0] else "no reason was given"
    return f"No message was accepted. Mostly: {said}"
