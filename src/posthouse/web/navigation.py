"""What stands in the side bar of each area."""

from typing import Any

from django.http import HttpRequest


def navigation(request: HttpRequest) -> dict[str, Any]:
    """The entries of the area that the request is in."""
    return {"navigation": []}
