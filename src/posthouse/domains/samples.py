"""What a DNS template makes of a sample name: shown to operators, never stored."""

from dataclasses import dataclass

from django.conf import settings

from posthouse.accounts.models import UserGroup
from posthouse.core.dns.errors import DnsError
from posthouse.core.dns.own_keys import SAMPLE_KEYS
from posthouse.core.dns.records import Record
from posthouse.core.dns.template_advice import Caution, made, warnings
from posthouse.core.dns.templates import DnsConfiguration, Template, generate

SAMPLE_DOMAIN = "mail.example.com"
SECTIONS = ("campaign", "gateway")


@dataclass(frozen=True, slots=True)
class Sample:
    """A template of the file: which mail it is for, what it makes, and the groups that chose it.

    `problem` says why it makes nothing under the installation's names.
    """

    section: str
    name: str
    records: tuple[Record, ...]
    groups: tuple[str, ...]
    problem: str = ""
    warnings: tuple[Caution, ...] = ()
    for_both: bool = False

    @property
    def sets(self) -> str:
        """The mail that it is for."""
        if self.for_both:
            return "For campaigns and the e-mail gateway"
        return "For campaigns" if self.section == "campaign" else "For the e-mail gateway"


def samples(found: DnsConfiguration) -> list[Sample]:
    """All templates; one that is the same for campaigns and for the gateway is shown once."""
    shown = []
    for name, template in found.campaign.items():
        same = _are_same(found, name)
        groups = groups_with("campaign", name)
        groups += [each for each in groups_with("gateway", name) if same and each not in groups]
        shown.append(sample("campaign", template, tuple(groups), for_both=same))
    for name, template in found.gateway.items():
        if not _are_same(found, name):
            shown.append(sample("gateway", template, tuple(groups_with("gateway", name))))
    return shown


def subdomain_of(section: str) -> str:
    """The installation's return-path label for campaigns or for the gateway."""
    label: str = settings.DNS_GATEWAY_SUBDOMAIN if section == "gateway" else settings.DNS_SUBDOMAIN
    return label


def groups_with(section: str, name: str) -> list[str]:
    """The user groups that chose this template, "campaign" or "gateway"."""
    groups = UserGroup.objects.filter(**{f"{section}_dns_template": name}).order_by("name")
    return list(groups.values_list("name", flat=True))


def groups_without(found: DnsConfiguration) -> list[tuple[str, str, str]]:
    """The user groups that name a template which is not there: group, section and name."""
    lost = []
    for section in SECTIONS:
        known = getattr(found, section)
        for group in UserGroup.objects.order_by("name"):
            name = getattr(group, f"{section}_dns_template")
            if name not in known and (name or section == "campaign"):
                lost.append((group.name, section, name))
    return lost


def sample(
    section: str,
    template: Template,
    groups: tuple[str, ...] = (),
    *,
    domain: str = SAMPLE_DOMAIN,
    for_both: bool = False,
) -> Sample:
    """What the template makes of `domain`, and what that leaves open."""
    try:
        records = _records(section, template, domain)
    except DnsError as error:
        return Sample(section, template.name, (), groups, str(error), (), for_both)
    settled = made(
        template,
        records,
        domain=domain,
        subdomain=subdomain_of(section),
        prefix=settings.DNS_TRACK_PREFIX,
        merge=settings.DNS_TRACK_MERGE,
    )
    told = warnings(settled, tracks=section == "campaign")
    return Sample(section, template.name, records, groups, "", told, for_both)


def _are_same(found: DnsConfiguration, name: str) -> bool:
    """True if campaigns and the gateway have this template, and it makes the same of a domain."""
    patterns = [each[name].patterns for each in (found.campaign, found.gateway) if name in each]
    labels = {subdomain_of(section) for section in SECTIONS}
    return len(labels) == 1 and len(patterns) == 2 and patterns[0] == patterns[1]


def _records(section: str, template: Template, domain: str) -> tuple[Record, ...]:
    """The records of the domain under the installation's names. Raises DnsError."""
    return generate(
        template,
        domain=domain,
        subdomain=subdomain_of(section),
        track_prefix=settings.DNS_TRACK_PREFIX,
        track_merge=settings.DNS_TRACK_MERGE,
        tracking_subdomain=True,
        random="abcdefghij",
        ownership_hash="a-token-that-only-the-account-is-shown",
        keys=SAMPLE_KEYS,
    )
