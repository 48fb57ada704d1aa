"""How mail leaves, over the API."""

from dataclasses import asdict

from ninja import Field, Query, Router, Schema

from posthouse.accounts.areas import AccountRequest
from posthouse.core.channels import Channel
from posthouse.deliveries import explaining
from posthouse.http.problems import Problem
from posthouse.http.text import SafeText

router = Router(tags=["Routing"])


class Question(Schema):
    """The mail that is asked about."""

    sender: SafeText = Field(alias="from", max_length=320)
    channel: Channel = Channel.MARKETING


class RouteOut(Schema):
    """Why mail of one kind, from one address, takes its way; the sentences are those of the pages.

    `ending` is `leaves`, `waits` (the server rests, or the account is at a limit) or `refused`;
    then the names are empty.
    """

    ending: explaining.Ending
    conclusion: str
    reasons: list[str]
    server: str
    from_address: str
    return_path: str
    signature: str


@router.get("/route", response={200: RouteOut, 401: Problem, 422: Problem, 429: Problem})
def explain_route(
    request: AccountRequest,
    asked: Query[Question],
) -> RouteOut:
    """Which delivery server and identity mail from this address would take now, step by step."""
    choice = explaining.sender_at(request.account, asked.sender)
    return RouteOut(**asdict(explaining.explain(request.account, asked.channel, choice)))
