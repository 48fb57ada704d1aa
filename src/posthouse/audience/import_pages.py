"""The account area's pages of imports: upload, say what the columns mean, watch, take the rest."""

from typing import cast

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from posthouse.accounts import access
from posthouse.accounts.areas import AccountRequest, account_page
from posthouse.accounts.permissions import demand, may
from posthouse.audience import imports, storage
from posthouse.audience.errors import AudienceRefused, FileRefused
from posthouse.audience.forms import UploadForm
from posthouse.audience.import_form import StartForm
from posthouse.audience.models import Import, SubscriberList
from posthouse.audience.pages import ask, show
from posthouse.http.live import live
from posthouse.http.paging import page


@account_page("view")
def imports_list(request: AccountRequest) -> HttpResponse:
    """All imports, the newest first."""
    found = page(Import.objects.select_related("list"), request.GET.get("cursor", ""))
    return show(request, "imports", page=found)


@account_page("edit")
def upload(request: AccountRequest) -> HttpResponse:
    """Takes a file; the next page asks what its columns mean."""
    wanted = request.GET.get("list", "")
    into = access.find(SubscriberList.objects.all(), wanted) if wanted else None
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            row = imports.receive(request.actor, request.account, file.name, file.chunks(), into)
        except FileRefused as refused:
            form.add_error("file", str(refused))
        else:
            return redirect("audience:import", request.account.slug, row.public_id)
    return show(request, "upload", form=form, list=into)


@account_page("view")
def one_import(request: AccountRequest, import_id: str) -> HttpResponse:
    """Before the start the question what the columns mean; then progress, then the result."""
    row = _find(import_id)
    if row.state != Import.State.UPLOADED:
        return show(request, "import", row=row, can_download=storage.has_rejects(row))
    demand(request.actor, "edit")
    form = StartForm(request.POST or None, row)
    if request.method == "POST":
        try:
            started = form.save(request.actor)
        except AudienceRefused as refused:  # started in another tab
            messages.error(request, str(refused))
            started = row
        if started:
            return redirect("audience:import", request.account.slug, row.public_id)
    return show(request, "start", row=row, form=form)


@account_page("view")
def progress(request: AccountRequest, import_id: str) -> HttpResponse:
    """The part of the page that changes while the import runs."""
    row = _find(import_id)
    context = {
        "row": row,
        "slug": request.account.slug,
        "can_download": storage.has_rejects(row),
        "edits": may(request.actor, "edit"),
    }
    return live(request, "audience/progress.html", context, moving=row.is_moving)


@account_page("view")
def rejected(request: AccountRequest, import_id: str) -> HttpResponse:
    """The rows that were not imported, with reasons, as a file to mend and import again."""
    row = _find(import_id)
    if not storage.has_rejects(row):
        raise Http404("No row of this import was rejected.")
    stem = row.file_name.rpartition(".")[0] or row.file_name
    file = FileResponse(
        storage.rejects_of(row).open("rb"),
        as_attachment=True,
        filename=f"{stem}-rejected.csv",
        content_type="text/csv; charset=utf-8",
    )
    return cast("HttpResponse", file)  # streamed; what a page's caller needs of it is the same


@account_page("edit")
def remove(request: AccountRequest, import_id: str) -> HttpResponse:
    """Asks, then forgets an import and its files."""
    row = _find(import_id)
    if request.method == "POST":
        try:
            imports.remove(request.actor, row)
        except AudienceRefused as refused:
            messages.error(request, str(refused))
            return redirect("audience:import", request.account.slug, row.public_id)
        messages.success(request, f"The import of {row.file_name} was removed.")
        return redirect("audience:imports", request.account.slug)
    return ask(
        request,
        f"Remove the import of {row.file_name}",
        ["Its file of rejected rows goes.", "The people whom it brought stay on their list."],
        reverse("audience:import", args=[request.account.slug, row.public_id]),
    )


def _find(public_id: str) -> Import:
    return access.find(Import.objects.select_related("account", "list"), public_id)
