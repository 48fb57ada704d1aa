"""The form that starts an import: which list, what each column means, where consent is from."""

from typing import Any

from django import forms

from posthouse.accounts.actors import Actor
from posthouse.accounts.forms import saved
from posthouse.audience import imports, queries
from posthouse.audience.columns import LEAVE_OUT, NEW_FIELD, Column
from posthouse.audience.models import Import, SubscriberList

_NEW_LIST = "+"


class StartForm(forms.Form):
    """Everything that is decided between the upload and the first imported row."""

    into = forms.ChoiceField(label="List")
    new_list = forms.CharField(label="Name of the new list", max_length=100, required=False)
    consent = forms.CharField(
        label="Where these people agreed to get mail",
        max_length=200,
        required=False,
        help_text="Kept with each of them as evidence, for example “Shop checkout, box ticked”.",
    )
    email = forms.TypedChoiceField(label="Column with the e-mail addresses", coerce=int)

    def __init__(self, data: Any, row: Import) -> None:
        super().__init__(data)
        self.row = row
        self._offer_lists()
        known = [(field.key, field.label) for field in queries.known_fields()]
        headers = list(enumerate(row.head["columns"]))
        email = self.fields["email"]
        email.choices = [(i, name or f"Column {i + 1}") for i, name in headers]  # type: ignore[attr-defined]
        email.initial = row.head["email"]
        self.proposal = {column.index: column for column in imports.proposal(row)}
        for index, header in headers:
            self.fields[f"column_{index}"] = self._column(index, header, known)

    @property
    def preview(self) -> list[dict[str, Any]]:
        """Each column: its name, its first values, and the field that says what it fills."""
        head = self.row.head
        return [
            {
                "header": header,
                "is_email": index == head["email"],
                "values": [row[index] if index < len(row) else "" for row in head["sample"]],
                "field": self[f"column_{index}"],
            }
            for index, header in enumerate(head["columns"])
        ]

    def save(self, actor: Actor) -> Import | None:
        """The started import, or None: then the form has the errors."""
        return saved(self, self._start, actor)

    def _start(self, actor: Actor, **values: Any) -> Import:
        chosen = values["into"]
        into = values["new_list"] if chosen == _NEW_LIST else self._lists[chosen]
        email = values["email"]
        choices = {
            index: values[f"column_{index}"] or LEAVE_OUT
            for index in range(len(self.row.head["columns"]))
            if index != email
        }
        return imports.start(
            actor, self.row, into=into, email=email, choices=choices, consent=values["consent"]
        )

    def _offer_lists(self) -> None:
        self._lists = {row.public_id: row for row in SubscriberList.objects.order_by("name")}
        into = self.fields["into"]
        names = [(key, row.name) for key, row in self._lists.items()]
        first = [("", "Choose a list"), (_NEW_LIST, "A new list")]
        into.choices = [*first, *names]  # type: ignore[attr-defined]
        into.initial = self.row.list.public_id if self.row.list else "" if names else _NEW_LIST

    def _column(self, index: int, header: str, known: list[tuple[str, str]]) -> forms.ChoiceField:
        name = header or f"Column {index + 1}"
        return forms.ChoiceField(
            label=name,
            choices=[(LEAVE_OUT, "Leave out"), (NEW_FIELD, f"New field “{name}”"), *known],
            initial=_choice_of(self.proposal.get(index)),
            required=False,
        )


def _choice_of(column: Column | None) -> str:
    if column is None or column.field is None:
        return LEAVE_OUT
    return NEW_FIELD if column.is_new else column.field.key
