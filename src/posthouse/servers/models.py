"""Delivery servers, and who sends through which of them: allocations and send methods."""

from django.db import models
from django.utils import timezone

from posthouse.accounts.models import Account, UserGroup
from posthouse.accounts.tenancy import public_id


class DeliveryServer(models.Model):
    """An SMTP relay with its credentials and its domains: the fields of R12, both tabs."""

    class Kind(models.TextChoices):
        SMTP = "smtp", "SMTP relay"
        LOCAL = "local", "Local MTA"
        DISK = "disk", "Save to disk"

    class Encryption(models.TextChoices):
        NONE = "none", "None"
        STARTTLS = "starttls", "TLS (STARTTLS)"
        SSL = "ssl", "SSL (TLS from the first byte)"

    class DiskLayout(models.TextChoices):
        EML = "eml", "The message alone"
        POWERMTA = "powermta", "With its envelope, for PowerMTA's pickup folder"

    class TestState(models.TextChoices):
        NEVER = "never", "Never tested"
        OK = "ok", "Works"
        FAILED = "failed", "Failed"

    class Signing(models.TextChoices):
        SERVER = "server", "The delivery server signs"
        HERE = "here", "Posthouse signs with the installation's key"

    public_id = public_id("srv")
    name = models.CharField(
        max_length=100,
        unique=True,
        error_messages={"unique": "Another delivery server has this name."},
    )
    kind = models.CharField(max_length=5, choices=Kind.choices, default=Kind.SMTP)
    # Delivery Method
    host = models.CharField("SMTP host", max_length=253)
    port = models.PositiveIntegerField("SMTP port", default=587)
    encryption = models.CharField(
        max_length=8, choices=Encryption.choices, default=Encryption.STARTTLS
    )
    verify_certificate = models.BooleanField(default=True)
    certificate_authority = models.TextField(blank=True, help_text="PEM; besides the system's.")
    timeout = models.PositiveIntegerField(default=10, help_text="Seconds.")
    authentication = models.BooleanField(default=True)
    username = models.CharField(max_length=254, blank=True)
    password_sealed = models.TextField(blank=True, editable=False)
    source_ip = models.GenericIPAddressField("Source IP", null=True, blank=True)
    folder = models.CharField(max_length=200, blank=True)
    disk_layout = models.CharField(
        "Files", max_length=8, choices=DiskLayout.choices, default=DiskLayout.EML
    )
    max_connections = models.PositiveIntegerField(default=10)
    messages_per_connection = models.PositiveIntegerField(default=1000)
    rate_per_second = models.PositiveIntegerField("Messages per second", default=0)
    rate_per_minute = models.PositiveIntegerField("Messages per minute", default=0)
    rate_per_hour = models.PositiveIntegerField("Messages per hour", default=0)
    rate_per_day = models.PositiveIntegerField("Messages per 24 hours", default=0)
    # Domains
    link_tracking_domain = models.CharField(max_length=253)
    open_tracking_domain = models.CharField(max_length=253)
    mfrom_domain = models.CharField("Mail From domain", max_length=254)
    enforced_from = models.EmailField("Enforced From address", blank=True)
    sender_info_as_mfrom = models.BooleanField("Use sender info as MFROM", default=False)
    sender_info_as_from = models.BooleanField("Use sender info as From", default=False)
    signing = models.CharField(max_length=6, choices=Signing.choices, default=Signing.SERVER)
    # What is known of it
    test_state = models.CharField(
        max_length=6, choices=TestState.choices, default=TestState.NEVER, editable=False
    )
    test_steps = models.JSONField(default=list, editable=False)
    test_conversation = models.JSONField(default=list, editable=False)
    tested_at = models.DateTimeField(null=True, editable=False)
    paused_until = models.DateTimeField(null=True, editable=False)
    paused_reason = models.CharField(max_length=500, blank=True, editable=False)
    retired_at = models.DateTimeField(null=True, editable=False)
    dns_findings = models.JSONField(default=list, editable=False)
    dns_checked_at = models.DateTimeField(null=True, editable=False)
    pauses_in_row = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "delivery server"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ServerPace(models.Model):
    """What counts towards a server's rates just now, for all engines; none without rates.

    A row of its own, so that engines that take permits never wait for who edits the server.
    """

    server = models.OneToOneField(
        DeliveryServer, on_delete=models.CASCADE, primary_key=True, related_name="pace"
    )
    charges = models.JSONField(default=dict, help_text="Messages by window and slot.")

    def __str__(self) -> str:
        return f"the pace of {self.server}"


class Allocation(models.Model):
    """Who (a group or one account) sends through which server, for which channel."""

    group = models.ForeignKey(
        UserGroup, on_delete=models.CASCADE, null=True, related_name="allocations"
    )
    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, null=True, related_name="allocations"
    )
    channel = models.CharField(max_length=13)
    server = models.ForeignKey(DeliveryServer, on_delete=models.PROTECT, related_name="allocations")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["group", "channel"], name="one_server_per_group_channel"
            ),
            models.UniqueConstraint(
                fields=["account", "channel"], name="one_server_per_account_channel"
            ),
            models.CheckConstraint(
                condition=models.Q(group__isnull=True) ^ models.Q(account__isnull=True),
                name="allocated_to_group_or_account",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group or self.account}: {self.channel} through {self.server}"


class SendMethod(models.Model):
    """What a group does with mail for which neither it nor the account names a server (R17).

    A group without a row has the method System.
    """

    class Method(models.TextChoices):
        SYSTEM = "system", "System"
        SERVER = "server", "A delivery server"
        NOTHING = "nothing", "None"

    group = models.OneToOneField(UserGroup, on_delete=models.CASCADE, related_name="send_method")
    method = models.CharField(max_length=7, choices=Method.choices, default=Method.SYSTEM)
    server = models.ForeignKey(
        DeliveryServer, on_delete=models.PROTECT, null=True, related_name="send_methods"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(method="server", server__isnull=False)
                | (~models.Q(method="server") & models.Q(server__isnull=True)),
                name="send_method_names_its_server",
            )
        ]

    def __str__(self) -> str:
        return f"{self.group}: {self.server or self.get_method_display()}"
