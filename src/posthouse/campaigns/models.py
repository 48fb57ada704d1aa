"""Campaigns: what an account writes once and sends to many; and their test messages."""

from django.db import models
from django.utils import timezone

from posthouse.accounts.models import User
from posthouse.accounts.tenancy import TenantRow, public_id
from posthouse.audience.models import SubscriberList
from posthouse.content.models import ContentVersion
from posthouse.deliveries.models import Dispatch
from posthouse.domains.models import SenderDomain


class Campaign(TenantRow):
    """A message to the members of lists, from draft to sent."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        QUEUED = "queued", "Queued"
        SENDING = "sending", "Sending"
        PAUSING = "pausing", "Pausing"
        PAUSED = "paused", "Paused"
        SENT = "sent", "Sent"
        CANCELLED = "cancelled", "Cancelled"
        FAILED = "failed", "Failed"

    public_id = public_id("cmp")
    name = models.CharField(max_length=150)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    reason = models.CharField(max_length=500, blank=True, editable=False)
    revision = models.PositiveIntegerField(
        default=1, editable=False, help_text="Grows with each change: who saw which draft."
    )
    from_name = models.CharField(max_length=200, blank=True)
    from_local = models.CharField("From (local part)", max_length=64, blank=True)
    sender_domain = models.ForeignKey(
        SenderDomain, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    from_address = models.CharField("From", max_length=254, blank=True)
    reply_to = models.EmailField(blank=True)
    goes_on_by_itself = models.BooleanField(
        "Go on by itself",
        default=True,
        help_text="Held at a limit of the account, it goes on as soon as there is room.",
    )
    content = models.ForeignKey(ContentVersion, on_delete=models.PROTECT, related_name="+")
    lists = models.ManyToManyField(SubscriberList, related_name="campaigns", blank=True)
    dispatch = models.OneToOneField(
        Dispatch, on_delete=models.PROTECT, null=True, editable=False, related_name="campaign"
    )
    expected = models.IntegerField(
        default=0, editable=False, help_text="Recipients counted when it was sent."
    )
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    queued_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name

    @property
    def shown_state(self) -> str:
        """Sending as soon as the fan-out has begun; nobody needs to write that down."""
        begun = self.dispatch is not None and self.dispatch.fan_out_after > 0
        return self.State.SENDING if begun and self.state == self.State.QUEUED else self.state

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT

    @property
    def has_ended(self) -> bool:
        return self.finished_at is not None


class CampaignTest(TenantRow):
    """Test messages that somebody had sent of a campaign, and whose values were filled in."""

    public_id = public_id("tst")
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="tests")
    dispatch = models.OneToOneField(Dispatch, on_delete=models.PROTECT, related_name="test")
    filled_in_as = models.CharField(max_length=254)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "test message"

    def __str__(self) -> str:
        return f"test of {self.campaign}"
