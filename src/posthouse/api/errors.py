"""The one table that says which problem details answer which error."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from ninja.errors import AuthenticationError, HttpError, Throttled
from ninja.errors import ValidationError as RequestNotValid

from posthouse.accounts.access import Missing
from posthouse.accounts.dns_configuration import DnsConfigurationRefused
from posthouse.accounts.permissions import NotAllowed
from posthouse.audience.errors import AudienceRefused
from posthouse.campaigns.errors import CampaignRefused, TooManyTests
from posthouse.core.verification.status import StatusRefused
from posthouse.domains.errors import DomainRefused
from posthouse.http.paging import CursorWrong
from posthouse.http.problems import problem
from posthouse.webhooks.errors import WebhookRefused

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and name of a problem; without a ``detail`` the error's own sentence is told."""

    status: int
    slug: str
    title: str
    detail: str = ""


NOT_FOUND = Answer(404, "not-found", "Not found")
NOT_ALLOWED = Answer(403, "not-allowed", "Not allowed")
NOT_ACCEPTED = Answer(422, "not-accepted", "Some fields were not accepted", "See fields.")
REFUSED = Answer(409, "refused", "Refused as things stand")
FAILED = Answer(
    500,
    "server-error",
    "Error on our side",
    "The server failed. The reason is in its log, with the time. Trying again may help.",
)

# First match wins: the special ones stand before their bases.
ANSWERS: tuple[tuple[type[Exception], Answer], ...] = (
    (Missing, NOT_FOUND),
    (AudienceRefused, REFUSED),
    (TooManyTests, Answer(429, "too-many-tests", "Too many test messages")),
    (CampaignRefused, REFUSED),
    (DomainRefused, REFUSED),
    (DnsConfigurationRefused, REFUSED),
    (StatusRefused, REFUSED),
    (WebhookRefused, REFUSED),
    (Http404, Answer(404, "not-found", "Not found", "There is nothing at this address.")),
    (NotAllowed, NOT_ALLOWED),
    (ValidationError, NOT_ACCEPTED),
    (RequestNotValid, NOT_ACCEPTED),
    (
        CursorWrong,
        Answer(
            400,
            "cursor-wrong",
            "Cursor not known",
            "The cursor is not one that an earlier page gave. Leave it out to begin again.",
        ),
    ),
    (
        AuthenticationError,
        Answer(
            401,
            "key-wrong",
            "API key missing or not valid",
            "Send a key of an active account as 'Authorization: Bearer ph_...'. "
            "Keys are made under Settings > API keys.",
        ),
    ),
    (
        Throttled,
        Answer(
            429,
            "too-many-requests",
            "Too many requests",
            "This key asks faster than it may. Retry-After says how many seconds to wait.",
        ),
    ),
    (HttpError, Answer(400, "bad-request", "Request not understood")),
)

# What pydantic says, in words for whoever wrote the request; other kinds keep pydantic's own.
_WORDS = {
    "missing": "This field is required.",
    "extra_forbidden": "There is no such field here.",
}


def answer(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    """The problem details for an error, as the table says; unknown ones tell nothing of inside."""
    found = next((known for kind, known in ANSWERS if isinstance(error, kind)), FAILED)
    if found is FAILED:
        # Ninja calls this inside its except clause.
        log.error("The API failed at %s %s", request.method, request.path, exc_info=True)  # noqa: LOG014
    detail = found.detail or _sentence(error)
    response = problem(found.status, found.slug, found.title, detail, _fields(error))
    if found.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def method_not_allowed(allowed: str) -> HttpResponse:
    """405, with what would be allowed."""
    detail = f"This resource answers to {allowed}."
    response = problem(405, "method-not-allowed", "Method not allowed", detail)
    response["Allow"] = allowed
    return response


def _sentence(error: object) -> str:
    return str(error) or "No reason was given."


def _fields(error: object) -> dict[str, list[str]]:
    """Messages by field, whoever found them; those that belong to no field have an empty name."""
    if isinstance(error, ValidationError):
        by_field: Mapping[str, list[str]] = (
            error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        )
        return {_name(field): messages for field, messages in by_field.items()}
    if isinstance(error, RequestNotValid):
        return _of_request(error.errors)
    return {}


def _of_request(errors: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for error in errors:
        source, *place = error["loc"]
        if source == "body" and len(place) > 1:
            place = place[1:]  # the name of the view's argument, which means nothing outside
        message = _WORDS.get(error["type"]) or str(error["msg"]).removeprefix("Value error, ")
        found.setdefault(".".join(map(str, place)), []).append(message)
    return found


def _name(field: str) -> str:
    return "" if field == NON_FIELD_ERRORS else field
