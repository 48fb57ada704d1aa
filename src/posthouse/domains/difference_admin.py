"""The operator's pages of sender domains whose records differ from their DNS template."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render

from posthouse.accounts import access
from posthouse.accounts.areas import AreaRequest, operator_page
from posthouse.domains import queries, services, template_changes
from posthouse.domains.errors import REFUSALS


@operator_page
def changes(request: AreaRequest) -> HttpResponse:
    """The domains that differ, some on a page; many are compared for it, none is changed."""
    after = request.GET.get("after", "")
    start = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0
    found, further = template_changes.differing(start)
    context = {"differences": found, "further": further, "is_first": not start}
    return render(request, "domains/changes.html", context)


@operator_page
def difference(request: AreaRequest, domain: str) -> HttpResponse:
    """What applying its template would do to one domain; POST does it."""
    row = access.find(queries.domains().select_related("account__group"), domain)
    if request.method == "POST":
        try:
            messages.success(request, template_changes.apply(request.actor, row).summary)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        except REFUSALS as refused:
            messages.error(request, str(refused))
        return redirect("operator-domains:difference", row.public_id)
    context = {
        "domain": row,
        "difference": template_changes.difference(row),
        "users": services.users_of(row),
    }
    return render(request, "domains/difference_page.html", context)
