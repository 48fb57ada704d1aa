"""What a DNS template makes of a sample name: shown to operators, never stored."""

from dataclasses import dataclass

from django.conf import settings

from posthouse.accounts.models import UserGroup
from posthouse.core.dns.own_keys import SAMPLE_KEYS
from posthouse.core.dns.records import Record
from posthouse.core.dns.templates import DnsConfiguration, Template, generate

SAMPLE_DOMAIN = "mail.example.com"


@dataclass(frozen=True, slots=True)
class Sample:
    """A template of the file: which mail it is for, what it makes, and the groups that chose it."""

    name: str
    sets: str
    records: tuple[Record, ...]
    groups: tuple[str, ...]


def samples(found: DnsConfiguration) -> list[Sample]:
    """All templates; one that is the same for campaigns and for the gateway is shown once."""
    shown = []
    for name, template in found.campaign.items():
        same = name in found.gateway and found.gateway[name].patterns == template.patterns
        sets = "For campaigns and the e-mail gateway" if same else "For campaigns"
        groups = groups_with("campaign", name)
        groups += [each for each in groups_with("gateway", name) if same and each not in groups]
        shown.append(Sample(name, sets, sample_records(template), tuple(groups)))
    for name, template in found.gateway.items():
        if name not in found.campaign or found.campaign[name].patterns != template.patterns:
            groups = groups_with("gateway", name)
            records = sample_records(template)
            shown.append(Sample(name, "For the e-mail gateway", records, tuple(groups)))
    return shown


def groups_with(section: str, name: str) -> list[str]:
    """The user groups that chose this template, "campaign" or "gateway"."""
    groups = UserGroup.objects.filter(**{f"{section}_dns_template": name}).order_by("name")
    return list(groups.values_list("name", flat=True))


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
        keys=SAMPLE_KEYS,
    )
