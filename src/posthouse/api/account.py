"""What a key may know of the account that it belongs to."""

from datetime import datetime

from ninja import Router, Schema

from posthouse.accounts.areas import AccountRequest
from posthouse.core.routing.quotas import Kind, Level
from posthouse.deliveries.queries import Use, uses_of
from posthouse.http.problems import Problem

router = Router(tags=["Account"])


class KeyOut(Schema):
    """The key of this request."""

    name: str
    role: str


class LimitOut(Schema):
    """Recipients that may be mailed in a window; ``reserved`` ones are on their way."""

    limit: Kind
    cap: int
    used: int
    reserved: int
    level: Level
    begins_anew: datetime | None


class AccountOut(Schema):
    """The account of this request's key."""

    id: str
    slug: str
    name: str
    group: str
    status: str
    time_zone: str
    created_at: datetime
    limits: list[LimitOut]
    key: KeyOut


@router.get("/account", response={200: AccountOut, 401: Problem, 429: Problem})
def show_account(request: AccountRequest) -> AccountOut:
    """The account that the key belongs to, its limits, and what the key may do there."""
    account, actor = request.account, request.actor
    return AccountOut(
        id=account.public_id,
        slug=account.slug,
        name=account.name,
        group=account.group.name,
        status=account.status,
        time_zone=account.time_zone,
        created_at=account.created_at,
        limits=[_limit_out(use) for use in uses_of(account)],
        key=KeyOut(name=actor.name, role=str(actor.role)),
    )


def _limit_out(use: Use) -> LimitOut:
    standing = use.standing
    return LimitOut(
        limit=standing.kind,
        cap=standing.cap,
        used=standing.used,
        reserved=standing.reserved,
        level=standing.level,
        begins_anew=use.begins_anew,
    )
