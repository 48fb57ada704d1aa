"""Lists, who is on them, and custom fields over the API."""
# ruff: noqa: A002 (path parameters are named after the models, and one model is the list)

from collections.abc import Iterable
from typing import Literal

from ninja import Router, Status

from posthouse.accounts import access
from posthouse.accounts.areas import AccountRequest
from posthouse.audience import fields as field_verbs
from posthouse.audience import queries, services
from posthouse.audience.models import CustomField, ListMembership, Subscriber, SubscriberList
from posthouse.audience.schemas import (
    ERRORS,
    PAGE_ERRORS,
    FieldChange,
    FieldNew,
    FieldOut,
    ListChange,
    ListNew,
    ListOut,
    ListPage,
    MembershipNew,
    MembershipOut,
    MembershipPage,
)
from posthouse.http.paging import page

router = Router(tags=["Lists"])
Standing = Literal["", "subscribed", "unsubscribed"]


@router.get("/lists", response={200: ListPage} | PAGE_ERRORS)
def list_lists(request: AccountRequest, cursor: str = "", limit: int = 50) -> ListPage:
    """The account's lists with their counts."""
    found = page(SubscriberList.objects.all(), cursor, size=at_most(limit))
    return ListPage(items=_lists_out(found.rows), next=found.next)


@router.post("/lists", response={201: ListOut} | ERRORS)
def create_list(request: AccountRequest, body: ListNew) -> Status[ListOut]:
    """Creates a list, with nobody on it."""
    row = services.create_list(request.actor, request.account, **body.model_dump())
    return Status(201, _lists_out([row])[0])


@router.get("/lists/{list}", response={200: ListOut} | ERRORS)
def show_list(request: AccountRequest, list: str) -> ListOut:
    """One list."""
    return _lists_out([_list(list)])[0]


@router.patch("/lists/{list}", response={200: ListOut} | ERRORS)
def change_list(request: AccountRequest, list: str, body: ListChange) -> ListOut:
    """Changes the name or the sender."""
    values = body.model_dump(exclude_unset=True, exclude_none=True)
    return _lists_out([services.change_list(request.actor, _list(list), **values)])[0]


@router.delete("/lists/{list}", response={204: None} | ERRORS)
def delete_list(request: AccountRequest, list: str) -> Status[None]:
    """Deletes a list with its memberships and imports; the subscribers stay."""
    services.delete_list(request.actor, _list(list))
    return Status(204, None)


@router.get("/lists/{list}/memberships", response={200: MembershipPage} | PAGE_ERRORS)
def list_memberships(
    request: AccountRequest, list: str, status: Standing = "", cursor: str = "", limit: int = 50
) -> MembershipPage:
    """Who is on a list, of one status or any."""
    rows = queries.members(_list(list), status).select_related("list")
    found = page(rows, cursor, size=at_most(limit))
    return MembershipPage(items=[membership_out(row) for row in found.rows], next=found.next)


@router.post("/lists/{list}/memberships", response={201: MembershipOut} | ERRORS)
def add_to_list(request: AccountRequest, list: str, body: MembershipNew) -> Status[MembershipOut]:
    """Puts a person on a list, new to the account or known; their fields are filled."""
    row = services.add_person(
        request.actor, request.account, _list(list), source="API", **body.model_dump()
    )
    return Status(201, membership_out(row))


@router.delete("/lists/{list}/memberships/{subscriber}", response={204: None} | ERRORS)
def remove_from_list(request: AccountRequest, list: str, subscriber: str) -> Status[None]:
    """Unsubscribes a person from a list; they stay on it as unsubscribed."""
    person = access.find(Subscriber.objects.all(), subscriber)
    row = ListMembership.objects.filter(list=_list(list), subscriber=person).first()
    if row is None:
        raise access.Missing("membership", subscriber)
    services.remove_from_list(request.actor, row)
    return Status(204, None)


@router.get("/fields", response={200: list[FieldOut]} | ERRORS)
def list_fields(request: AccountRequest) -> list[FieldOut]:
    """The account's custom fields: a hundred at most, so all at once."""
    return [_field_out(row) for row in queries.custom_fields()]


@router.post("/fields", response={201: FieldOut} | ERRORS)
def create_field(request: AccountRequest, body: FieldNew) -> Status[FieldOut]:
    """Creates a custom field. Its key and kind cannot be changed later."""
    row = field_verbs.create_field(request.actor, request.account, **body.model_dump())
    return Status(201, _field_out(row))


@router.get("/fields/{custom_field}", response={200: FieldOut} | ERRORS)
def show_field(request: AccountRequest, custom_field: str) -> FieldOut:
    """One custom field."""
    return _field_out(access.find(CustomField.objects.all(), custom_field))


@router.patch("/fields/{custom_field}", response={200: FieldOut} | ERRORS)
def change_field(request: AccountRequest, custom_field: str, body: FieldChange) -> FieldOut:
    """Gives a custom field another label."""
    row = access.find(CustomField.objects.all(), custom_field)
    return _field_out(field_verbs.change_field(request.actor, row, label=body.label))


@router.delete("/fields/{custom_field}", response={204: None} | ERRORS)
def delete_field(request: AccountRequest, custom_field: str) -> Status[None]:
    """Deletes a custom field, and its value at every subscriber."""
    field_verbs.delete_field(request.actor, access.find(CustomField.objects.all(), custom_field))
    return Status(204, None)


def at_most(limit: int) -> int:
    """The size of a page: 1 to 200, whatever was asked for."""
    return max(1, min(limit, 200))


def membership_out(row: ListMembership) -> MembershipOut:
    """A person's standing in a list."""
    return MembershipOut(
        list=row.list.public_id,
        list_name=row.list.name,
        subscriber=row.subscriber.public_id,
        address=row.subscriber.address,
        status=row.status,
        source=row.source,
        consent=row.consent,
        changed_at=row.changed_at,
    )


def _list(public_id: str) -> SubscriberList:
    return access.find(SubscriberList.objects.all(), public_id)


def _field_out(row: CustomField) -> FieldOut:
    return FieldOut(id=row.public_id, key=row.key, label=row.label, kind=row.kind)


def _lists_out(lists: Iterable[SubscriberList]) -> list[ListOut]:
    rows = [*lists]
    counts = queries.counts_of(rows)
    return [
        ListOut(
            id=row.public_id,
            name=row.name,
            sender_name=row.sender_name,
            sender_address=row.sender_address,
            subscribed=counts[row.pk].subscribed,
            unsubscribed=counts[row.pk].unsubscribed,
            created_at=row.created_at,
        )
        for row in rows
    ]
