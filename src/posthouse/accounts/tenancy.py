"""What every tenant row has in common: an account, an opaque public id, a manager that insists."""

import secrets
from functools import partial
from typing import TypeVar

from django.db import models
from django_scopes.exceptions import ScopeError
from django_scopes.state import get_scope

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # no letters that a reader mistakes for another


def new_public_id(prefix: str) -> str:
    """An opaque id such as ``cmp_7h2k...``: 20 random characters, 99 bits."""
    number, letters = secrets.randbelow(len(_ALPHABET) ** 20), []
    for _ in range(20):
        number, letter = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[letter])
    return f"{prefix}_{''.join(letters)}"


def public_id(prefix: str) -> "models.CharField[str, str]":
    """The column that pages and the API know a row by."""
    return models.CharField(
        max_length=32, unique=True, editable=False, default=partial(new_public_id, prefix)
    )


Row = TypeVar("Row", bound=models.Model)


class TenantManager(models.Manager[Row]):
    """Queries the rows of the account in scope; without a scope there is no query at all."""

    def get_queryset(self) -> models.QuerySet[Row]:
        scope = get_scope()
        rows = super().get_queryset()
        if not scope.get("_enabled", True):
            return rows
        if "account" not in scope:
            raise ScopeError(f"{self.model.__name__} was queried outside accounts.access.tenant().")
        return rows.filter(account=scope["account"])

    def none(self) -> models.QuerySet[Row]:
        """No rows at all: also outside a scope, for forms that are filled later."""
        return super().get_queryset().none()


class TenantRow(models.Model):
    """A row of one account: a query outside the doors of ``access.py`` raises."""

    account = models.ForeignKey("accounts.Account", on_delete=models.CASCADE, related_name="+")

    objects = TenantManager["TenantRow"]()

    class Meta:
        abstract = True
