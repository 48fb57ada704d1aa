"""Two short forms: to whom the records are mailed, and why the operator suspends a domain."""

from django import forms
from django.core.exceptions import ValidationError

from posthouse.accounts.actors import Actor
from posthouse.domains import mailing, services
from posthouse.domains.errors import DomainRefused
from posthouse.domains.models import SenderDomain


class SendForm(forms.Form):
    """An address, and a note if there is something to say."""

    to = forms.CharField(
        label="E-mail address",
        help_text="Whoever can change the DNS of the domain: your agency, host or IT department.",
        max_length=254,
        widget=forms.EmailInput(attrs={"autofocus": True, "autocomplete": "off"}),
    )
    note = forms.CharField(
        label="Note",
        help_text="Optional. Stands above the records in the mail.",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def save(self, actor: Actor, domain: SenderDomain) -> str:
        """The address that the mail went to, or "": then the form has the errors."""
        if not self.is_valid():
            return ""
        try:
            mailing.send_records(actor, domain, **self.cleaned_data)
        except ValidationError as error:
            self.add_error(None, error)
        except DomainRefused as refused:
            self.add_error(None, str(refused))
        else:
            return str(self.cleaned_data["to"])
        return ""


class SuspendForm(forms.Form):
    """Why: the account reads it on the domain's page."""

    reason = forms.CharField(
        label="Reason",
        help_text="Optional. The account sees it on the domain's page.",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": services.LONGEST_REASON}),
    )
