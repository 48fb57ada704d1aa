"""Subscribers and suppressions over the API."""

from collections.abc import Iterable

from ninja import Router, Status

from posthouse.accounts import access
from posthouse.accounts.areas import AccountRequest
from posthouse.accounts.models import Account
from posthouse.audience import queries, services
from posthouse.audience.api_lists import at_most, membership_out
from posthouse.audience.models import Subscriber, Suppression
from posthouse.audience.schemas import (
    ERRORS,
    PAGE_ERRORS,
    MembershipOut,
    SubscriberChange,
    SubscriberOut,
    SubscriberPage,
    SubscriberSave,
    SuppressionNew,
    SuppressionOut,
    SuppressionPage,
)
from posthouse.http.paging import page

router = Router(tags=["Subscribers"])


@router.get("/subscribers", response={200: SubscriberPage} | PAGE_ERRORS)
def list_subscribers(
    request: AccountRequest, search: str = "", cursor: str = "", limit: int = 50
) -> SubscriberPage:
    """Everybody of the account; ``search`` is an address or a part of one."""
    found = page(queries.subscribers(search), cursor, size=at_most(limit))
    return SubscriberPage(items=_people_out(request.account, found.rows), next=found.next)


@router.post("/subscribers", response={200: SubscriberOut, 201: SubscriberOut} | ERRORS)
def save_subscriber(request: AccountRequest, body: SubscriberSave) -> Status[SubscriberOut]:
    """Creates a person (201), or fills the named fields of the one with this address (200)."""
    row, is_new = services.save_subscriber(request.actor, request.account, **body.model_dump())
    return Status(201 if is_new else 200, _people_out(request.account, [row])[0])


@router.get("/subscribers/{subscriber}", response={200: SubscriberOut} | ERRORS)
def show_subscriber(request: AccountRequest, subscriber: str) -> SubscriberOut:
    """One person."""
    return _people_out(request.account, [_person(subscriber)])[0]


@router.patch("/subscribers/{subscriber}", response={200: SubscriberOut} | ERRORS)
def change_subscriber(
    request: AccountRequest, subscriber: str, body: SubscriberChange
) -> SubscriberOut:
    """Sets custom fields of a person."""
    row = services.change_subscriber(request.actor, _person(subscriber), **body.model_dump())
    return _people_out(request.account, [row])[0]


@router.delete("/subscribers/{subscriber}", response={204: None} | ERRORS)
def delete_subscriber(request: AccountRequest, subscriber: str) -> Status[None]:
    """Deletes a person; for lists that they left, the address stays suppressed."""
    services.delete_subscriber(request.actor, _person(subscriber))
    return Status(204, None)


@router.get("/subscribers/{subscriber}/memberships", response={200: list[MembershipOut]} | ERRORS)
def list_memberships_of(request: AccountRequest, subscriber: str) -> list[MembershipOut]:
    """A person's standing in each list."""
    return [membership_out(row) for row in queries.memberships_of(_person(subscriber))]


@router.get("/suppressions", response={200: SuppressionPage} | PAGE_ERRORS, tags=["Suppressions"])
def list_suppressions(
    request: AccountRequest, search: str = "", cursor: str = "", limit: int = 50
) -> SuppressionPage:
    """Addresses that get no mail from the account, or none of one list."""
    found = page(queries.suppressions(request.account, search), cursor, size=at_most(limit))
    return SuppressionPage(items=[_suppression_out(row) for row in found.rows], next=found.next)


@router.post(
    "/suppressions",
    response={200: SuppressionOut, 201: SuppressionOut} | ERRORS,
    tags=["Suppressions"],
)
def suppress(request: AccountRequest, body: SuppressionNew) -> Status[SuppressionOut]:
    """Keeps all mail of the account from an address (201; 200 if it was so already)."""
    row, is_new = services.suppress(request.actor, request.account, address=body.address)
    return Status(201 if is_new else 200, _suppression_out(row))


@router.get(
    "/suppressions/{suppression}", response={200: SuppressionOut} | ERRORS, tags=["Suppressions"]
)
def show_suppression(request: AccountRequest, suppression: str) -> SuppressionOut:
    """One suppression."""
    return _suppression_out(queries.suppression(request.account, suppression))


@router.delete("/suppressions/{suppression}", response={204: None} | ERRORS, tags=["Suppressions"])
def lift_suppression(request: AccountRequest, suppression: str) -> Status[None]:
    """Lifts a suppression that a person entered or a bounce made; others are the operator's."""
    services.lift(request.actor, queries.suppression(request.account, suppression))
    return Status(204, None)


def _person(public_id: str) -> Subscriber:
    return access.find(Subscriber.objects.all(), public_id)


def _people_out(account: Account, people: Iterable[Subscriber]) -> list[SubscriberOut]:
    rows = list(people)
    out = queries.suppressed(account, [row.normalised for row in rows])
    return [
        SubscriberOut(
            id=row.public_id,
            address=row.address,
            fields=row.fields,
            suppressed=row.normalised in out,
            created_at=row.created_at,
        )
        for row in rows
    ]


def _suppression_out(row: Suppression) -> SuppressionOut:
    return SuppressionOut(
        id=row.public_id,
        address=row.normalised,
        reason=row.reason,
        list=row.list.public_id if row.list else None,
        created_at=row.created_at,
    )
