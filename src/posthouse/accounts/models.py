"""Who there is: user groups, accounts, users, memberships, API keys, and what each has done."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone

from posthouse.accounts.tenancy import TenantRow, public_id


class UserGroup(models.Model):
    """A tier: every account is in exactly one, and inherits its routing, limits and templates."""

    public_id = public_id("grp")
    name = models.CharField(max_length=100, unique=True)
    sender_domain_management = models.BooleanField(
        default=True,
        help_text="On: campaigns leave only from Enabled sender domains. Off: any From address.",
    )
    campaign_dns_template = models.CharField("DNS template", max_length=100, default="Default")
    gateway_dns_template = models.CharField(
        "DNS template of the e-mail gateway",
        max_length=100,
        default="Default",
        blank=True,
        help_text="Empty: the group has no gateway domains.",
    )
    sender_domains_limit = models.PositiveIntegerField(
        default=0, help_text="Sender domains that an account may have; 0 is unlimited."
    )
    # Recipients that an account may mail; 0 is unlimited.
    daily_limit = models.PositiveIntegerField(default=0)
    monthly_limit = models.PositiveIntegerField(default=0)
    lifetime_limit = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.name


class Account(models.Model):
    """A tenant: its audience, domains, campaigns and mail belong to nobody else."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        SUSPENDED = "suspended", "Suspended"  # its people look, and change nothing
        DISABLED = "disabled", "Disabled"  # closed to its people; everything is kept

    public_id = public_id("acc")
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=100)
    group = models.ForeignKey(UserGroup, on_delete=models.PROTECT, related_name="accounts")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    status_reason = models.CharField(
        max_length=300, blank=True, help_text="Why it is not active; its people read it."
    )
    time_zone = models.CharField(max_length=50, default="UTC")
    # The account's own settings, read through ``inherited``: empty as the group's.
    campaign_dns_template = models.CharField("DNS template", max_length=100, blank=True)
    gateway_dns_template = models.CharField(
        "DNS template of the e-mail gateway", max_length=100, blank=True
    )
    sender_domains_limit = models.PositiveIntegerField("sender domains", null=True, blank=True)
    # The account's own limits: empty as the group's, 0 unlimited.
    daily_limit = models.PositiveIntegerField(null=True, blank=True)
    monthly_limit = models.PositiveIntegerField(null=True, blank=True)
    lifetime_limit = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """Finds people by e-mail address, whatever its letter case."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person who signs in: an operator of the installation, a member of accounts, or both."""

    public_id = public_id("usr")
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=100, blank=True)
    is_operator = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"

    def __str__(self) -> str:
        return self.name or self.email


class Role(models.TextChoices):
    """What a person may do in one account; each role may all that the ones after it may."""

    OWNER = "owner", "Owner"
    MANAGER = "manager", "Manager"
    VIEWER = "viewer", "Viewer"


class Membership(models.Model):
    """A person's role in one account."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)
    notices_by_mail = models.BooleanField(
        default=True, help_text="Mail about trouble in the account; owners and managers only."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "account"], name="one_role_per_account")
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"


class ApiKey(TenantRow):
    """A key of an account for the API: only its SHA-256 is kept (A15)."""

    public_id = public_id("key")
    name = models.CharField(max_length=100)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MANAGER)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=20, editable=False)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    def __str__(self) -> str:
        return f"{self.name} ({self.hint})"


class AuditRecord(models.Model):
    """Who did what to which row, with its values before and after; never changed, never deleted."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    actor_kind = models.CharField(max_length=10)
    actor_name = models.CharField(max_length=254)
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.SET_NULL, null=True, related_name="+")
    verb = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=40)
    object_name = models.CharField(max_length=254)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.actor_name} {self.verb} {self.object_name}"


class Event(models.Model):
    """The events outbox: what a lower feature tells a higher one, in the same transaction."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=60)
    payload = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)
    handled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["id"], name="events_waiting", condition=models.Q(handled_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Notice(TenantRow):
    """Something that one person must know of an account, on its way to them by mail."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"

    public_id = public_id("ntc")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    subject = models.CharField(max_length=200)
    text = models.TextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    mail = models.CharField(
        max_length=32, blank=True, help_text="Which mail it is part of: the same at every attempt."
    )
    problem = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"], name="notices_due", condition=models.Q(state="waiting")
            ),
            models.Index(fields=["user", "account", "state"], name="notices_of_person"),
            models.Index(fields=["mail"], name="notices_of_mail"),
        ]

    def __str__(self) -> str:
        return self.subject
