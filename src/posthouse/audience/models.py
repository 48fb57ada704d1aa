"""The audience of an account: lists, subscribers, memberships, fields; who must not be mailed."""

from collections.abc import Mapping

from django.db import models
from django.utils import timezone

from posthouse.accounts.models import Account
from posthouse.accounts.tenancy import TenantRow, public_id
from posthouse.core.addresses import display_domain


class SubscriberList(TenantRow):
    """A list that people joined. Its sender may stand as From where the server says so (R14)."""

    public_id = public_id("lst")
    name = models.CharField(max_length=100)
    sender_name = models.CharField(max_length=100, blank=True)
    sender_address = models.EmailField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "list"
        constraints = [
            models.UniqueConstraint(fields=["account", "name"], name="list_name_once_per_account")
        ]

    def __str__(self) -> str:
        return self.name


class CustomField(TenantRow):
    """What an account knows of its subscribers: a key for merge fields, a label and a type."""

    class Kind(models.TextChoices):
        TEXT = "text", "Text"
        NUMBER = "number", "Number"
        DATE = "date", "Date"
        YES_NO = "yes-no", "Yes or no"

    public_id = public_id("fld")
    key = models.SlugField(max_length=40)
    label = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.TEXT)

    class Meta:
        verbose_name = "custom field"
        ordering = ["label"]
        constraints = [
            models.UniqueConstraint(fields=["account", "key"], name="field_key_once_per_account")
        ]

    def __str__(self) -> str:
        return self.label


class Subscriber(TenantRow):
    """A person of an account's audience, once per account by normalised address."""

    public_id = public_id("sub")
    address = models.CharField(max_length=254, help_text="As given; mail is sent to this.")
    normalised = models.CharField(max_length=254, editable=False)
    fields = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "normalised"], name="subscriber_once_per_account"
            )
        ]

    def __str__(self) -> str:
        return self.address

    def merge_values(self) -> dict[str, str]:
        """What merge fields become for this person, as text."""
        return merge_values(self.address, self.fields)

    @property
    def shown_address(self) -> str:
        """The address with its domain in the letters of its own script, where that is safe."""
        local, _, domain = self.address.rpartition("@")
        return f"{local}@{display_domain(domain)}"


def merge_values(address: str, fields: Mapping[str, object]) -> dict[str, str]:
    """Merge values as text; ``email`` is always the address itself, a missing value is nothing."""
    known = {key: str(value) for key, value in fields.items() if value is not None}
    return known | {"email": address}


class ListMembership(TenantRow):
    """A subscriber's standing in one list, with where it came from and the evidence of consent."""

    class Status(models.TextChoices):
        SUBSCRIBED = "subscribed", "Subscribed"
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed"

    list = models.ForeignKey(SubscriberList, on_delete=models.CASCADE, related_name="memberships")
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="memberships")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.SUBSCRIBED)
    source = models.CharField(max_length=60, blank=True)
    consent = models.JSONField(default=dict, blank=True)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "membership"
        constraints = [
            models.UniqueConstraint(fields=["list", "subscriber"], name="member_once_per_list")
        ]
        indexes = [
            models.Index(fields=["subscriber", "list", "status"], name="membership_by_subscriber"),
            models.Index(fields=["list", "status", "subscriber"], name="membership_by_list"),
        ]

    def __str__(self) -> str:
        return f"{self.subscriber} in {self.list}: {self.status}"


class Suppression(models.Model):
    """An address that must not be mailed: by anybody (no account), by an account, or for a list."""

    class Reason(models.TextChoices):
        MANUAL = "manual", "Entered by a person"
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
        BOUNCED = "bounced", "Bounced for good"
        COMPLAINED = "complained", "Complained"

    public_id = public_id("sup")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True, related_name="+")
    list = models.ForeignKey(SubscriberList, on_delete=models.CASCADE, null=True, related_name="+")
    normalised = models.CharField(max_length=254)
    reason = models.CharField(max_length=12, choices=Reason.choices)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [
            # SQLite knows no NULLS NOT DISTINCT: one constraint for each scope.
            models.UniqueConstraint(
                fields=["normalised"],
                condition=models.Q(account__isnull=True, list__isnull=True),
                name="suppressed_once_by_anybody",
            ),
            models.UniqueConstraint(
                fields=["normalised", "account"],
                condition=models.Q(account__isnull=False, list__isnull=True),
                name="suppressed_once_by_account",
            ),
            models.UniqueConstraint(
                fields=["normalised", "list"],
                condition=models.Q(list__isnull=False),
                name="suppressed_once_for_list",
            ),
        ]

    def __str__(self) -> str:
        return self.normalised


class Import(TenantRow):
    """A file of subscribers on its way into a list, with how far it came and what was rejected.

    Of the rows read, each was added (new to the list), updated (on the list already) or rejected.
    """

    class State(models.TextChoices):
        UPLOADED = "uploaded", "Not started"
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    public_id = public_id("imp")
    list = models.ForeignKey(
        SubscriberList, on_delete=models.CASCADE, null=True, related_name="imports"
    )
    file_name = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.UPLOADED)
    problem = models.CharField(max_length=1000, blank=True)
    head = models.JSONField(default=dict, help_text="How the file is written, and its columns.")
    plan = models.JSONField(default=dict, help_text="Which field each column fills.")
    consent_source = models.CharField(max_length=200, blank=True)
    started_by = models.CharField(max_length=254, blank=True)
    bytes_total = models.BigIntegerField(default=0)
    bytes_read = models.BigIntegerField(default=0)
    rows_read = models.IntegerField(default=0)
    added = models.IntegerField(default=0)
    updated = models.IntegerField(default=0)
    rejected = models.IntegerField(default=0)
    kept_out = models.IntegerField(
        default=0, help_text="Rows for people who left the list or are suppressed, and stay so."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    claim = models.CharField(max_length=32, blank=True, editable=False)
    claims = models.SmallIntegerField(default=0, editable=False)
    heartbeat_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["id"],
                name="imports_in_motion",
                condition=models.Q(state__in=["queued", "running"]),
            )
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_moving(self) -> bool:
        """Waiting or running: the numbers will change."""
        return self.state in {self.State.QUEUED, self.State.RUNNING}
