"""Problem details (RFC 9457): how the API says what went wrong."""

from typing import Any

from django.http import JsonResponse
from ninja import Schema


class FieldProblem(Schema):
    """One field that was not accepted, and why."""

    field: str
    message: str


class Problem(Schema):
    """The body of every error answer."""

    type: str
    title: str
    status: int
    detail: str
    fields: list[FieldProblem] = []


def problem(
    status: int, slug: str, title: str, detail: str, fields: dict[str, list[str]] | None = None
) -> JsonResponse:
    """An ``application/problem+json`` answer; ``slug`` ends the type's address in our docs."""
    body: dict[str, Any] = {
        "type": f"https://posthouse.example/problems/{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "fields": [
            {"field": field, "message": message}
            for field, messages in (fields or {}).items()
            for message in messages
        ],
    }
    return JsonResponse(body, status=status, content_type="application/problem+json")
