"""Campaigns: what an account writes once and sends to many."""

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
    from_name = models.CharField(max_length=200, blank=True)
    from_local = models.CharField("From (local part)", max_length=64, blank=True)
    sender_domain = models.ForeignKey(
        SenderDomain, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    from_address = models.CharField("From", max_length=254, blank=True)
    reply_to = models.EmailField(blank=True)
    content = models.ForeignKey(ContentVersion, on_delete=models.PROTECT, related_name="+")
    lists = models.ManyToManyField(SubscriberList, related_name="campaigns", blank=True)
    dispatch = models.OneToOneField(
        Dispatch, on_delete=models.PROTECT, null=True, editable=False, related_name="campaign"
    )
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    queued_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name
