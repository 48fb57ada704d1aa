"""The operator's page of what a group puts around its messages."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from posthouse.accounts import access
from posthouse.accounts.areas import AreaRequest, operator_page
from posthouse.accounts.models import UserGroup
from posthouse.content.forms import FrameForm


@operator_page
def frame(request: AreaRequest, group: str) -> HttpResponse:
    """Headers, footers, X-Mailer and header lines of a group's mail."""
    row = access.find(UserGroup.objects.all(), group)
    form = FrameForm(request.POST or None, row)
    if request.method == "POST" and form.save(request.actor):
        messages.success(request, f"Mail of {row.name} has this from now on.")
        return redirect("operator-content:frame", group=row.public_id)
    return render(request, "content/admin/frame.html", {"form": form, "group": row})
