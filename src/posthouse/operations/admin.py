"""The operator's pages of what sends: engines, queue, dispatches in motion, and the volume."""

from django.http import HttpResponse
from django.shortcuts import render

from posthouse.accounts.areas import AreaRequest, operator_page
from posthouse.deliveries import volume
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


@operator_page
def sent(request: AreaRequest) -> HttpResponse:
    """What was sent in the last hour, two days and month, drawn and as tables."""
    pictures = [{"series": one, "data": _drawn(one)} for one in volume.series()]
    return render(request, "operations/volume.html", {"pictures": pictures})


def _drawn(series: volume.Series) -> dict[str, object]:
    """As `<c-chart>` takes it."""
    shown = (("Accepted", "green"), ("Deferred", "yellow"), ("Failed", "red"))
    columns = (series.accepted, series.deferred, series.failed)
    return {
        "unit": f"messages {series.per.each}",
        "times": series.begins,
        "series": [
            {"label": label, "tone": tone, "values": values}
            for (label, tone), values in zip(shown, columns, strict=True)
        ],
    }
