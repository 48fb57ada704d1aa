"""The verbs on custom fields: what an account knows of its subscribers."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Func, JSONField
from django.db.models.sql.compiler import SQLCompiler

from posthouse.accounts import audit
from posthouse.accounts.actors import Actor
from posthouse.accounts.models import Account
from posthouse.accounts.permissions import demand
from posthouse.audience.columns import (
    KEY,
    LONGEST_LABEL,
    MOST_FIELDS,
    RESERVED_KEYS,
    suggest_key,
)
from posthouse.audience.models import CustomField, Subscriber
from posthouse.audience.validation import line


@transaction.atomic
def create_field(
    actor: Actor, account: Account, *, label: str, key: str = "", kind: str = "text"
) -> CustomField:
    """A new field; without a key one is made of the label. Key and kind stay as they are."""
    demand(actor, "edit")
    Account.objects.select_for_update().get(pk=account.pk)  # two at once must not pass the limit
    name = line("label", label, LONGEST_LABEL)
    kept = _free_key(key.strip() or suggest_key(name))
    if kind not in CustomField.Kind.values:
        kinds = ", ".join(CustomField.Kind.values)
        raise ValidationError({"kind": f"The kind is one of {kinds}."})
    if CustomField.objects.count() >= MOST_FIELDS:
        limit = f"The account has {MOST_FIELDS} custom fields, which is the limit."
        raise ValidationError({"label": limit})
    row = CustomField.objects.create(account=account, key=kept, label=name, kind=kind)
    audit.record(actor, "field.create", row, account=account, after={"key": kept, "kind": kind})
    return row


@transaction.atomic
def change_field(actor: Actor, row: CustomField, *, label: str) -> CustomField:
    """Another label; merge fields go by the key and are not touched."""
    demand(actor, "edit")
    name = line("label", label, LONGEST_LABEL)
    before, after = audit.changes(row, {"label": name})
    row.label = name
    row.save(update_fields=["label"])
    if after:
        audit.record(actor, "field.change", row, account=row.account, before=before, after=after)
    return row


@transaction.atomic
def delete_field(actor: Actor, row: CustomField) -> None:
    """Deletes a field, and its value at every subscriber."""
    demand(actor, "edit")
    audit.record(actor, "field.delete", row, account=row.account, before={"key": row.key})
    holders = Subscriber.objects.filter(fields__has_key=row.key)
    holders.update(fields=_Without(F("fields"), key=row.key))
    row.delete()


def _free_key(key: str) -> str:
    if not KEY.fullmatch(key):
        raise ValidationError(
            {"key": "A key begins with a letter a-z and has 1 to 40 letters a-z, digits or _."}
        )
    if key in RESERVED_KEYS:
        raise ValidationError({"key": f"“{key}” has a meaning of its own in messages."})
    if CustomField.objects.filter(key=key).exists():
        raise ValidationError({"key": f"There is a custom field with the key “{key}” already."})
    return key


class _Without(Func):
    """A JSON object without one of its keys. The key has passed KEY: nothing needs quoting."""

    output_field = JSONField()

    def __init__(self, fields: F, *, key: str) -> None:
        super().__init__(fields, key=key)

    def as_sqlite(self, compiler: SQLCompiler, connection: Any, **extra: Any) -> Any:
        template = "JSON_REMOVE(%(expressions)s, '$.%(key)s')"
        return super().as_sql(compiler, connection, template=template, **extra)

    def as_postgresql(self, compiler: SQLCompiler, connection: Any, **extra: Any) -> Any:
        template = "(%(expressions)s - '%(key)s')"
        return super().as_sql(compiler, connection, template=template, **extra)
