"""Pages for what went wrong before any of our pages could answer."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form came from elsewhere, or from a page left open for too long (A9)."""
    return render(request, "403_csrf.html", status=403)
