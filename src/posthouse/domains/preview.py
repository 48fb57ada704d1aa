"""What other host names would do to a sender domain, before they are saved."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from posthouse.accounts import inherited
from posthouse.accounts.dns_configuration import DnsConfigurationRefused, campaign_template
from posthouse.core.dns.errors import DnsError
from posthouse.domains import ownership, services
from posthouse.domains.models import SenderDomain
from posthouse.domains.record_sets import hosts_of, what
from posthouse.domains.template_changes import wanted

_LABEL = "new-label"  # stands for the random label, which is drawn when it is saved
_TOKEN = "a new token"  # noqa: S105 (what is shown in the place of one)
_SETTINGS = ("subdomain", "track_prefix", "tracking_subdomain")


@dataclass(frozen=True, slots=True)
class Preview:
    """The hosts as typed, the records that would come and go, or the reason why it cannot be.

    `users` have the domain in use or mean to send from it.
    """

    mfrom_host: str
    tracking_host: str
    changes: bool = False
    added: tuple[tuple[str, str, str], ...] = ()
    removed: tuple[tuple[str, str, str], ...] = ()
    users: tuple[str, ...] = ()
    refusal: str = ""


def preview(domain: SenderDomain, typed: Mapping[str, Any]) -> Preview:
    """Judges the settings as saving would. Stores nothing."""
    values = {field: typed.get(field, getattr(domain, field)) for field in _SETTINGS}
    if all(getattr(domain, field) == value for field, value in values.items()):
        return Preview(domain.mfrom_host, domain.tracking_host)
    other = copy.copy(domain)
    for field, value in values.items():
        setattr(other, field, value)
    other.random = _LABEL
    try:
        hosts = hosts_of(other)
        records = wanted(other, campaign_template(inherited.campaign_dns_template(domain.account)))
    except (DnsError, DnsConfigurationRefused) as refused:
        return Preview("", "", changes=True, refusal=str(refused))
    token = ownership.token(other)
    then = [what(each) for each in records]
    before = [what(row) for row in domain.records.all() if row.required]
    return Preview(
        *hosts,
        changes=True,
        added=tuple(
            (host, kind, value.replace(token, _TOKEN))
            for host, kind, value in then
            if (host, kind, value) not in before
        ),
        removed=tuple(each for each in before if each not in then),
        users=(*services.users_of(domain), *services.left_without(domain)),
    )
