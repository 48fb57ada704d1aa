"""The form of a webhook; the services judge what it holds."""

from typing import Any

from django import forms

from posthouse.webhooks.kinds import KINDS
from posthouse.webhooks.models import Endpoint


class EndpointForm(forms.Form):
    """Where to, and what about."""

    url = forms.CharField(
        label="URL",
        help_text="Events are posted here. It must be reachable from the Internet over https.",
        widget=forms.TextInput(
            attrs={"inputmode": "url", "placeholder": "https://example.com/posthouse"}
        ),
    )
    kinds = forms.MultipleChoiceField(
        label="Events",
        choices=[(name, f"{kind.label} ({name})") for name, kind in KINDS.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    description = forms.CharField(
        label="Description (optional)", max_length=200, required=False, help_text="What it is for."
    )

    def __init__(self, data: Any = None, *, endpoint: Endpoint | None = None) -> None:
        initial = (
            {name: getattr(endpoint, name) for name in self.base_fields}
            if endpoint
            else {"kinds": list(KINDS)}
        )
        super().__init__(data, initial=initial)
