"""Attacks on what is being sent: keys and host names that change between two slices of a claim."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account
from posthouse.deliveries import outbox
from posthouse.deliveries.fan_out import fan_out_next
from posthouse.deliveries.outbox import Claim
from posthouse.domains import keys
from posthouse.domains import services as domains
from posthouse.domains.models import SenderDomain
from posthouse.servers.models import DeliveryServer
from tests.features.own_keys import MASTER, asked, enabled, ring, verified
from tests.sending import make_sending

if TYPE_CHECKING:
    from tests.features.dns_servers import DnsWorld

pytest_plugins = ["tests.features.dns_servers"]
ZONE = "slices.example.com"


@pytest.fixture
def world(dns_world: "DnsWorld", settings: Any) -> "DnsWorld":
    settings.DNS_RESOLVERS = (f"127.0.0.1:{dns_world.resolver[1]}",)
    settings.DNS_AUTHORITY_PORT = dns_world.authority[1]
    dns_world.set_zone("example.net", MASTER)
    return dns_world


@pytest.fixture
def domain(account: Account, world: "DnsWorld") -> SenderDomain:
    """An Enabled domain whose own keys sign a dispatch that is under way."""
    domain = enabled(account, world, ZONE)
    with access.across_tenants():
        sending = make_sending(account, members=3)
        DeliveryServer.objects.update(signing=DeliveryServer.Signing.HERE)
        replace(sending, domain=domain).dispatch()
        assert fan_out_next()
    return domain


def claimed(token: int) -> Claim:
    with access.across_tenants():
        claim = outbox.claim_next("engine-1", token)
    assert claim is not None
    return claim


def may_go_on(claim: Claim) -> bool:
    with access.across_tenants():
        return outbox.watch(claim, claim.parcels).go_on


def selectors(claim: Claim) -> list[str]:
    return [key.selector for key in claim.route.own_keys]


def test_after_a_rotation_the_new_keys_sign_from_the_next_slice_on(
    domain: SenderDomain, world: "DnsWorld"
) -> None:
    held = claimed(1)
    with access.tenant(domain.account):
        keys.rotate(SYSTEM, domain)
    assert may_go_on(held)
    world.set_zone(ZONE, asked(domain))
    assert verified(domain).status == "enabled"

    assert not may_go_on(held)
    with access.across_tenants():
        outbox.release(held.token)
    assert selectors(claimed(2)) == [key.selector for key in ring(domain).signing]


def test_a_claim_ends_with_the_hosts_it_was_made_for_though_the_domain_is_enabled_again(
    domain: SenderDomain, world: "DnsWorld"
) -> None:
    held = claimed(1)
    with access.tenant(domain.account):
        changed = domains.change(SYSTEM, domain, subdomain="news")
    world.set_zone(ZONE, asked(domain))
    assert verified(changed).status == "enabled"

    assert not may_go_on(held)
    with access.across_tenants():
        outbox.release(held.token)
    assert claimed(2).route.identity.mfrom == f"news.{domain.name}"
