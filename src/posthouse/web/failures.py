"""What is answered when a page cannot: HTML to people, problem details to programs."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from posthouse.http.problems import problem

_TITLES = {
    400: ("bad-request", "Request not understood"),
    403: ("not-allowed", "Not allowed"),
    404: ("not-found", "Not found"),
    500: ("server-error", "Error on our side"),
}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: a damaged request, or a host name that this installation does not serve."""
    if _is_program(request):
        return _problem(400, "The request could not be read. Check its address and headers.")
    # Rendered without the request: its Host header is the thing that must not be used (A26).
    return HttpResponse(render_to_string("400.html"), status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403, with the sentence of whoever refused."""
    if _is_program(request):
        return _problem(403, str(exception) or "This is not allowed.")
    return render(request, "403.html", {"exception": str(exception)}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: the same answer for what never was and for what belongs to somebody else."""
    if _is_program(request):
        return _problem(404, "There is nothing at this address.")
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: tells nothing of the inside, and needs neither database nor session to say so."""
    if _is_program(request):
        return _problem(500, "The server failed. The reason is in its log, with the time.")
    return HttpResponse(render_to_string("500.html"), status=500)


@login_not_required
def closed(request: HttpRequest, key: str = "") -> HttpResponse:
    """A page that the sign-in library has and this product has not."""
    raise Http404("There is no such page.")


def api_not_found(request: HttpRequest) -> HttpResponse:
    """Any address under the API's prefix that is no resource."""
    return _problem(404, "There is nothing at this address. See /api/v1/docs for what there is.")


def _is_program(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _problem(status: int, detail: str) -> HttpResponse:
    slug, title = _TITLES[status]
    return problem(status, slug, title, detail)
