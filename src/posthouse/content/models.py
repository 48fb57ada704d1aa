"""What is said: immutable versions of a message's parts, and what groups put around them."""

from django.db import models
from django.utils import timezone

from posthouse.accounts.models import UserGroup
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


class GroupFrame(models.Model):
    """Headers, footers and header lines of everything that a group's accounts send (R22)."""

    group = models.OneToOneField(UserGroup, on_delete=models.CASCADE, related_name="frame")
    html_header = models.TextField(blank=True)
    html_footer = models.TextField(blank=True)
    text_header = models.TextField(blank=True)
    text_footer = models.TextField(blank=True)
    x_mailer = models.CharField("X-Mailer", max_length=200, blank=True)
    headers = models.JSONField(default=list, help_text="Pairs of name and value, in order.")

    def __str__(self) -> str:
        return f"around the mail of {self.group}"
