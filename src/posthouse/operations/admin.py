"""The operator's page of send engines, the queue in front of them, and what they work on."""

from django.http import HttpResponse
from django.shortcuts import render

from posthouse.accounts.areas import AreaRequest, operator_page
from posthouse.http.live import live
from posthouse.operations.queries import standing


@operator_page
def engines(request: AreaRequest) -> HttpResponse:
    """Each engine and how it fares; each channel and what waits in it; each dispatch in motion."""
    return render(request, "operations/engines.html", {"now": standing()})


@operator_page
def engines_now(request: AreaRequest) -> HttpResponse:
    """The part of the page that changes; asked for for ever, since an engine may come any time."""
    return live(request, "operations/now.html", {"now": standing()}, moving=True)
