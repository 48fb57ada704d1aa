"""Every single e-mail: dispatches, batches, deliveries, attempts; and the engines."""

from django.db import models
from django.utils import timezone

from posthouse.accounts.tenancy import TenantRow, public_id
from posthouse.content.models import ContentVersion
from posthouse.domains.models import SenderDomain


class Dispatch(TenantRow):
    """One run of content to recipients: what can be paused or cancelled, and what the claim checks.

    The counters are moved in the transaction that moves the rows (see ``ledger.py``). Held at a
    limit, only those are sent to who were tried before: they count already.
    """

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        HELD = "held", "At a limit"
        PAUSING = "pausing", "Pausing"
        PAUSED = "paused", "Paused"
        CANCELLED = "cancelled", "Cancelled"
        DONE = "done", "Done"

    public_id = public_id("dsp")
    channel = models.CharField(max_length=13)
    origin = models.CharField(max_length=20)
    content = models.ForeignKey(ContentVersion, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=9, choices=State.choices, default=State.RUNNING)
    reason = models.CharField(max_length=500, blank=True)
    goes_on_by_itself = models.BooleanField(
        default=True, help_text="Held at a limit of the account, it goes on when there is room."
    )
    priority = models.SmallIntegerField(default=0)
    # What the sender asked for; ``identity`` is what core/identity made of it at the first claim.
    from_name = models.CharField(max_length=200, blank=True)
    from_local = models.CharField(max_length=64, blank=True)
    from_address = models.CharField(max_length=254, blank=True)
    sender_domain = models.ForeignKey(
        SenderDomain, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reply_to = models.CharField(max_length=254, blank=True)
    identity = models.JSONField(null=True)
    server_id = models.BigIntegerField(null=True)
    # Fan-out: the audience, and how far it has come.
    list_ids = models.JSONField(default=list)
    fanned_out = models.BooleanField(default=False)
    fan_out_after = models.BigIntegerField(default=0)
    # Recipients by state.
    pending = models.IntegerField(default=0)
    sending = models.IntegerField(default=0)
    accepted = models.IntegerField(default=0)
    deferred = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    uncertain = models.IntegerField(default=0)
    skipped = models.IntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_claim_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["id"],
                name="dispatch_in_motion",
                condition=models.Q(state__in=["running", "held", "pausing"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.origin} {self.public_id}"


SENDABLE = (Dispatch.State.RUNNING, Dispatch.State.HELD)  # some of it may be claimed


class Batch(TenantRow):
    """Some hundred deliveries of a dispatch that one worker claims at once, under a lease."""

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        CLAIMED = "claimed", "Claimed"
        SETTLED = "settled", "Settled"

    dispatch = models.ForeignKey(Dispatch, on_delete=models.CASCADE, related_name="batches")
    state = models.CharField(max_length=7, choices=State.choices, default=State.PENDING)
    priority = models.SmallIntegerField(default=0)
    size = models.IntegerField()
    again = models.BooleanField(default=False, help_text="All in it were tried before.")
    engine = models.CharField(max_length=60, blank=True)
    claim = models.BigIntegerField(null=True, help_text="The lease token of the claim.")
    lease_until = models.DateTimeField(null=True)
    reserved_in = models.JSONField(default=list, help_text="Quotas that the claim holds part of.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["-priority", "id"],
                name="batches_waiting",
                condition=models.Q(state="pending"),
            ),
            models.Index(
                fields=["lease_until"],
                name="batches_claimed",
                condition=models.Q(state="claimed"),
            ),
            models.Index(fields=["dispatch", "state"], name="batches_of_dispatch"),
        ]

    def __str__(self) -> str:
        return f"batch {self.pk} ({self.state})"


class Quota(TenantRow):
    """What an account has used of one limit in one window, and what claims hold of it.

    The account's first claim in the window makes the row; accounts without limits have none.
    """

    kind = models.CharField(max_length=8)
    period = models.CharField(max_length=10, help_text="2026-11-22, 2026-11, or ever.")
    cap = models.IntegerField(help_text="The limit when it was last reserved from.")
    used = models.IntegerField(help_text="Recipients who were tried.")
    reserved = models.IntegerField(default=0, help_text="Recipients claimed and not tried yet.")
    level = models.CharField(max_length=8, default="ok", help_text="As last announced.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind", "period"], name="one_quota_per_window"
            )
        ]
        indexes = [
            models.Index(fields=["id"], name="quotas_not_ok", condition=~models.Q(level="ok"))
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.period}: {self.used} of {self.cap}"


class Turn(TenantRow):
    """When an account was last claimed for, as a number that grows with every claim."""

    account = models.OneToOneField("accounts.Account", on_delete=models.CASCADE, related_name="+")
    number = models.BigIntegerField(db_index=True)

    def __str__(self) -> str:
        return f"turn {self.number}"


class Delivery(TenantRow):
    """One message to one recipient. The id is a time-ordered 64-bit number of our own making.

    No constraint points out of this table or into it, so that it can be cut into partitions.
    """

    id = models.BigIntegerField(primary_key=True)
    account = models.ForeignKey(
        "accounts.Account", on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    dispatch = models.ForeignKey(
        Dispatch, on_delete=models.DO_NOTHING, db_constraint=False, related_name="deliveries"
    )
    batch_id = models.BigIntegerField()
    subscriber_id = models.BigIntegerField(null=True)
    address = models.CharField(max_length=254)
    normalised = models.CharField(max_length=254)
    merge = models.JSONField(null=True, help_text="Merge values where there is no subscriber.")
    state = models.CharField(max_length=9, default="pending")
    claim = models.BigIntegerField(null=True)
    attempts = models.SmallIntegerField(default=0)
    losses = models.SmallIntegerField(default=0, help_text="Replies lost after the last byte.")
    first_attempt_at = models.DateTimeField(null=True)
    next_attempt_at = models.DateTimeField(null=True)
    server_id = models.BigIntegerField(null=True)
    said = models.CharField(max_length=500, blank=True, help_text="The last words about it.")

    class Meta:
        indexes = [
            models.Index(fields=["batch_id", "state"], name="deliveries_of_batch"),
            models.Index(fields=["dispatch", "state", "id"], name="deliveries_of_dispatch"),
            models.Index(fields=["account", "normalised"], name="deliveries_to_address"),
            models.Index(
                fields=["next_attempt_at"],
                name="deliveries_due_again",
                condition=models.Q(state__in=["deferred", "uncertain"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.address}: {self.state}"

    @property
    def public_id(self) -> str:
        """How pages and the API name it; no column, for the id is in every index."""
        return f"dlv_{self.pk:x}"


class Attempt(TenantRow):
    """One try at a delivery and the server's own words; append-only."""

    account = models.ForeignKey(
        "accounts.Account", on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    delivery_id = models.BigIntegerField(db_index=True)
    at = models.DateTimeField()
    result = models.CharField(max_length=9)
    stage = models.CharField(max_length=10, blank=True)
    code = models.SmallIntegerField(default=0)
    enhanced = models.CharField(max_length=12, blank=True)
    text = models.CharField(max_length=500, blank=True)
    server_id = models.BigIntegerField(null=True)
    engine = models.CharField(max_length=60)

    def __str__(self) -> str:
        return f"{self.delivery_id}: {self.result} {self.code}"


class Volume(models.Model):
    """How many messages an engine sent in one minute, hour or day, by how they ended."""

    per = models.CharField(max_length=6)
    begins = models.BigIntegerField(help_text="Seconds since 1970.")
    engine = models.CharField(max_length=60)
    accepted = models.BigIntegerField(default=0)
    deferred = models.BigIntegerField(default=0)
    failed = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["per", "begins", "engine"], name="one_volume_row")
        ]

    def __str__(self) -> str:
        return f"{self.engine}, {self.per} {self.begins}: {self.accepted}"


class Engine(models.Model):
    """A send engine that has shown itself: what it does and how it fares."""

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DRAINING = "draining", "Draining"
        STOPPED = "stopped", "Stopped"

    name = models.CharField(max_length=60, unique=True)
    host = models.CharField(max_length=253)
    pid = models.IntegerField()
    state = models.CharField(max_length=8, choices=State.choices)
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    workers = models.IntegerField(default=0)
    delivered = models.BigIntegerField(default=0)
    rate = models.FloatField(default=0, help_text="Messages a second since the last heartbeat.")
    memory = models.BigIntegerField(default=0, help_text="Resident bytes.")
    last_error = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return self.name
