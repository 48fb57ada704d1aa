"""Webhooks: where an account wants to be told of events, and every call that was made there."""

from django.db import models
from django.utils import timezone

from posthouse.accounts.tenancy import TenantRow, public_id


class Endpoint(TenantRow):
    """An address of the account's own that events are posted to."""

    class State(models.TextChoices):
        ON = "on", "On"
        OFF = "off", "Off"

    public_id = public_id("whk")
    url = models.CharField("URL", max_length=500)
    description = models.CharField(max_length=200, blank=True)
    kinds = models.JSONField(default=list, help_text="The kinds of events that it is told of.")
    secret = models.TextField(editable=False)  # sealed by the vault, as is the next one
    old_secret = models.TextField(blank=True, editable=False)
    old_secret_until = models.DateTimeField(null=True, editable=False)
    state = models.CharField(max_length=3, choices=State.choices, default=State.ON)
    reason = models.CharField(max_length=300, blank=True, help_text="Why it is off.")
    failing_since = models.DateTimeField(
        null=True, editable=False, help_text="Since when no call has succeeded."
    )
    answered_at = models.DateTimeField(null=True, editable=False)
    answer = models.CharField(max_length=300, blank=True, help_text="What the last call came to.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "webhook"
        ordering = ["id"]

    def __str__(self) -> str:
        return self.url

    @property
    def is_on(self) -> bool:
        return self.state == self.State.ON


class Call(TenantRow):
    """One event on its way to one endpoint; its id is the receiver's ``webhook-id``."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Failed"

    public_id = public_id("msg")
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="calls")
    kind = models.CharField(max_length=60)
    event_number = models.BigIntegerField(null=True, help_text="Empty: a test.")
    body = models.TextField(help_text="The JSON that is posted, octet by octet.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(
        default=0, help_text="Since it was last asked for; a person may ask again."
    )
    next_attempt_at = models.DateTimeField(null=True, default=timezone.now)
    claim = models.CharField(max_length=32, blank=True, help_text="Who is sending it.")
    status = models.PositiveSmallIntegerField(null=True, help_text="The last answer's.")
    problem = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "webhook call"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "event_number"], name="one_call_per_event_and_endpoint"
            )
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=models.Q(state="pending"), name="calls_due"
            ),
            models.Index(fields=["endpoint", "state"], name="calls_by_state"),
            models.Index(fields=["created_at"], name="calls_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"


class CallAttempt(TenantRow):
    """One request of a call and what came back; append-only."""

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="tries")
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, help_text="Empty: no answer came.")
    problem = models.CharField(max_length=300, blank=True)
    excerpt = models.TextField(blank=True, help_text="The beginning of the answer's body.")
    milliseconds = models.PositiveIntegerField()

    class Meta:
        verbose_name = "webhook attempt"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.at}: {self.status or self.problem}"
