"""Imports over the API: send a file, ask how far it is, fetch the rejected rows."""

from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404
from ninja import File, Form, Router, Status, UploadedFile

from posthouse.accounts import access
from posthouse.accounts.areas import AccountRequest
from posthouse.audience import imports, storage
from posthouse.audience.api_lists import at_most
from posthouse.audience.errors import FileRefused
from posthouse.audience.models import Import, SubscriberList
from posthouse.audience.schemas import ERRORS, PAGE_ERRORS, ImportNew, ImportOut, ImportPage
from posthouse.http.paging import page

router = Router(tags=["Imports"])
_CSV = {200: {"description": "A CSV file", "content": {"text/csv": {"schema": {"type": "string"}}}}}


@router.get("/imports", response={200: ImportPage} | PAGE_ERRORS)
def list_imports(request: AccountRequest, cursor: str = "", limit: int = 50) -> ImportPage:
    """The account's imports."""
    found = page(Import.objects.select_related("list"), cursor, size=at_most(limit))
    return ImportPage(items=[_out(row) for row in found.rows], next=found.next)


@router.post("/imports", response={201: ImportOut} | ERRORS)
def create_import(
    request: AccountRequest, file: File[UploadedFile], given: Form[ImportNew]
) -> Status[ImportOut]:
    """Imports a CSV file into a list. Columns besides the address fill custom fields by name."""
    if bool(given.list) == bool(given.new_list):
        raise ValidationError({"list": "Name either a list by its id, or a new list."})
    rows = SubscriberList.objects.all()
    into = access.find(rows, given.list) if given.list else given.new_list
    name = file.name or "upload.csv"
    try:
        row = imports.take_in(
            request.actor, request.account, name, file.chunks(), into=into, consent=given.consent
        )
    except FileRefused as refused:
        raise ValidationError({"file": str(refused)}) from None
    return Status(201, _out(row))


@router.get("/imports/{import_id}", response={200: ImportOut} | ERRORS)
def show_import(request: AccountRequest, import_id: str) -> ImportOut:
    """One import: its state (uploaded, queued, running, done, failed) and counts."""
    return _out(_find(import_id))


@router.get("/imports/{import_id}/rejected", openapi_extra={"responses": _CSV}, response=ERRORS)
def download_rejected(request: AccountRequest, import_id: str) -> FileResponse:
    """The rejected rows as CSV, with a last column that says why; 404 when there are none."""
    row = _find(import_id)
    if not storage.has_rejects(row):
        raise Http404("No row of this import was rejected.")
    return FileResponse(
        storage.rejects_of(row).open("rb"),
        as_attachment=True,
        filename=f"{row.public_id}-rejected.csv",
        content_type="text/csv; charset=utf-8",
    )


@router.delete("/imports/{import_id}", response={204: None} | ERRORS)
def remove_import(request: AccountRequest, import_id: str) -> Status[None]:
    """Forgets an import and its files; the people whom it brought stay."""
    imports.remove(request.actor, _find(import_id))
    return Status(204, None)


def _find(public_id: str) -> Import:
    return access.find(Import.objects.select_related("account", "list"), public_id)


def _out(row: Import) -> ImportOut:
    counts = ("rows_read", "added", "updated", "rejected", "kept_out")
    return ImportOut(
        id=row.public_id,
        file_name=row.file_name,
        state=row.state,
        problem=row.problem,
        list=row.list.public_id if row.list else None,
        consent_source=row.consent_source,
        bytes_total=row.bytes_total,
        bytes_read=row.bytes_read,
        created_at=row.created_at,
        finished_at=row.finished_at,
        **{name: getattr(row, name) for name in counts},
    )
