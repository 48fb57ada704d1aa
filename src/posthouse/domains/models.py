"""Sender domains and the DNS records that each of them must publish."""

from django.db import models
from django.utils import timezone

from posthouse.accounts.tenancy import TenantRow, public_id
from posthouse.core.addresses import display_domain
from posthouse.core.dns.records import Record, RecordType
from posthouse.core.dns.templates import PURPOSES
from posthouse.core.verification.checks import CheckResult


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
    registered = models.CharField(
        max_length=253, db_index=True, editable=False, help_text="The domain that was bought."
    )
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
    suspension_reason = models.CharField(
        max_length=500, blank=True, editable=False, help_text="The operator's words to its owner."
    )
    failures_in_row = models.PositiveIntegerField(default=0, editable=False)
    failed_at = models.DateTimeField(
        null=True, editable=False, help_text="When a failed check last counted."
    )
    warning = models.TextField(
        blank=True, editable=False, help_text="What its owner must know of the last checks."
    )
    advice = models.JSONField(
        default=list, editable=False, help_text="Code, sentence and next step, of the last check."
    )
    dns_provider = models.CharField(
        max_length=60, blank=True, editable=False, help_text="Whoever holds its zone, if known."
    )
    checked_at = models.DateTimeField(null=True, editable=False)
    next_check_at = models.DateTimeField(
        null=True, editable=False, help_text="Empty: there is nothing to check."
    )
    waiting_since = models.DateTimeField(
        null=True, editable=False, help_text="When its records were asked for, or went missing."
    )
    earlier_proofs = models.JSONField(
        default=list, editable=False, help_text="Host and value of ownership records before these."
    )
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
        indexes = [
            models.Index(
                fields=["next_check_at"],
                condition=models.Q(status__in=["enabled", "approval_pending"]),
                name="domain_due",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def in_its_letters(self) -> str:
        """The name as a person reads it; A-labels stay where letters could deceive (A23)."""
        return display_domain(self.name)


class DomainKey(TenantRow):
    """A DKIM key of a sender domain's own; its private half is sealed and shown to nobody."""

    class Algorithm(models.TextChoices):
        RSA = "rsa", "RSA-2048"
        ED25519 = "ed25519", "Ed25519"

    class State(models.TextChoices):
        WAITING = "waiting", "Waits for its record"
        SIGNING = "signing", "Signs"
        RETIRED = "retired", "Retired"

    public_id = public_id("dky")
    domain = models.ForeignKey(SenderDomain, on_delete=models.CASCADE, related_name="keys")
    algorithm = models.CharField(max_length=8, choices=Algorithm.choices)
    selector = models.CharField(max_length=63, unique=True, help_text="Random: never given twice.")
    public_key = models.TextField(help_text="In base64, as the p= tag of the record holds it.")
    sealed = models.TextField(editable=False, help_text="The private half, for this key only.")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    created_at = models.DateTimeField(default=timezone.now)
    signing_since = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)
    keep_until = models.DateTimeField(
        null=True, help_text="Until then its record stays, for mail that is still on its way."
    )

    class Meta:
        verbose_name = "DKIM key"
        ordering = ["algorithm", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["domain", "algorithm", "state"],
                condition=~models.Q(state="retired"),
                name="one_key_signs_and_one_waits",
            ),
        ]
        indexes = [
            models.Index(
                fields=["keep_until"], condition=models.Q(state="retired"), name="key_to_drop"
            ),
        ]

    def __str__(self) -> str:
        return self.selector


class DomainRecord(TenantRow):
    """One DNS record that a sender domain must publish, and what was last seen of it."""

    class State(models.TextChoices):
        NOT_CHECKED = "not_checked", "Not checked"
        OK = "ok", "OK"
        NOT_YET = "not_yet", "Not yet"
        WRONG = "wrong", "Wrong"
        COULD_NOT_CHECK = "could_not_check", "Could not check"

    domain = models.ForeignKey(SenderDomain, on_delete=models.CASCADE, related_name="records")
    key = models.ForeignKey(DomainKey, on_delete=models.CASCADE, null=True, related_name="records")
    required = models.BooleanField(
        default=True, help_text="No: of a key that comes or goes; it does not count for the status."
    )
    position = models.PositiveSmallIntegerField()
    host = models.CharField(max_length=253)
    type = models.CharField(max_length=5)
    value = models.TextField()
    purpose = models.CharField(max_length=30)
    state = models.CharField(max_length=16, choices=State.choices, default=State.NOT_CHECKED)
    code = models.CharField(max_length=40, blank=True, help_text="Of what the doctor found.")
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

    @property
    def is_wanted(self) -> bool:
        """It is to be published now; a key that retired only leaves its record for a while."""
        return self.required or (self.key is not None and self.key.state == DomainKey.State.WAITING)

    def as_published(self) -> Record:
        """What is to stand in DNS."""
        kind = RecordType(self.type)
        return Record(self.host, kind, self.value, self.purpose, self.required)


class DomainCheck(TenantRow):
    """How one check of a sender domain ended: the domain's history, kept for a season."""

    class Result(models.TextChoices):
        VERIFIED = CheckResult.VERIFIED, "All right"
        FAILED = CheckResult.FAILED, "Failed"
        COULD_NOT_CHECK = CheckResult.COULD_NOT_CHECK, "Could not check"

    domain = models.ForeignKey(SenderDomain, on_delete=models.CASCADE, related_name="checks")
    at = models.DateTimeField(default=timezone.now, db_index=True)
    by = models.CharField(max_length=254, help_text="Who asked; Posthouse itself once a day.")
    result = models.CharField(max_length=16, choices=Result.choices)
    status = models.CharField(max_length=16, choices=SenderDomain.Status.choices)
    right = models.PositiveSmallIntegerField(help_text="Records that passed.")
    total = models.PositiveSmallIntegerField()
    wrong = models.JSONField(default=list, help_text="Host, type and state of those that did not.")

    class Meta:
        verbose_name = "domain check"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.at}: {self.result}"


class DomainDay(TenantRow):
    """How many messages servers accepted from a sender domain on one day (UTC)."""

    domain = models.ForeignKey(SenderDomain, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    accepted = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["domain", "day"], name="one_row_per_domain_and_day")
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.accepted}"


class MasterCheck(models.Model):
    """What was last found of the operator's own domain, which every account inherits."""

    at = models.DateTimeField(default=timezone.now)
    findings = models.JSONField(default=list)

    class Meta:
        verbose_name = "master domain check"
        ordering = ["-id"]

    def __str__(self) -> str:
        return str(self.at)
