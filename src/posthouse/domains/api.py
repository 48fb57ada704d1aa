"""Sender domains over the API."""

from collections.abc import Sequence
from typing import Any, Literal

from django.http import HttpResponse
from ninja import Router, Status

from posthouse.accounts import access
from posthouse.accounts.areas import AccountRequest
from posthouse.accounts.models import AuditRecord
from posthouse.domains import checking, handing_over, happenings, health, queries, services, showing
from posthouse.domains.models import SenderDomain
from posthouse.domains.record_pages import download
from posthouse.domains.schemas import (
    ChangeOut,
    ChangePage,
    CheckOut,
    CheckPage,
    DomainChange,
    DomainNew,
    DomainOut,
    DomainPage,
    DomainRow,
    DomainsVerified,
    RecordOut,
)
from posthouse.http.paging import page
from posthouse.http.problems import Problem
from posthouse.http.text import SafeText

router = Router(tags=["Sender domains"])
_ERRORS = {401: Problem, 403: Problem, 404: Problem, 409: Problem, 422: Problem, 429: Problem}
_PAGE_ERRORS = {400: Problem} | _ERRORS

State = Literal["", "approval_pending", "broken", "enabled", "disabled", "suspended"]


def _file(kind: str) -> dict[str, Any]:
    content = {kind: {"schema": {"type": "string"}}}
    return {"responses": {200: {"description": "A file", "content": content}}}


@router.get("/domains", response={200: DomainPage} | _PAGE_ERRORS)
def list_domains(
    request: AccountRequest,
    state: State = "",
    search: SafeText = "",
    cursor: str = "",
    limit: int = 50,
) -> DomainPage:
    """The account's sender domains; of a status (or ``broken``: a warning stands, or a record is
    wrong), and with ``search`` in their name.
    """
    wanted = queries.narrowed(queries.listed(), state=state, words=search)
    found = page(wanted, cursor, size=_at_most(limit))
    return DomainPage(items=_rows(found.rows), next=found.next)


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
    return _out(_find(domain))


@router.patch("/domains/{domain}", response={200: DomainOut} | _ERRORS)
def change_domain(request: AccountRequest, domain: str, body: DomainChange) -> DomainOut:
    """Changes options."""
    values = body.model_dump(exclude_unset=True, exclude_none=True)
    return _out(services.change(request.actor, _find(domain), **values))


@router.post("/domains/{domain}/verify", response={200: DomainOut} | _ERRORS)
def verify_domain(request: AccountRequest, domain: str) -> DomainOut:
    """Asks DNS now; takes up to 15 seconds."""
    return _out(checking.verify(request.actor, _find(domain)))


@router.get("/domains/{domain}/checks", response={200: CheckPage} | _PAGE_ERRORS)
def list_checks(
    request: AccountRequest, domain: str, cursor: str = "", limit: int = 50
) -> CheckPage:
    """How the domain's checks ended, for the last 90 days."""
    rows = queries.checks(_find(domain))
    found = page(rows, cursor, size=_at_most(limit))
    return CheckPage(items=[CheckOut.from_orm(row) for row in found.rows], next=found.next)


@router.get("/domains/{domain}/history", response={200: ChangePage} | _PAGE_ERRORS)
def list_changes(
    request: AccountRequest, domain: str, cursor: str = "", limit: int = 50
) -> ChangePage:
    """Who did what to the domain."""
    row = _find(domain)
    records = AuditRecord.objects.filter(account=request.account, object_id=row.public_id)
    found = page(records, cursor, size=_at_most(limit))
    return ChangePage(items=[_change(record) for record in found.rows], next=found.next)


@router.get("/domains/{domain}/zone", openapi_extra=_file("text/plain"), response=_ERRORS)
def download_zone(request: AccountRequest, domain: str) -> HttpResponse:
    """Its records as a zone file (BIND), to import at a DNS provider."""
    row = _find(domain)
    return download(handing_over.zone_of(row), f"{row.name}.zone", "text/plain")


@router.get("/domains/{domain}/csv", openapi_extra=_file("text/csv"), response=_ERRORS)
def download_csv(request: AccountRequest, domain: str) -> HttpResponse:
    """Its records as CSV; a cell that a spreadsheet would calculate has a ``'`` in front."""
    row = _find(domain)
    return download(handing_over.csv_of(row), f"{row.name}.csv", "text/csv")


@router.post("/domains/{domain}/disable", response={200: DomainOut} | _ERRORS)
def disable_domain(request: AccountRequest, domain: str) -> DomainOut:
    """Stops sending from it."""
    return _out(services.disable(request.actor, _find(domain)))


@router.post("/domains/{domain}/enable", response={200: DomainOut} | _ERRORS)
def enable_domain(request: AccountRequest, domain: str) -> DomainOut:
    """Sends from a disabled domain again."""
    return _out(services.enable(request.actor, _find(domain)))


@router.delete("/domains/{domain}", response={204: None} | _ERRORS)
def delete_domain(request: AccountRequest, domain: str) -> Status[None]:
    """Deletes it; adding it again begins anew."""
    services.delete(request.actor, _find(domain))
    return Status(204, None)


def _find(public_id: str) -> SenderDomain:
    return access.find(queries.listed(), public_id)


def _at_most(limit: int) -> int:
    return max(1, min(limit, 200))


def _rows(domains: Sequence[SenderDomain]) -> list[DomainRow]:
    days = health.of(domain.pk for domain in domains)
    return [DomainRow(**_row(domain, days[domain.pk])) for domain in domains]


def _row(domain: SenderDomain, days: health.Health) -> dict[str, Any]:
    told = {name: getattr(domain, name, 0) for name in DomainRow.model_fields}
    return told | {"id": domain.public_id, "health": days.by_day}


def _out(changed: SenderDomain) -> DomainOut:
    """The domain as it is now, with all that belongs to it."""
    domain = queries.listed().get(pk=changed.pk)
    return DomainOut(
        **_row(domain, health.of([domain.pk])[domain.pk]),
        dns_provider=domain.dns_provider,
        advice=domain.advice,
        records=[
            RecordOut(**showing.told(domain, record))
            for record in domain.records.order_by("position")
        ],
    )


def _change(record: AuditRecord) -> ChangeOut:
    sentence = happenings.told(record)
    return ChangeOut(at=record.at, by=record.actor_name, verb=record.verb, sentence=sentence)
