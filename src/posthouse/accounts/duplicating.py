"""A copy of a user group, with everything that hangs on the group but its accounts."""

from typing import Any, Final

from django.db import transaction
from django.db.models import Model

from posthouse.accounts import audit
from posthouse.accounts.actors import Actor
from posthouse.accounts.models import Account, UserGroup
from posthouse.accounts.permissions import demand_operator

_STAYS: Final = frozenset({Account})  # whatever else names a group is a setting of it
_LONGEST_NAME: Final = 100


@transaction.atomic
def duplicate_group(actor: Actor, group: UserGroup) -> UserGroup:
    """A new group with the same settings and allocations, and no accounts."""
    demand_operator(actor)
    copy = UserGroup.objects.select_for_update().get(pk=group.pk)
    _make_new(copy)
    copy.name = _free_name(group.name)
    copy.full_clean()
    copy.save()
    for relation in UserGroup._meta.related_objects:
        settings: Any = relation.related_model
        if settings not in _STAYS:
            for row in settings.objects.filter(**{relation.field.name: group}):
                _make_new(row)
                setattr(row, relation.field.name, copy)
                row.save()
    audit.record(actor, "group.duplicate", copy, after={"of": group.name})
    return copy


def _make_new(row: Model) -> None:
    """Saved next, it is another row: with keys of its own, made now."""
    row.pk = None
    for field in row._meta.concrete_fields:
        if field.name in ("public_id", "created_at"):
            setattr(row, field.name, field.get_default())


def _free_name(name: str) -> str:
    wanted = f"Copy of {name}"[: _LONGEST_NAME - 5].rstrip()
    taken = set(UserGroup.objects.filter(name__startswith=wanted).values_list("name", flat=True))
    number = 1
    while (found := wanted if number == 1 else f"{wanted} {number}") in taken:
        number += 1
    return found
