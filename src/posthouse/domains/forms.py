"""The forms of the sender domain pages; the services judge what they hold."""

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.models import model_to_dict
from django.http import QueryDict

from posthouse.accounts.actors import Actor
from posthouse.accounts.models import Account
from posthouse.domains import services
from posthouse.domains.errors import REFUSALS
from posthouse.domains.models import SenderDomain
from posthouse.domains.preview import Preview, preview


class AddForm(forms.Form):
    """One field: which domain."""

    name = forms.CharField(
        label="Domain",
        help_text="A subdomain such as mail.example.com keeps your main domain's reputation apart.",
        widget=forms.TextInput(attrs={"placeholder": "mail.example.com", "autofocus": True}),
    )

    def save(self, actor: Actor, account: Account) -> SenderDomain | None:
        """The new domain, or None: then the form has the errors."""
        if not self.is_valid():
            return None
        try:
            return services.add(actor, account, self.cleaned_data["name"])
        except ValidationError as error:
            _put(self, error)
        except REFUSALS as refused:
            self.add_error(None, str(refused))
        return None


_RULE = "At most 32 letters, digits and hyphens, no hyphen at either end. Empty: as shown."


class OptionsForm(forms.Form):
    """The names of the hosts."""

    tracking_subdomain = forms.BooleanField(
        label="A tracking host of its own",
        help_text="Off: links lead over the return-path host, and one record less is needed.",
        required=False,
    )
    subdomain = forms.CharField(label="Return-path label", help_text=_RULE, required=False)
    track_prefix = forms.CharField(label="Tracking prefix", help_text=_RULE, required=False)

    def __init__(self, data: QueryDict | None, domain: SenderDomain) -> None:
        super().__init__(data, initial=model_to_dict(domain, fields=list(self.base_fields)))
        self.domain = domain
        for field, value in (
            ("subdomain", settings.DNS_SUBDOMAIN),
            ("track_prefix", settings.DNS_TRACK_PREFIX),
        ):
            self.fields[field].widget.attrs["placeholder"] = value

    @property
    def preview(self) -> Preview:
        """What the values as typed would do; before anybody typed, what is."""
        typed = self.cleaned_data if self.is_bound and self.is_valid() else {}
        return preview(self.domain, typed)

    def save(self, actor: Actor) -> SenderDomain | None:
        """The changed domain, or None: then the form has the errors."""
        if not self.is_valid():
            return None
        try:
            return services.change(actor, self.domain, **self.cleaned_data)
        except ValidationError as error:
            _put(self, error)
        except REFUSALS as refused:
            self.add_error(None, str(refused))
        return None


def _put(form: forms.Form, error: ValidationError) -> None:
    """Each sentence beside its field; one about a field that the page does not have, above all."""
    for field, sentences in error.message_dict.items():
        form.add_error(field if field in form.fields else None, sentences)
