"""Sender domains and the DNS records that each of them must publish."""

from django.db import models
from django.utils import timezone

from posthouse.accounts.tenancy import TenantRow, public_id
from posthouse.core.dns.templates import PURPOSES


class SenderDomain(TenantRow):
    """A domain that an account registers to send from; many may ask for it, one may hold it."""

    class Status(models.TextChoices):
        PENDING = "approval_pending", "Approval Pending"
        ENABLED = "enabled", "Enabled"
        DISABLED = "disabled", "Disabled"
        SUSPENDED = "suspended", "Suspended"
        DELETED = "deleted", "Deleted"

    public_id = public_id("dom")
    name = models.CharField(max_length=253, help_text="As A-labels, in lower case.")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PENDING)
    template = models.CharField(max_length=100, editable=False)
    subdomain = models.CharField(max_length=32, blank=True)
    track_prefix = models.CharField(max_length=32, blank=True)
    tracking_subdomain = models.BooleanField(default=True)
    mfrom_host = models.CharField(max_length=253, editable=False)
    tracking_host = models.CharField(max_length=253, editable=False)
    random = models.CharField(max_length=10, editable=False)
    proven = models.BooleanField(
        default=False, editable=False, help_text="The present records passed the last check."
    )
    holds_name = models.BooleanField(
        default=False, editable=False, help_text="No other account can be Enabled for the name."
    )
    owner_proven = models.BooleanField(
        default=False, editable=False, help_text="A record that only this account knew was found."
    )
    suspended_from = models.CharField(max_length=16, blank=True, editable=False)
    failures_in_row = models.PositiveIntegerField(default=0, editable=False)
    checked_at = models.DateTimeField(null=True, editable=False)
    verified_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "sender domain"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "name"],
                condition=~models.Q(status="deleted"),
                name="domain_once_per_account",
            ),
            models.UniqueConstraint(
                fields=["name"],
                condition=models.Q(holds_name=True),
                name="domain_held_by_one_account",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class DomainRecord(TenantRow):
    """One DNS record that a sender domain must publish, and what was last seen of it."""

    class State(models.TextChoices):
        NOT_CHECKED = "not_checked", "Not checked"
        OK = "ok", "OK"
        NOT_YET = "not_yet", "Not yet"
        WRONG = "wrong", "Wrong"
        COULD_NOT_CHECK = "could_not_check", "Could not check"

    domain = models.ForeignKey(SenderDomain, on_delete=models.CASCADE, related_name="records")
    position = models.PositiveSmallIntegerField()
    host = models.CharField(max_length=253)
    type = models.CharField(max_length=5)
    value = models.TextField()
    purpose = models.CharField(max_length=30)
    state = models.CharField(max_length=16, choices=State.choices, default=State.NOT_CHECKED)
    seen = models.JSONField(default=list)
    finding = models.TextField(blank=True)
    advice = models.TextField(blank=True)

    class Meta:
        verbose_name = "DNS record"
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.host} {self.type} {self.value}"

    @property
    def what_for(self) -> str:
        """The purpose as a sentence for whoever publishes it."""
        return PURPOSES.get(self.purpose, self.purpose)
