"""Webhooks over the API."""

from datetime import datetime
from typing import Any, Literal

from django.db.models import QuerySet
from ninja import Router, Schema, Status
from pydantic import ConfigDict, Field

from posthouse.accounts import access
from posthouse.accounts.areas import AccountRequest
from posthouse.accounts.permissions import demand
from posthouse.http.paging import page
from posthouse.http.problems import Problem
from posthouse.http.text import SafeText
from posthouse.webhooks import queries, services
from posthouse.webhooks.kinds import KINDS
from posthouse.webhooks.models import Call, Endpoint

router = Router(tags=["Webhooks"])
_ERRORS = {401: Problem, 403: Problem, 404: Problem, 409: Problem, 422: Problem, 429: Problem}
_KINDS = Field(examples=[["domain.status", "domain.warning"]], description=", ".join(KINDS))


class WebhookOut(Schema):
    """A webhook and how it stands; ``answer`` is what the last call came to."""

    id: str = Field(alias="public_id")
    url: str
    description: str
    kinds: list[str]
    state: str
    reason: str
    failing_since: datetime | None
    answered_at: datetime | None
    answer: str
    created_at: datetime


class WebhookSecretOut(WebhookOut):
    """The same with its secret, which is never told again."""

    secret: str


class WebhookPage(Schema):
    """Some webhooks, newest first; ``next`` is the cursor of the page after it, or empty."""

    items: list[WebhookOut]
    next: str


class CallOut(Schema):
    """One event on its way to one webhook; its id is the receiver's ``webhook-id``."""

    id: str = Field(alias="public_id")
    kind: str
    state: str
    attempts: int
    next_attempt_at: datetime | None
    status: int | None
    problem: str
    created_at: datetime
    ended_at: datetime | None


class AttemptOut(Schema):
    """One request of a call and the beginning of what came back."""

    at: datetime
    status: int | None
    problem: str
    excerpt: str
    milliseconds: int


class CallStory(CallOut):
    """A call with its body and every attempt, newest first."""

    body: str
    tries: list[AttemptOut]


class CallPage(Schema):
    """Some calls, newest first; ``next`` is the cursor of the page after it, or empty."""

    items: list[CallOut]
    next: str


class _Strict(Schema):
    model_config = ConfigDict(extra="forbid")


class WebhookNew(_Strict):
    """Where to, and what about."""

    url: SafeText = Field(max_length=1000, examples=["https://example.com/posthouse"])
    kinds: list[SafeText] = _KINDS
    description: SafeText = Field(default="", max_length=200)


class WebhookChange(_Strict):
    """What to change; what is not named stays."""

    url: SafeText | None = Field(default=None, max_length=1000)
    kinds: list[SafeText] | None = None
    description: SafeText | None = Field(default=None, max_length=200)
    state: Literal["on", "off"] | None = None


@router.get("/webhooks", response={200: WebhookPage, 400: Problem} | _ERRORS)
def list_webhooks(request: AccountRequest, cursor: str = "", limit: int = 50) -> dict[str, Any]:
    """The account's webhooks."""
    return _paged(_rows(request), cursor, limit)


@router.post("/webhooks", response={201: WebhookSecretOut} | _ERRORS)
def create_webhook(request: AccountRequest, body: WebhookNew) -> Status[dict[str, Any]]:
    """Makes a webhook; the answer holds its secret, this once."""
    made = services.create(request.actor, request.account, **body.model_dump())
    return Status(201, _with_secret(*made))


@router.get("/webhooks/{webhook}", response={200: WebhookOut} | _ERRORS)
def show_webhook(request: AccountRequest, webhook: str) -> Endpoint:
    """One webhook."""
    return _find(request, webhook)


@router.patch("/webhooks/{webhook}", response={200: WebhookOut} | _ERRORS)
def change_webhook(request: AccountRequest, webhook: str, body: WebhookChange) -> Endpoint:
    """Changes it, or switches it on or off."""
    endpoint = _find(request, webhook)
    values = body.model_dump(exclude_unset=True, exclude_none=True)
    state = values.pop("state", endpoint.state)
    if values:
        endpoint = services.change(request.actor, endpoint, **values)
    if state == endpoint.state:
        return endpoint
    verb = services.switch_on if state == "on" else services.switch_off
    return verb(request.actor, endpoint)


@router.delete("/webhooks/{webhook}", response={204: None} | _ERRORS)
def delete_webhook(request: AccountRequest, webhook: str) -> Status[None]:
    """Deletes it with the history of its calls."""
    services.delete(request.actor, _find(request, webhook))
    return Status(204, None)


@router.post("/webhooks/{webhook}/secret", response={200: WebhookSecretOut} | _ERRORS)
def rotate_webhook_secret(request: AccountRequest, webhook: str) -> dict[str, Any]:
    """A new secret; for a day the old one signs beside it."""
    return _with_secret(*services.rotate_secret(request.actor, _find(request, webhook)))


@router.post("/webhooks/{webhook}/test", response={201: CallOut} | _ERRORS)
def test_webhook(request: AccountRequest, webhook: str) -> Status[Call]:
    """Sends a test, which is tried once; ask for the call to see what came of it."""
    return Status(201, services.send_test(request.actor, _find(request, webhook)))


@router.get("/webhooks/{webhook}/calls", response={200: CallPage, 400: Problem} | _ERRORS)
def list_calls(
    request: AccountRequest, webhook: str, state: str = "", cursor: str = "", limit: int = 50
) -> dict[str, Any]:
    """The calls of the last 30 days; ``state`` is pending, delivered or failed."""
    return _paged(queries.calls(_find(request, webhook), state), cursor, limit)


@router.get("/webhooks/{webhook}/calls/{call}", response={200: CallStory} | _ERRORS)
def show_call(request: AccountRequest, webhook: str, call: str) -> dict[str, Any]:
    """One call with its body and what came back."""
    row = queries.find_call(_find(request, webhook), call)
    told = CallOut.from_orm(row).model_dump(by_alias=True)
    return told | {"body": row.body, "tries": list(queries.attempts(row))}


@router.post("/webhooks/{webhook}/calls/{call}/redeliver", response={200: CallOut} | _ERRORS)
def redeliver_call(request: AccountRequest, webhook: str, call: str) -> Call:
    """Makes a call that ended once more, with the same id and body."""
    return services.redeliver(request.actor, queries.find_call(_find(request, webhook), call))


def _rows(request: AccountRequest) -> QuerySet[Endpoint]:
    """URLs may hold what only those should see who set them up."""
    demand(request.actor, "edit")
    return queries.endpoints()


def _find(request: AccountRequest, public_id: str) -> Endpoint:
    return access.find(_rows(request), public_id)


def _paged(rows: QuerySet[Any], cursor: str, limit: int) -> dict[str, Any]:
    found = page(rows, cursor, size=max(1, min(limit, 200)))
    return {"items": found.rows, "next": found.next}


def _with_secret(endpoint: Endpoint, secret: str) -> dict[str, Any]:
    return WebhookOut.from_orm(endpoint).model_dump(by_alias=True) | {"secret": secret}
