"""Campaigns over the API."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from ninja import Router, Status

from posthouse.accounts import access
from posthouse.accounts.areas import AccountRequest
from posthouse.audience.models import SubscriberList
from posthouse.campaigns import progress, queries, reviews, services
from posthouse.campaigns.models import Campaign
from posthouse.campaigns.schemas import (
    CampaignChange,
    CampaignNew,
    CampaignOut,
    CampaignPage,
    DeliveryOut,
    DeliveryPage,
    DeliveryStory,
    ForecastOut,
    Sending,
    TestNew,
    TestOut,
    campaign_line,
    campaign_out,
    delivery_out,
    forecast_out,
    story_out,
    test_out,
)
from posthouse.core.delivery.states import DeliveryState
from posthouse.domains.models import SenderDomain
from posthouse.http.paging import page
from posthouse.http.problems import Problem
from posthouse.http.text import SafeText

router = Router(tags=["Campaigns"])
_ERRORS = {
    400: Problem,
    401: Problem,
    403: Problem,
    404: Problem,
    409: Problem,
    422: Problem,
    429: Problem,
}
_PAGE = 200


@router.get("/campaigns", response={200: CampaignPage} | _ERRORS)
def list_campaigns(
    request: AccountRequest,
    *,
    state: Campaign.State | None = None,
    q: SafeText = "",
    cursor: str = "",
    limit: int = 50,
) -> CampaignPage:
    """The account's campaigns, newest first; ``q`` is looked for in their names."""
    rows = queries.campaigns(state or "", q).prefetch_related("lists")
    found = page(rows, cursor, size=max(1, min(limit, _PAGE)))
    return CampaignPage(items=[campaign_line(row) for row in found.rows], next=found.next)


@router.post("/campaigns", response={201: CampaignOut} | _ERRORS)
def create_campaign(request: AccountRequest, body: CampaignNew) -> Status[CampaignOut]:
    """A new draft. Nothing is sent before ``send`` is called."""
    values = _rows(body.model_dump(exclude_unset=True))
    made = services.create(request.actor, request.account, **values)
    return Status(201, _again(made))


@router.get("/campaigns/{campaign}", response={200: CampaignOut} | _ERRORS)
def show_campaign(request: AccountRequest, campaign: str) -> CampaignOut:
    """One campaign with its content and how far it has come."""
    return campaign_out(queries.find(campaign))


@router.get("/campaigns/{campaign}/forecast", response={200: ForecastOut} | _ERRORS)
def forecast_campaign(request: AccountRequest, campaign: str) -> ForecastOut:
    """What receivers will make of SPF, DKIM and DMARC, by the last checks; asks no DNS.

    422 where it could not be sent at all. A forecast that fails keeps nothing from being sent.
    """
    return forecast_out(reviews.forecast(reviews.draft_of(queries.find(campaign))))


@router.patch("/campaigns/{campaign}", response={200: CampaignOut} | _ERRORS)
def change_campaign(request: AccountRequest, campaign: str, body: CampaignChange) -> CampaignOut:
    """Changes the named fields of a draft. With ``revision``, only if nobody changed it since."""
    values = _rows(body.model_dump(exclude_unset=True))
    return _again(services.change(request.actor, queries.find(campaign), **values))


@router.delete("/campaigns/{campaign}", response={204: None} | _ERRORS)
def delete_campaign(request: AccountRequest, campaign: str) -> Status[None]:
    """Deletes a draft."""
    services.delete(request.actor, queries.find(campaign))
    return Status(204, None)


@router.post("/campaigns/{campaign}/duplicate", response={201: CampaignOut} | _ERRORS)
def duplicate_campaign(request: AccountRequest, campaign: str) -> Status[CampaignOut]:
    """A new draft with the same content, sender and lists."""
    return Status(201, _again(services.duplicate(request.actor, queries.find(campaign))))


@router.post("/campaigns/{campaign}/test", response={202: TestOut} | _ERRORS)
def test_campaign(request: AccountRequest, campaign: str, body: TestNew) -> Status[TestOut]:
    """Sends the real message to up to five addresses, filled in as one subscriber."""
    row = queries.find(campaign)
    person = queries.subscriber(body.as_subscriber) if body.as_subscriber else None
    return Status(202, test_out(services.send_test(request.actor, row, body.addresses, person)))


@router.post("/campaigns/{campaign}/send", response={202: CampaignOut} | _ERRORS)
def send_campaign(
    request: AccountRequest, campaign: str, body: Sending | None = None
) -> Status[CampaignOut]:
    """Sends a draft to its lists, now and once: a second call is refused with 409."""
    row = queries.find(campaign)
    revision = body.revision if body else None
    return Status(202, _again(services.send_now(request.actor, row, revision=revision)))


@router.post("/campaigns/{campaign}/pause", response={200: CampaignOut} | _ERRORS)
def pause_campaign(request: AccountRequest, campaign: str) -> CampaignOut:
    """``pausing`` until every engine has handed back what it holds, then ``paused``."""
    return _again(services.pause(request.actor, queries.find(campaign)))


@router.post("/campaigns/{campaign}/resume", response={200: CampaignOut} | _ERRORS)
def resume_campaign(request: AccountRequest, campaign: str) -> CampaignOut:
    """Sends on to those who are left."""
    return _again(services.resume(request.actor, queries.find(campaign)))


@router.post("/campaigns/{campaign}/cancel", response={200: CampaignOut} | _ERRORS)
def cancel_campaign(request: AccountRequest, campaign: str) -> CampaignOut:
    """Ends it for good; what has left cannot be called back."""
    return _again(services.cancel(request.actor, queries.find(campaign)))


@router.get("/campaigns/{campaign}/deliveries", response={200: DeliveryPage} | _ERRORS)
def list_deliveries(
    request: AccountRequest,
    campaign: str,
    *,
    state: DeliveryState | None = None,
    q: SafeText = "",
    cursor: str = "",
    limit: int = 50,
) -> DeliveryPage:
    """Who got it and who did not; ``q`` is looked for in the addresses."""
    rows = progress.deliveries(queries.find(campaign), state or "", q)
    found = page(rows, cursor, size=max(1, min(limit, _PAGE)))
    items: list[DeliveryOut] = [delivery_out(row) for row in found.rows]
    return DeliveryPage(items=items, next=found.next)


@router.get("/campaigns/{campaign}/deliveries/{delivery}", response={200: DeliveryStory} | _ERRORS)
def show_delivery(request: AccountRequest, campaign: str, delivery: str) -> DeliveryStory:
    """One delivery with every attempt and the servers' own words."""
    row = progress.find_delivery(queries.find(campaign), delivery)
    return story_out(row, progress.story(row))


def _rows(values: dict[str, Any]) -> dict[str, Any]:
    """The account's rows in place of their public ids; foreign and missing ones are refused."""
    if values.get("sender_domain"):
        values |= _found("sender_domain", SenderDomain.objects.all(), [values["sender_domain"]])
        values["sender_domain"] = values["sender_domain"][0]
    if "lists" in values:
        values |= _found("lists", SubscriberList.objects.all(), values["lists"])
    return values


def _found(field: str, rows: QuerySet[Any], public_ids: list[str]) -> dict[str, Any]:
    try:
        return {field: [access.find(rows, public_id) for public_id in public_ids]}
    except access.Missing as missing:
        raise ValidationError({field: str(missing)}) from missing


def _again(row: Campaign) -> CampaignOut:
    return campaign_out(queries.find(row.public_id))
