"""The forms of the audience pages; what they hold is judged by the services."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from posthouse.accounts.actors import Actor
from posthouse.accounts.forms import saved
from posthouse.accounts.models import Account
from posthouse.audience import services
from posthouse.audience.columns import LONGEST_KEY, LONGEST_LABEL
from posthouse.audience.models import CustomField, ListMembership, SubscriberList

_PREFIX = "fields."
_CONSENT_HELP = "The evidence, should somebody ask why they get mail: “Stall at the fair, 3 May”."


def _address() -> forms.CharField:
    return forms.CharField(label="E-mail address", max_length=254, widget=forms.EmailInput)


class ListForm(forms.Form):
    """A list's name, and the sender that it can stand for."""

    name = forms.CharField(max_length=100, help_text="Only your team sees it.")
    sender_name = forms.CharField(
        max_length=100,
        required=False,
        help_text="Optional. Used as From only where the delivery server takes the list's sender.",
    )
    sender_address = forms.CharField(
        max_length=254, required=False, widget=forms.EmailInput, help_text="Optional, as above."
    )


class CustomFieldForm(forms.Form):
    """A new custom field."""

    label = forms.CharField(max_length=LONGEST_LABEL, help_text="For example “First name”.")
    key = forms.CharField(
        max_length=LONGEST_KEY,
        required=False,
        help_text="What stands in messages, as in {{ first_name }}. Empty: made from the label. "
        "It cannot be changed later.",
    )
    kind = forms.ChoiceField(
        label="Type",
        choices=CustomField.Kind.choices,
        help_text="What is entered or imported is checked against it. It cannot be changed later.",
    )


class LabelForm(forms.Form):
    """Another label for a custom field."""

    label = forms.CharField(max_length=LONGEST_LABEL)


class SuppressForm(forms.Form):
    """An address that must not be mailed."""

    address = _address()


class PersonForm(forms.Form):
    """Custom fields of one person, an input for each kind."""

    def __init__(
        self,
        data: Any = None,
        *,
        fields: Iterable[CustomField],
        known: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(data)
        for field in fields:
            self.fields[_PREFIX + field.key] = _input(field, (known or {}).get(field.key))

    @property
    def custom(self) -> list[forms.BoundField]:
        """The inputs of the custom fields."""
        return [self[name] for name in self.fields if name.startswith(_PREFIX)]

    def clean(self) -> None:
        """Puts the custom fields where the services expect them: by key, under ``fields``."""
        keys = [name for name in self.cleaned_data if name.startswith(_PREFIX)]
        by_key = {name.removeprefix(_PREFIX): self.cleaned_data.pop(name) for name in keys}
        self.cleaned_data["fields"] = by_key


class AddForm(PersonForm):
    """A person to put on a list by hand."""

    address = _address()
    consent = forms.CharField(
        label="How they agreed", max_length=200, required=False, help_text=_CONSENT_HELP
    )
    asked_again = forms.BooleanField(
        label="They left this list, and asked to be on it again", required=False
    )
    they_left = False

    def save(
        self, actor: Actor, account: Account, in_list: SubscriberList
    ) -> ListMembership | None:
        """The person's standing in the list, or None: then the form has the errors."""
        added = saved(self, services.add_person, actor, account, in_list)
        self.they_left = bool(self.data.get("asked_again")) or self.has_error("address", "left")
        return added


class UploadForm(forms.Form):
    """The file of an import."""

    file = forms.FileField(
        label="CSV file",
        help_text="With a line of column names, one of them “email”. Separated by commas, "
        "semicolons or tabs; UTF-8.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"}),
        error_messages={
            "required": "Choose a file.",
            "empty": "The file is empty. Choose the file with the subscribers.",
        },
    )


def _input(field: CustomField, value: object) -> forms.Field:
    if field.kind == CustomField.Kind.YES_NO:
        answers = [("", "Not known"), ("yes", "Yes"), ("no", "No")]
        chosen = {True: "yes", False: "no"}.get(value, "") if isinstance(value, bool) else ""
        return forms.ChoiceField(label=field.label, choices=answers, required=False, initial=chosen)
    return forms.CharField(
        label=field.label,
        required=False,
        initial="" if value is None else str(value),
        widget=_widget(field, value),
    )


def _widget(field: CustomField, value: object) -> forms.Widget:
    if field.kind == CustomField.Kind.NUMBER:
        return forms.TextInput(attrs={"inputmode": "decimal"})
    if field.kind == CustomField.Kind.DATE:
        return forms.DateInput(attrs={"type": "date"})
    if isinstance(value, str) and "\n" in value:
        return forms.Textarea(attrs={"rows": 4})  # an input of one line would drop the others
    return forms.TextInput()
