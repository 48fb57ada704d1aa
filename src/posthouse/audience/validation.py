"""Checks what people and programs enter: names, addresses, values of custom fields."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.core.exceptions import ValidationError

from posthouse.audience import values
from posthouse.audience.models import CustomField
from posthouse.core.addresses import Address, AddressRefused, parse_address


def line(name: str, text: str, longest: int, *, required: bool = True) -> str:
    """One line of text for the field ``name``, without spaces around it."""
    kept = text.strip()
    if required and not kept:
        raise ValidationError({name: "This field must not be empty."})
    if len(kept) > longest:
        raise ValidationError({name: f"This has {len(kept)} characters; {longest} is the limit."})
    if not kept.isprintable():
        raise ValidationError({name: "This contains a line end or another control character."})
    return kept


def mailbox(name: str, text: str) -> Address:
    """The address typed into the field ``name``."""
    try:
        return parse_address(text)
    except AddressRefused as refused:
        raise ValidationError({name: refused.sentence}) from None


@dataclass(frozen=True, slots=True)
class FieldChanges:
    """Values to set, and keys of fields to clear."""

    given: dict[str, values.Value]
    cleared: frozenset[str]

    def applied(self, fields: Mapping[str, values.Value]) -> dict[str, values.Value]:
        """A person's fields after the changes."""
        kept = {key: value for key, value in fields.items() if key not in self.cleared}
        return kept | self.given


def field_changes(given: Mapping[str, object], known: Iterable[CustomField]) -> FieldChanges:
    """The changes that values by key ask for; blank clears. Errors are at ``fields.<key>``."""
    kinds = {field.key: field.kind for field in known}
    kept: dict[str, values.Value] = {}
    cleared, wrong = set(), {}
    for key, value in given.items():
        if key not in kinds:
            wrong[f"fields.{key}"] = "The account has no custom field with this key."
            continue
        try:
            parsed = values.parse(kinds[key], value)
        except values.NotFit as unfit:
            wrong[f"fields.{key}"] = str(unfit)
            continue
        if parsed is None:
            cleared.add(key)
        else:
            kept[key] = parsed
    if wrong:
        raise ValidationError(wrong)
    return FieldChanges(kept, frozenset(cleared))
