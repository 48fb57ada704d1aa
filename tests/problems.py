"""Reads problem details in tests, and sees that they are what RFC 9457 asks for."""

from typing import Any

from django.http import HttpResponseBase


def problem_of(response: HttpResponseBase, status: int) -> dict[str, Any]:
    """The body of an error answer with that status; its form is checked."""
    assert response.status_code == status, getattr(response, "content", b"")[:500]
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()  # type: ignore[attr-defined]
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body
