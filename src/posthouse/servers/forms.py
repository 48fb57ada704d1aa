"""The forms of the delivery server pages; what they hold is judged by the services."""

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms.models import model_to_dict
from django.http import QueryDict

from posthouse.accounts.actors import Actor
from posthouse.accounts.models import Account, UserGroup
from posthouse.core.channels import Channel
from posthouse.servers import services
from posthouse.servers.errors import ServerEditedMeanwhile
from posthouse.servers.filling import fingerprint
from posthouse.servers.models import DeliveryServer, SendMethod
from posthouse.servers.validation import RULES

DOMAIN_FIELDS = (
    "link_tracking_domain",
    "open_tracking_domain",
    "mfrom_domain",
    "enforced_from",
    "sender_info_as_mfrom",
    "sender_info_as_from",
    "signing",
)
CHANNELS = {
    Channel.MARKETING: "Marketing",
    Channel.TRANSACTIONAL: "Transactional",
    Channel.AUTORESPONDER: "Autoresponder",
}


def _text(label: str, help_text: str = "") -> forms.CharField:
    return forms.CharField(label=label, help_text=help_text, required=False)


def _number(label: str, initial: int, help_text: str = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, initial=initial, help_text=help_text, required=False)


def _box(label: str, help_text: str = "", *, initial: bool = False) -> forms.BooleanField:
    return forms.BooleanField(label=label, help_text=help_text, initial=initial, required=False)


class ServerForm(forms.Form):
    """Both tabs of a delivery server. Nothing is ``required``: the service says what is missing."""

    name = _text("Name", "For example “EU marketing”.")
    kind = forms.ChoiceField(
        label="Kind",
        choices=DeliveryServer.Kind.choices,
        initial=DeliveryServer.Kind.SMTP,
        required=False,
        help_text="Local MTA: 127.0.0.1, port 25, without encryption or authentication. Save to "
        "disk: each message becomes a file, and nothing is sent by Posthouse.",
    )
    folder = _text("Folder (save to disk)", "Below POSTHOUSE_DISK_FOLDER of each engine's machine.")
    disk_layout = forms.ChoiceField(
        label="Files (save to disk)",
        choices=DeliveryServer.DiskLayout.choices,
        initial=DeliveryServer.DiskLayout.EML,
        required=False,
    )
    host = _text("SMTP host", "Host name or IP address, for example smtp.example.com.")
    port = _number(
        "SMTP port", 587, "587 goes with TLS, 465 with SSL; 25 is common inside a network."
    )
    encryption = forms.ChoiceField(
        label="Encryption",
        choices=DeliveryServer.Encryption.choices,
        initial=DeliveryServer.Encryption.STARTTLS,
        required=False,
    )
    verify_certificate = _box(
        "Check the server's certificate", "It must be valid and name the host above.", initial=True
    )
    certificate_authority = forms.CharField(
        label="Own certificate authority (optional)",
        help_text="Certificates in PEM form that are trusted for this server besides the system's.",
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"}),
        required=False,
    )
    timeout = _number("Time-out", 10, "For connecting, for TLS and for the greeting, each.")
    authentication = _box(
        "The server asks for a user name and password",
        "When this is off, stored ones are forgotten.",
        initial=True,
    )
    username = forms.CharField(
        label="User name",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        required=False,
    )
    password = forms.CharField(
        label="Password",
        help_text="Stored encrypted and never shown.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
        required=False,
    )
    source_ip = _text(
        "Source IP (optional)", "An address of this machine to connect from; empty: any."
    )
    max_connections = _number("Connections at once", 10, "All send engines together.")
    messages_per_connection = _number(
        "Messages per connection", 1000, "Then a new one is opened; 0 is no limit."
    )
    rate_per_second = _number("Messages per second", 0, "At most; 0 is no limit.")
    rate_per_minute = _number("Messages per minute", 0, "At most; 0 is no limit.")
    rate_per_hour = _number("Messages per hour", 0, "At most; 0 is no limit.")
    rate_per_day = _number(
        "Messages per 24 hours", 0, "At most, in whichever 24 hours; 0 is no limit."
    )
    link_tracking_domain = _text("Link tracking domain", "For example click.example.com.")
    open_tracking_domain = _text("Open tracking domain", "For example track.example.com.")
    mfrom_domain = _text(
        "Mail From domain",
        "For example bounces.example.com; bounces come back there. A full address is used as it "
        "is, and bounces are then not processed.",
    )
    enforced_from = _text(
        "Enforced From address (optional)",
        "Replaces the From address of everything sent here; the sender's own becomes Reply-To.",
    )
    sender_info_as_mfrom = _box(
        "Use sender info as MFROM", "The list's sender address is the return path."
    )
    sender_info_as_from = _box(
        "Use sender info as From", "The list's sender is the From; an enforced From goes first."
    )
    signing = forms.ChoiceField(
        label="DKIM signature",
        choices=DeliveryServer.Signing.choices,
        initial=DeliveryServer.Signing.SERVER,
        required=False,
    )

    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: QueryDict | None, server: DeliveryServer | None = None) -> None:
        super().__init__(data, initial=model_to_dict(server, fields=list(RULES)) if server else {})
        self.server = server
        if server:
            self.initial["seen"] = fingerprint(server)
        if server and server.password_sealed:
            self.fields["password"].help_text += " Leave it empty to keep the one there is."

    def save(self, actor: Actor) -> DeliveryServer | None:
        """The new or changed server, or None: then the form has the errors."""
        if self.is_valid():
            seen = self.cleaned_data.pop("seen")
            try:
                if self.server is None:
                    return services.create(actor, **self.cleaned_data)
                return services.change(actor, self.server, seen=seen, **self.cleaned_data)
            except ValidationError as refused:
                self.add_error(None, refused)
            except ServerEditedMeanwhile as refused:
                self.add_error(None, str(refused))
        if self.data.get("password") and "password" not in self.errors:
            self.add_error("password", "Enter it once more: this page never repeats a password.")
        return None

    @property
    def domains_errors(self) -> int:
        """How many fields of the Domains tab have errors."""
        return len(set(self.errors) & set(DOMAIN_FIELDS))

    @property
    def method_errors(self) -> int:
        """How many fields of the Delivery Method tab have errors."""
        return len(set(self.errors) - set(DOMAIN_FIELDS))


class AllocationForm(forms.Form):
    """Who else sends through a server: a group, or one account by its short name."""

    group = forms.ModelChoiceField(
        UserGroup.objects.order_by("name"),
        to_field_name="public_id",
        required=False,
        empty_label="No group",
    )
    account = forms.CharField(
        label="or one account",
        help_text="Its short name, as in /a/harbour-books/. An account's server goes before its "
        "group's.",
        required=False,
    )
    channels = forms.MultipleChoiceField(
        choices=list(CHANNELS.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one channel."},
    )

    def clean_account(self) -> Account | None:
        slug = self.cleaned_data["account"]
        if not slug:
            return None
        if account := Account.objects.filter(slug=slug).first():
            return account
        raise ValidationError(f"There is no account with the short name “{slug}”.")

    def clean(self) -> None:
        if "account" in self.errors or "group" in self.errors:
            return
        if bool(self.cleaned_data["group"]) == bool(self.cleaned_data["account"]):
            self.add_error("group", "Choose either a group or an account.")

    @property
    def owner(self) -> UserGroup | Account:
        """The group or the account that was chosen."""
        chosen: UserGroup | Account = self.cleaned_data["group"] or self.cleaned_data["account"]
        return chosen


class RetireForm(forms.Form):
    """Where the mail of who uses a server goes when it retires."""

    to = forms.ModelChoiceField(
        DeliveryServer.objects.none(),
        label="Their mail goes through",
        to_field_name="public_id",
        required=False,
        empty_label="No server: their mail does not leave",
    )

    def __init__(self, data: QueryDict | None, server: DeliveryServer) -> None:
        super().__init__(data)
        choice = self.fields["to"]
        assert isinstance(choice, forms.ModelChoiceField)
        choice.queryset = _in_use().exclude(pk=server.pk)
        choice.label_from_instance = _label  # type: ignore[method-assign,assignment]


class RoutingForm(forms.Form):
    """The three servers that a group sends through, and what the rest of its mail does."""

    def __init__(
        self,
        data: QueryDict | None,
        routing: dict[Channel, DeliveryServer],
        send_method: SendMethod,
        system: DeliveryServer | None,
    ) -> None:
        super().__init__(data)
        self.in_use = list(_in_use())
        self._known = [*self.in_use, *routing.values(), *filter(None, [send_method.server])]
        for channel, label in CHANNELS.items():
            chosen = routing.get(channel)
            self.fields[channel.value] = forms.ChoiceField(
                label=label,
                choices=[("", "Not Assigned"), *self._choices(chosen)],
                initial=chosen.public_id if chosen else "",
                required=False,
            )
        methods = SendMethod.Method
        house = _label(system) if system else "none is set for the installation"
        nothing = (methods.NOTHING.value, "None: such mail does not leave")
        self.fields["send_method"] = forms.ChoiceField(
            label="Send method for the rest",
            help_text="For mail without a server of its own. System is the server that "
            "POSTHOUSE_SYSTEM_SERVER names. Instead of PHPMail, choose a server of the kind Local "
            "MTA.",
            choices=[
                (methods.SYSTEM.value, f"System: {house}"),
                *self._choices(send_method.server),
                nothing,
            ],
            initial=send_method.server.public_id if send_method.server else send_method.method,
            required=False,
        )

    def clean_send_method(self) -> str:
        """What is not named stays as it is."""
        chosen: str = self.cleaned_data["send_method"] or self.fields["send_method"].initial
        return chosen

    @property
    def routing(self) -> dict[Channel, DeliveryServer | None]:
        """The server chosen for each channel, if any."""
        return {channel: self._server(self.cleaned_data[channel.value]) for channel in Channel}

    @property
    def send_method(self) -> tuple[str, DeliveryServer | None]:
        """The method, and its server if it has one."""
        chosen = self.cleaned_data["send_method"]
        server = self._server(chosen)
        return (SendMethod.Method.SERVER if server else chosen), server

    def _choices(self, chosen: DeliveryServer | None) -> list[tuple[str, str]]:
        """The servers in use, and a retired one where it is chosen: saving must not change that."""
        retired = [chosen] if chosen and chosen.retired_at else []
        return [(server.public_id, _label(server)) for server in [*self.in_use, *retired]]

    def _server(self, public_id: str) -> DeliveryServer | None:
        return next((one for one in self._known if one.public_id == public_id), None)


class AccountRoutingForm(forms.Form):
    """The servers that one account has of its own, channel by channel."""

    def __init__(
        self,
        data: QueryDict | None,
        own: dict[Channel, DeliveryServer],
        shared: dict[Channel, DeliveryServer],
    ) -> None:
        super().__init__(data)
        self.servers = {server.public_id: server for server in _in_use()}
        offered = [(key, _label(one)) for key, one in self.servers.items()]
        for channel, label in CHANNELS.items():
            group_sends = shared[channel].name if channel in shared else "none"
            self.fields[channel.value] = forms.ChoiceField(
                label=label,
                choices=[("", f"As the group: {group_sends}"), *offered],
                initial=own[channel].public_id if channel in own else "",
                required=False,
            )

    @property
    def routing(self) -> dict[Channel, DeliveryServer | None]:
        """The server chosen for each channel; None: as the group."""
        return {channel: self.servers.get(self.cleaned_data[channel.value]) for channel in Channel}


def _in_use() -> QuerySet[DeliveryServer]:
    return DeliveryServer.objects.filter(retired_at=None)


def _label(server: DeliveryServer) -> str:
    """A server's name with what speaks against choosing it."""
    doubts = {
        server.TestState.NEVER: " (never tested)",
        server.TestState.FAILED: " (its test failed)",
    }
    if server.retired_at:
        return f"{server.name} (retired)"
    return f"{server.name}{doubts.get(server.TestState(server.test_state), '')}"


class TestForm(forms.Form):
    """Whether a test asks for a recipient, and whether it sends a message."""

    recipient = forms.CharField(
        label="Recipient (optional)",
        help_text="The server is asked whether it takes mail to this address; empty: it is not.",
        required=False,
    )
    message = _box("Send a message", "A short one to the recipient, that says what it is.")

    def __init__(self, data: QueryDict | None, server: DeliveryServer) -> None:
        super().__init__(data)
        if server.kind == server.Kind.DISK:  # a folder cannot be asked
            self.fields.clear()


class PauseForm(forms.Form):
    """For how long nothing is sent through a server, and why."""

    MINUTES = {"15": "15 minutes", "60": "1 hour", "1440": "1 day", "": "until it is resumed"}

    minutes = forms.ChoiceField(label="Pause for", choices=list(MINUTES.items()), required=False)
    reason = forms.CharField(
        max_length=200,
        error_messages={"required": "Say why: colleagues see it in the list of servers."},
    )
