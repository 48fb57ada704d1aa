"""Two people at one form: whoever saves second is refused, and told what the first one changed."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.db.models import Model

from posthouse.accounts import audit
from posthouse.accounts.errors import EditedMeanwhile
from posthouse.accounts.models import AuditRecord

SEEN = "seen"  # the hidden field with the values that the person saw


def remember(form: forms.Form, row: Model, fields: Iterable[str]) -> None:
    """The form carries what it showed of the row, so that the verb can tell what is new since."""
    form.fields[SEEN] = forms.JSONField(widget=forms.HiddenInput, required=False)
    form.initial[SEEN] = {field: audit.plain(getattr(row, field)) for field in fields}


def show_again(form: forms.Form) -> None:
    """A refused form carries what is there now: saved again, it is saved knowingly."""
    form.data = form.data.copy()  # type: ignore[attr-defined]
    form.data[SEEN] = json.dumps(form.initial[SEEN])  # type: ignore[index]


def demand_unchanged(row: Model, seen: Any, fields: Iterable[str]) -> None:
    """Raises EditedMeanwhile if one of the ``fields`` in ``seen`` has another value now.

    The row must be locked. Nothing seen is nothing to compare: programs name what they change.
    """
    known = seen if isinstance(seen, Mapping) else {}
    now = {field: audit.plain(getattr(row, field)) for field in fields if field in known}
    changes = [
        f"{_label(row, field)} is {_shown(value)} now, and was {_shown(known[field])}"
        for field, value in now.items()
        if value != known[field]
    ]
    if changes:
        raise EditedMeanwhile(str(row), _last_editor(row), changes)


def _label(row: Model, field: str) -> str:
    label = str(row._meta.get_field(field).verbose_name)  # type: ignore[union-attr]
    return label[:1].upper() + label[1:]


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "empty" if value in (None, "") else str(value)


def _last_editor(row: Model) -> str:
    """Whoever the log names last for this row."""
    records = AuditRecord.objects.filter(object_id=str(getattr(row, "public_id", row.pk)))
    last = records.order_by("-pk").first()
    return last.actor_name if last else ""
