"""What a key may know of the account that it belongs to."""

from datetime import datetime

from ninja import Router, Schema

from posthouse.accounts.areas import AccountRequest
from posthouse.http.problems import Problem

router = Router(tags=["Account"])


class KeyOut(Schema):
    """The key of this request."""

    name: str
    role: str


class AccountOut(Schema):
    """The account of this request's key."""

    id: str
    slug: str
    name: str
    group: str
    status: str
    time_zone: str
    created_at: datetime
    key: KeyOut


@router.get("/account", response={200: AccountOut, 401: Problem, 429: Problem})
def show_account(request: AccountRequest) -> AccountOut:
    """The account that the key belongs to, and what the key may do there."""
    account, actor = request.account, request.actor
    return AccountOut(
        id=account.public_id,
        slug=account.slug,
        name=account.name,
        group=account.group.name,
        status=account.status,
        time_zone=account.time_zone,
        created_at=account.created_at,
        key=KeyOut(name=actor.name, role=str(actor.role)),
    )
