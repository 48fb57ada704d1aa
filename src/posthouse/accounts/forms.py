"""The forms of groups, accounts, people and keys; what they hold is judged by the services."""

from collections.abc import Callable
from typing import Any, TypeVar
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import model_to_dict
from django.http import HttpRequest, QueryDict

from posthouse.accounts import dns_configuration
from posthouse.accounts.editing import remember, show_again
from posthouse.accounts.errors import EditedMeanwhile
from posthouse.accounts.keys import ROLES
from posthouse.accounts.models import Account, Membership, Role, User, UserGroup
from posthouse.accounts.notices import READERS
from posthouse.accounts.standing import LONGEST_REASON
from posthouse.accounts.whole_numbers import WholeNumber

Saved = TypeVar("Saved")


def saved(form: forms.Form, verb: Callable[..., Saved], *args: Any) -> Saved | None:
    """What the verb made of the form's values, or None: then the form has the errors."""
    if not form.is_valid():
        return None
    try:
        return verb(*args, **form.cleaned_data)
    except ValidationError as refused:
        form.add_error(None, refused)
    except EditedMeanwhile as refused:
        form.add_error(None, str(refused))
        show_again(form)
    return None


def posted(request: HttpRequest) -> QueryDict | None:
    """What was posted; an empty form counts, as when its only box was unticked."""
    return request.POST if request.method == "POST" else None


def _zones() -> list[tuple[str, str]]:
    names = sorted(name for name in available_timezones() if "/" in name and "Etc/" not in name)
    return [(name, name.replace("_", " ")) for name in ("UTC", *names)]


def _templates() -> tuple[dict[str, list[str]], str]:
    """The names that the file of DNS templates has for each section, or what is wrong with it."""
    try:
        found = dns_configuration.configuration()
    except dns_configuration.ConfigurationUnreadable as error:
        return {"campaign": [], "gateway": []}, str(error)
    return {"campaign": list(found.campaign), "gateway": ["", *found.gateway]}, ""


class GroupForm(forms.Form):
    """The preferences of a user group."""

    name = forms.CharField(max_length=100, help_text="For example “Agencies”.")
    sender_domain_management = forms.BooleanField(
        label="Sender domain management",
        required=False,
        initial=True,
        help_text="On: campaigns leave only from sender domains that were verified. Off: people "
        "type any From address, and receivers will trust the mail less.",
    )
    campaign_dns_template = forms.ChoiceField(
        label="DNS template",
        help_text="What the accounts' sender domains must publish. A change counts for domains "
        "that are added afterwards.",
    )
    gateway_dns_template = forms.ChoiceField(
        label="DNS template of the e-mail gateway",
        required=False,
        initial="Default",
        help_text="The same for domains that send over the gateway.",
    )
    sender_domains_limit = WholeNumber(
        label="Sender domains per account",
        min_value=0,
        initial=0,
        required=False,
        help_text="0 or empty: as many as they like.",
    )

    def __init__(self, data: Any = None, *, group: UserGroup | None = None) -> None:
        initial = model_to_dict(group, fields=list(self.base_fields)) if group else {}
        super().__init__(data, initial=initial)
        if group:
            remember(self, group, self.base_fields)
        offered, self.problem = _templates()
        for section, names in offered.items():
            field = f"{section}_dns_template"
            chosen = [getattr(group, field)] if group else []
            self.fields[field].choices = [  # type: ignore[attr-defined]
                (name, name or "None") for name in dict.fromkeys(names + chosen)
            ]

    def clean_sender_domains_limit(self) -> int:
        return self.cleaned_data["sender_domains_limit"] or 0


class AccountForm(forms.Form):
    """An account as the operator sees it."""

    name = forms.CharField(max_length=100, help_text="What the people in it call themselves.")
    group = forms.ModelChoiceField(
        UserGroup.objects.order_by("name"), to_field_name="public_id", label="User group"
    )
    time_zone = forms.ChoiceField(choices=_zones, initial="UTC")

    def __init__(self, data: Any = None, *, account: Account | None = None) -> None:
        initial = model_to_dict(account, fields=list(self.base_fields)) if account else {}
        initial["group"] = account and account.group
        super().__init__(data, initial=initial)


class ChangedAccountForm(AccountForm):
    """An account, and what it has of its own in place of its group's settings."""

    campaign_dns_template = forms.ChoiceField(
        label="DNS template",
        required=False,
        help_text="What its sender domains must publish. A change counts for domains that are "
        "added afterwards.",
    )
    gateway_dns_template = forms.ChoiceField(
        label="DNS template of the e-mail gateway", required=False
    )
    sender_domains_limit = WholeNumber(label="Sender domains", required=False)

    def __init__(self, data: Any = None, *, account: Account) -> None:
        super().__init__(data, account=account)
        remember(self, account, self.base_fields)
        group = account.group
        for section, names in _templates()[0].items():
            field = f"{section}_dns_template"
            inherited = f"As the group: {getattr(group, field) or 'none'}"
            own = dict.fromkeys(name for name in (*names, getattr(account, field)) if name)
            choices = [("", inherited), *((name, name) for name in own)]
            self.fields[field].choices = choices  # type: ignore[attr-defined]
        limit = group.sender_domains_limit
        self.fields[
            "sender_domains_limit"
        ].help_text = f"Empty: as the group ({limit or 'unlimited'}). 0: as many as it likes."


class StandingForm(forms.Form):
    """Why an account is stopped."""

    reason = forms.CharField(
        max_length=LONGEST_REASON, help_text="The people of the account read it, also by mail."
    )


class NewAccountForm(AccountForm):
    """An account and its owner, in one go."""

    owner_email = forms.EmailField(
        label="Owner's e-mail address",
        help_text="Whoever is new here is mailed a link to set a password.",
    )
    owner_name = forms.CharField(label="Owner's name (optional)", max_length=100, required=False)


class OwnAccountForm(forms.Form):
    """What an owner may change of the account."""

    name = forms.CharField(max_length=100)
    time_zone = forms.ChoiceField(choices=_zones)


class PersonForm(forms.Form):
    """A person who is new here."""

    email = forms.EmailField(label="E-mail address")
    name = forms.CharField(label="Name (optional)", max_length=100, required=False)
    is_operator = forms.BooleanField(
        label="Operator",
        required=False,
        help_text="Operators run the installation and reach every account.",
    )


class ChangedPersonForm(forms.Form):
    """What an operator may change of a person."""

    name = forms.CharField(label="Name", max_length=100, required=False)
    is_operator = forms.BooleanField(
        label="Operator",
        required=False,
        help_text="Operators run the installation and reach every account.",
    )
    is_active = forms.BooleanField(
        label="May sign in",
        required=False,
        help_text="Off: every session of this person ends now.",
    )

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data, initial=model_to_dict(user, fields=list(self.base_fields)))


class ProfileForm(forms.Form):
    """What people may change of themselves."""

    name = forms.CharField(max_length=100, required=False, help_text="What your colleagues see.")
    notices_by_mail = forms.BooleanField(
        label="Notices by mail",
        required=False,
        help_text="When a sender domain goes wrong or a webhook is switched off; at most one mail "
        "an hour from this account.",
    )

    def __init__(self, data: Any = None, *, membership: Membership) -> None:
        super().__init__(
            data,
            initial={
                "name": membership.user.name,
                "notices_by_mail": membership.notices_by_mail,
            },
        )
        if membership.role not in READERS:
            del self.fields["notices_by_mail"]


ROLE_HELP = "Viewers look, managers edit and send, owners also manage the team, keys and account."


class InvitationForm(forms.Form):
    """Somebody for the team."""

    email = forms.EmailField(label="E-mail address")
    role = forms.ChoiceField(choices=Role.choices, initial=Role.MANAGER, help_text=ROLE_HELP)


class RoleForm(forms.Form):
    """Another role for a member."""

    role = forms.ChoiceField(choices=Role.choices, help_text=ROLE_HELP)

    def __init__(self, data: Any = None, *, membership: Membership) -> None:
        super().__init__(data, initial={"role": membership.role})


class ApiKeyForm(forms.Form):
    """A new API key."""

    name = forms.CharField(max_length=100, help_text="What uses it, for example “Shop”.")
    role = forms.ChoiceField(
        choices=[(role.value, role.label) for role in ROLES],
        initial=Role.MANAGER,
        help_text="A manager key edits and sends, a viewer key only reads.",
    )
