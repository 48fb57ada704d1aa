"""Answers the page's question "what is it now?", and says when there is no need to ask again."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

STOP_ASKING = 286  # htmx takes the content and ends the polling


def live(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, moving: bool
) -> HttpResponse:
    """The inner part of a `<c-live>`; polling ends once nothing moves."""
    response = render(request, template, dict(context), status=200 if moving else STOP_ASKING)
    response["Cache-Control"] = "no-store"
    return response
