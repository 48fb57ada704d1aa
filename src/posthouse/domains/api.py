"""Sender domains over the API."""

from datetime import datetime

from django.db.models import QuerySet
from ninja import Router, Schema, Status
from pydantic import ConfigDict, Field

from posthouse.accounts import access
from posthouse.accounts.areas import AccountRequest
from posthouse.domains import checking, queries, services
from posthouse.domains.models import SenderDomain
from posthouse.http.paging import page
from posthouse.http.problems import Problem
from posthouse.http.text import SafeText

router = Router(tags=["Sender domains"])
_ERRORS = {401: Problem, 403: Problem, 404: Problem, 409: Problem, 422: Problem, 429: Problem}


class RecordOut(Schema):
    """A DNS record to publish, and what was last seen of it."""

    host: str
    type: str
    value: str
    purpose: str
    state: str
    seen: list[str]
    finding: str
    advice: str


class DomainOut(Schema):
    """A sender domain."""

    id: str
    name: str
    status: str
    mfrom_host: str
    tracking_host: str
    checked_at: datetime | None
    next_check_at: datetime | None
    verified_at: datetime | None
    failures_in_row: int
    warning: str
    records: list[RecordOut]


class DomainPage(Schema):
    """Some domains, newest first; ``next`` is the cursor of the page after it, or empty."""

    items: list[DomainOut]
    next: str


class DomainsVerified(Schema):
    """What one call made of the domains that wait; ``left``: how many it did not reach."""

    enabled: list[str]
    waiting: list[str]
    left: int


class CheckOut(Schema):
    """One check of a domain: how it ended, and the records that did not pass."""

    at: datetime
    by: str
    result: str
    status: str
    right: int
    total: int
    wrong: list[dict[str, str]]


class CheckPage(Schema):
    """Some checks, newest first; ``next`` is the cursor of the page after it, or empty."""

    items: list[CheckOut]
    next: str


class _Strict(Schema):
    model_config = ConfigDict(extra="forbid")


class DomainNew(_Strict):
    """The domain to add."""

    name: SafeText = Field(max_length=400, examples=["mail.example.com"])


class DomainChange(_Strict):
    """What to change; what is not named stays. Changed names make the records anew."""

    tracking_subdomain: bool | None = None
    subdomain: SafeText | None = Field(default=None, max_length=100)
    track_prefix: SafeText | None = Field(default=None, max_length=100)


@router.get("/domains", response={200: DomainPage, 400: Problem} | _ERRORS)
def list_domains(request: AccountRequest, cursor: str = "", limit: int = 50) -> DomainPage:
    """The account's sender domains."""
    found = page(_rows(), cursor, size=max(1, min(limit, 200)))
    return DomainPage(items=[_out(row) for row in found.rows], next=found.next)


@router.post("/domains", response={201: DomainOut} | _ERRORS)
def add_domain(request: AccountRequest, body: DomainNew) -> Status[DomainOut]:
    """Adds a domain; publish its records, then verify it."""
    return Status(201, _out(services.add(request.actor, request.account, body.name)))


@router.post("/domains/verify", response={200: DomainsVerified} | _ERRORS)
def verify_pending_domains(request: AccountRequest) -> DomainsVerified:
    """Asks DNS about at most 25 domains that wait; takes up to 15 seconds. Call again while
    ``left`` is above 0: those that waited longest come first.
    """
    found = checking.verify_pending(request.actor)
    return DomainsVerified(
        enabled=list(found.enabled), waiting=list(found.waiting), left=found.left
    )


@router.get("/domains/{domain}", response={200: DomainOut} | _ERRORS)
def show_domain(request: AccountRequest, domain: str) -> DomainOut:
    """One domain with its records."""
    return _out(access.find(_rows(), domain))


@router.patch("/domains/{domain}", response={200: DomainOut} | _ERRORS)
def change_domain(request: AccountRequest, domain: str, body: DomainChange) -> DomainOut:
    """Changes options."""
    values = body.model_dump(exclude_unset=True, exclude_none=True)
    return _out(services.change(request.actor, access.find(_rows(), domain), **values))


@router.post("/domains/{domain}/verify", response={200: DomainOut} | _ERRORS)
def verify_domain(request: AccountRequest, domain: str) -> DomainOut:
    """Asks DNS now; takes up to 15 seconds."""
    return _out(checking.verify(request.actor, access.find(_rows(), domain)))


@router.get("/domains/{domain}/checks", response={200: CheckPage, 400: Problem} | _ERRORS)
def list_checks(
    request: AccountRequest, domain: str, cursor: str = "", limit: int = 50
) -> CheckPage:
    """How the domain's checks ended, for the last 90 days."""
    rows = queries.checks(access.find(_rows(), domain))
    found = page(rows, cursor, size=max(1, min(limit, 200)))
    return CheckPage(items=[CheckOut.from_orm(row) for row in found.rows], next=found.next)


@router.post("/domains/{domain}/disable", response={200: DomainOut} | _ERRORS)
def disable_domain(request: AccountRequest, domain: str) -> DomainOut:
    """Stops sending from it."""
    return _out(services.disable(request.actor, access.find(_rows(), domain)))


@router.post("/domains/{domain}/enable", response={200: DomainOut} | _ERRORS)
def enable_domain(request: AccountRequest, domain: str) -> DomainOut:
    """Sends from a disabled domain again."""
    return _out(services.enable(request.actor, access.find(_rows(), domain)))


@router.delete("/domains/{domain}", response={204: None} | _ERRORS)
def delete_domain(request: AccountRequest, domain: str) -> Status[None]:
    """Deletes it; adding it again begins anew."""
    services.delete(request.actor, access.find(_rows(), domain))
    return Status(204, None)


def _rows() -> QuerySet[SenderDomain]:
    return queries.domains().prefetch_related("records")


def _out(row: SenderDomain) -> DomainOut:
    return DomainOut(
        id=row.public_id,
        name=row.name,
        status=row.status,
        mfrom_host=row.mfrom_host,
        tracking_host=row.tracking_host,
        checked_at=row.checked_at,
        next_check_at=row.next_check_at,
        verified_at=row.verified_at,
        failures_in_row=row.failures_in_row,
        warning=row.warning,
        records=[RecordOut.from_orm(record) for record in row.records.order_by("position")],
    )
