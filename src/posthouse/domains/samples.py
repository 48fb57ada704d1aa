"""What a DNS template makes of a sample name: shown to operators, never stored."""

from django.conf import settings

from posthouse.core.dns.records import Record
from posthouse.core.dns.templates import Template, generate

SAMPLE_DOMAIN = "mail.example.com"


def sample_records(template: Template) -> tuple[Record, ...]:
    """The records of mail.example.com under the installation's names."""
    return generate(
        template,
        domain=SAMPLE_DOMAIN,
        subdomain=settings.DNS_SUBDOMAIN,
        track_prefix=settings.DNS_TRACK_PREFIX,
        track_merge=settings.DNS_TRACK_MERGE,
        tracking_subdomain=True,
        random="abcdefghij",
        ownership_hash="a-token-that-only-the-account-is-shown",
    )
