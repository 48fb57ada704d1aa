"""The forms of the campaign pages; the services judge what they hold."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import QueryDict

from posthouse.accounts.actors import Actor
from posthouse.accounts.models import Account
from posthouse.audience.models import Subscriber, SubscriberList
from posthouse.audience.queries import counts_of
from posthouse.campaigns import queries, services
from posthouse.campaigns.errors import CampaignRefused, ChangedMeanwhile
from posthouse.campaigns.models import Campaign, CampaignTest
from posthouse.campaigns.reviews import Draft
from posthouse.content.checks import Check
from posthouse.content.parts import PART_NAMES, Parts
from posthouse.deliveries.route import SenderChoice
from posthouse.domains.models import SenderDomain


def _text(label: str, help_text: str = "", **attrs: Any) -> forms.CharField:
    widget = forms.TextInput(attrs=attrs)
    return forms.CharField(label=label, help_text=help_text, required=False, widget=widget)


def _area(label: str, help_text: str, rows: int) -> forms.CharField:
    attrs = {"rows": rows, "class": "mono", "spellcheck": "true", "wrap": "soft"}
    widget = forms.Textarea(attrs=attrs)
    return forms.CharField(
        label=label, help_text=help_text, required=False, strip=False, widget=widget
    )


class CampaignForm(forms.Form):
    """Everything about a campaign on one page; gaps are allowed until it is sent."""

    name = _text("Name", "Only you and your colleagues see it.", autofocus=True)
    from_name = _text("From name", "As readers see it, for example Harbour Books.")
    from_local = _text("Local part", placeholder="news")
    sender_domain = forms.ChoiceField(
        label="Sender domain",
        required=False,
        error_messages={"invalid_choice": "This domain is not there any more; choose another."},
    )
    from_address = _text("From address", placeholder="news@example.com")
    reply_to = _text("Reply-To (optional)", "Where answers go; empty: to the From address.")
    goes_on_by_itself = forms.BooleanField(
        label="Go on by itself after a limit",
        required=False,
        initial=True,
        help_text="When your account reaches one of its limits, the campaign stops. On: it goes on "
        "as soon as the limit allows. Off: it waits until somebody resumes it.",
    )
    lists = forms.MultipleChoiceField(
        label="Lists",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Somebody who is on several of them gets one message.",
        error_messages={"invalid_choice": "A chosen list is not there any more; choose again."},
    )
    subject = _text("Subject", "Merge fields work here too.")
    preheader = _text("Preview text (optional)", "Mailboxes show it beside the subject.")
    html = _area("HTML", "", 18)
    text = _area("Text (optional)", "Left empty, it is made from the HTML.", 8)
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, data: QueryDict | None, account: Account, campaign: Campaign | None = None
    ) -> None:
        initial = _initial(campaign) if campaign else {"sender_domain": _only_domain()}
        super().__init__(data, initial=initial, use_required_attribute=False)
        self.account, self.campaign = account, campaign
        if campaign:  # whoever comes back to a draft does not come to rename it
            self.fields["name"].widget.attrs.pop("autofocus", None)
        self.managed = account.group.sender_domain_management
        for name in ("from_address",) if self.managed else ("from_local", "sender_domain"):
            del self.fields[name]
        self._lists = {row.public_id: row for row in SubscriberList.objects.order_by("name")}
        self._offer("lists", _list_labels(self._lists.values()))
        if self.managed:
            self._domains = {row.public_id: row for row in _offered_domains(campaign)}
            self._offer("sender_domain", {"": "Choose a domain"} | _domain_labels(self._domains))

    def _offer(self, name: str, labels: Mapping[str, str]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(labels.items())

    def clean_lists(self) -> list[SubscriberList]:
        """The rows that were chosen."""
        return [self._lists[public_id] for public_id in self.cleaned_data["lists"]]

    def clean_sender_domain(self) -> SenderDomain | None:
        """The row that was chosen, if any."""
        return self._domains.get(self.cleaned_data["sender_domain"])

    def save(self, actor: Actor) -> Campaign | None:
        """The new or changed draft, or None: then the form has the errors."""
        if not self.is_valid():
            return None
        values = dict(self.cleaned_data)
        revision = values.pop("revision")
        try:
            if self.campaign is None:
                return services.create(actor, self.account, **values)
            return services.change(actor, self.campaign, revision=revision, **values)
        except ChangedMeanwhile as refused:
            self._see_present_revision()
            self.add_error(None, str(refused))
        except ValidationError as refused:
            self.add_error(None, refused)
        except CampaignRefused as refused:
            self.add_error(None, str(refused))
        return None

    def _see_present_revision(self) -> None:
        """Who saves again after the warning means it."""
        assert self.campaign is not None
        present = queries.find(self.campaign.public_id).revision
        self.data = _as_posted({**_as_lists(self.data), "revision": present})

    def typed(self) -> Draft:
        """The draft as typed so far, for checks, with what does not fit yet."""
        self.is_valid()
        values = self.cleaned_data
        texts = {name: str(self.data.get(name, "")) for name in self.fields}
        sender = SenderChoice(
            from_name=texts["from_name"].strip(),
            from_local=texts.get("from_local", "").strip(),
            sender_domain=values.get("sender_domain"),
            from_address=texts.get("from_address", "").strip(),
            reply_to=texts["reply_to"].strip(),
        )
        parts = Parts(**{name: texts[name] for name in PART_NAMES})
        return Draft(self.account, sender, parts, list(values.get("lists") or []))

    @classmethod
    def with_problems(
        cls, account: Account, campaign: Campaign, stops: Iterable[Check]
    ) -> "CampaignForm":
        """A saved draft with what keeps it from being sent beside each field."""
        form = cls(_as_posted(_initial(campaign)), account, campaign)
        form.is_valid()
        for check in stops:
            form.add_error(check.field if check.field in form.fields else None, check.sentence)
        return form


def _initial(campaign: Campaign) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(campaign, name) for name in services.FIELDS}
    values |= {name: getattr(campaign.content, name) for name in PART_NAMES}
    values["sender_domain"] = campaign.sender_domain and campaign.sender_domain.public_id
    values["lists"] = [one.public_id for one in queries.lists_of(campaign)]
    return values | {"revision": campaign.revision}


def _as_posted(values: Mapping[str, Any]) -> QueryDict:
    posted = QueryDict(mutable=True)
    for name, value in values.items():
        posted.setlist(name, value if isinstance(value, list) else [str(value or "")])
    return posted


def _as_lists(posted: Mapping[str, Any]) -> dict[str, list[str]]:
    return dict(posted.lists()) if isinstance(posted, QueryDict) else {}


def _list_labels(rows: Collection[SubscriberList]) -> dict[str, str]:
    counts = counts_of(rows)
    return {row.public_id: f"{row.name} ({counts[row.pk].subscribed:,})" for row in rows}


def _offered_domains(campaign: Campaign | None) -> QuerySet[SenderDomain]:
    """Enabled domains, and the present one whatever became of it."""
    present = campaign.sender_domain_id if campaign else None
    offered = Q(status=SenderDomain.Status.ENABLED) | Q(pk=present)
    return SenderDomain.objects.filter(offered).order_by("name")


def _domain_labels(rows: Mapping[str, SenderDomain]) -> dict[str, str]:
    enabled = SenderDomain.Status.ENABLED
    return {
        key: row.name if row.status == enabled else f"{row.name} ({row.get_status_display()})"
        for key, row in rows.items()
    }


def _only_domain() -> str | None:
    """Whoever has one domain has chosen."""
    names = list(queries.enabled_domains().values_list("public_id", flat=True)[:2])
    return names[0] if len(names) == 1 else None


class TestForm(forms.Form):
    """Who gets a test message, and whose values are filled in."""

    __test__ = False  # not a test case, whatever its name begins with

    addresses = forms.CharField(
        label="Send to",
        help_text="Up to five addresses, one a line or separated by commas.",
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "you@example.com"}),
        error_messages={"required": "Enter an address, for example your own."},
    )
    filled_in_as = _text(
        "Filled in as (optional)",
        "A subscriber's address; empty: the first person of the campaign's lists.",
    )

    def clean_filled_in_as(self) -> Subscriber | None:
        """The subscriber who was named."""
        address = self.cleaned_data["filled_in_as"]
        person = queries.subscriber_with(address) if address else None
        if address and person is None:
            raise ValidationError("No subscriber of this account has this address.")
        return person

    def save(self, actor: Actor, campaign: Campaign) -> CampaignTest | None:
        """The test that was sent, or None: then the form has the errors."""
        if not self.is_valid():
            return None
        addresses = self.cleaned_data["addresses"].replace(",", "\n").replace(";", "\n")
        person = self.cleaned_data["filled_in_as"]
        try:
            return services.send_test(actor, campaign, addresses.splitlines(), person)
        except ValidationError as refused:
            self._add_all(refused)
        except CampaignRefused as refused:
            self.add_error(None, str(refused))
        return None

    def _add_all(self, refused: ValidationError) -> None:
        """Problems of the campaign itself have no field here."""
        for name, sentences in refused.message_dict.items():
            for sentence in sentences:
                self.add_error(name if name in self.fields else None, sentence)
