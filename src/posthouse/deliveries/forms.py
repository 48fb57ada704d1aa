"""The forms of limits; what they hold is judged by the services of groups and accounts."""

from typing import Any

from django import forms
from django.db.models import Model
from django.forms.models import model_to_dict

from posthouse.accounts.editing import remember
from posthouse.accounts.limits import FIELDS, limits_of
from posthouse.accounts.models import Account, UserGroup
from posthouse.accounts.whole_numbers import WholeNumber
from posthouse.core.routing.quotas import Kind

_LABELS = {
    Kind.DAILY: "Recipients a day",
    Kind.MONTHLY: "Recipients a month",
    Kind.LIFETIME: "Recipients ever",
}
_WHEN = {
    Kind.DAILY: "A day begins at midnight in the account's time zone.",
    Kind.MONTHLY: "A calendar month in the account's time zone.",
    Kind.LIFETIME: "Never begins anew.",
}


class _LimitsForm(forms.Form):
    """A field for each kind of limit."""

    def __init__(self, data: Any, row: Model) -> None:
        names = list(FIELDS.values())
        super().__init__(data, initial=model_to_dict(row, fields=names))
        for kind, name in FIELDS.items():
            self.fields[name] = WholeNumber(label=_LABELS[kind], required=False, min_value=0)
        remember(self, row, names)


class GroupLimitsForm(_LimitsForm):
    """What each account of a group may mail."""

    def __init__(self, data: Any, row: UserGroup) -> None:
        super().__init__(data, row)
        for kind, name in FIELDS.items():
            self.fields[name].help_text = f"{_WHEN[kind]} 0 or empty: unlimited."

    def clean(self) -> dict[str, Any]:
        """Empty is unlimited."""
        empty = {name: 0 for name in FIELDS.values() if self.cleaned_data.get(name, 0) is None}
        return self.cleaned_data | empty


class AccountLimitsForm(_LimitsForm):
    """What one account may mail, where it differs from its group."""

    def __init__(self, data: Any, row: Account) -> None:
        super().__init__(data, row)
        inherited = limits_of(Account(group=row.group))
        for kind, name in FIELDS.items():
            cap = f"{inherited[kind]:,}" if kind in inherited else "unlimited"
            self.fields[
                name
            ].help_text = f"{_WHEN[kind]} Empty: as the group {row.group} ({cap}). 0: unlimited."
