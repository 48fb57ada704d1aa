"""Sender domains with DKIM keys of their own, published in the tests' DNS, for tests of keys."""

from typing import TYPE_CHECKING

from posthouse.accounts import access, services
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account
from posthouse.core.dns.records import Record
from posthouse.domains import checking
from posthouse.domains import services as domains
from posthouse.domains.key_queries import KeyRing, key_ring
from posthouse.domains.models import SenderDomain

if TYPE_CHECKING:
    from tests.features.dns_servers import DnsWorld

MASTER = ["mailer A 192.0.2.1", "track.mailer A 192.0.2.2", '_dmarc.mailer TXT "v=DMARC1; p=none"']


def asked(domain: SenderDomain) -> list[Record]:
    """What the domain must or should have in DNS, records of keys that come and go included."""
    with access.across_tenants():
        return [row.as_published() for row in domain.records.order_by("position")]


def added(account: Account, name: str) -> SenderDomain:
    """A domain under the template that asks for keys, not published yet."""
    with access.tenant(account):
        services.change_group(SYSTEM, account.group, campaign_dns_template="Own keys")
        account.group.refresh_from_db()
        return domains.add(SYSTEM, account, name)


def verified(domain: SenderDomain) -> SenderDomain:
    """The domain after a check of what is published now."""
    with access.tenant(domain.account):
        return checking.verify(SYSTEM, domain)


def enabled(account: Account, world: "DnsWorld", zone: str) -> SenderDomain:
    """An Enabled domain mail.<zone> that signs with keys of its own."""
    domain = added(account, f"mail.{zone}")
    world.set_zone(zone, asked(domain))
    domain = verified(domain)
    assert domain.status == SenderDomain.Status.ENABLED
    return domain


def ring(domain: SenderDomain) -> KeyRing:
    """Its keys now."""
    with access.across_tenants():
        return key_ring(domain)
