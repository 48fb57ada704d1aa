"""What is said: immutable versions of a message's parts."""

from django.db import models
from django.utils import timezone

from posthouse.accounts.tenancy import TenantRow, public_id


class ContentVersion(TenantRow):
    """One version of subject, preview text, HTML and text; a change makes a new version."""

    public_id = public_id("cnt")
    subject = models.CharField(max_length=998, blank=True)
    preheader = models.CharField("preview text", max_length=250, blank=True)
    html = models.TextField(blank=True)
    text = models.TextField(blank=True)
    digest = models.CharField(
        max_length=64, editable=False, help_text="SHA-256 of the parts, by which they are found."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "content version"
        indexes = [models.Index(fields=["account", "digest"], name="content_by_digest")]

    def __str__(self) -> str:
        return self.subject
