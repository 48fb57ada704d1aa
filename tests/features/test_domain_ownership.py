"""Whose a name is: neighbours need a proof, claims coexist, what was deleted never verifies."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ValidationError

from posthouse.accounts import access, services
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account
from posthouse.core.channels import Channel
from posthouse.core.verification.status import StatusRefused
from posthouse.deliveries.route import RouteRefused, SenderChoice, preview
from posthouse.domains import checking, ownership, sweep
from posthouse.domains import services as domains
from posthouse.domains.errors import NameHeld, NameLeftBehind, NeighbourHeld
from posthouse.domains.models import DomainRecord, SenderDomain
from tests.factories import make_account, make_group
from tests.features.test_domains import KEY, MASTER, published
from tests.sending import make_sending

if TYPE_CHECKING:
    from tests.features.dns_servers import DnsWorld

pytest_plugins = ["tests.features.dns_servers"]


@pytest.fixture
def world(dns_world: "DnsWorld", settings: Any) -> "DnsWorld":
    settings.DNS_RESOLVERS = (f"127.0.0.1:{dns_world.resolver[1]}",)
    settings.DNS_AUTHORITY_PORT = dns_world.authority[1]
    dns_world.set_zone("example.net", [*MASTER, KEY])
    return dns_world


@pytest.fixture
def trusting(db: None) -> Account:
    """An account whose template asks for nothing."""
    return make_account("Trusting", make_group(campaign_dns_template="Empty"))


def add(account: Account, name: str) -> SenderDomain:
    with access.tenant(account):
        return domains.add(SYSTEM, account, name)


def verify(domain: SenderDomain) -> SenderDomain:
    with access.tenant(domain.account):
        return checking.verify(SYSTEM, domain)


def now(domain: SenderDomain) -> SenderDomain:
    with access.across_tenants():
        return SenderDomain.objects.get(pk=domain.pk)


def proven(account: Account, world: "DnsWorld", name: str, zone: str) -> SenderDomain:
    domain = add(account, name)
    world.set_zone(zone, published(domain))
    assert verify(domain).status == "enabled"
    return now(domain)


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        ("owned-a.example.com", "news.owned-a.example.com"),
        ("mail.owned-b.example.com", "owned-b.example.com"),
        ("owned-c.example.com", "a.b.c.owned-c.example.com"),
    ],
)
def test_a_name_beside_anothers_verified_one_is_not_free_and_is_to_be_had_with_a_proof(
    account: Account, trusting: Account, world: "DnsWorld", held: str, wanted: str
) -> None:
    zone = min(held, wanted, key=len)
    mine = proven(account, world, held, zone)
    theirs = add(trusting, wanted)
    assert theirs.status == "approval_pending"
    with access.across_tenants():
        assert [row.purpose for row in theirs.records.all()] == ["ownership"]

    assert verify(theirs).status == "approval_pending"  # nothing is published
    world.set_zone(zone, [*published(mine), *published(theirs)])

    assert verify(theirs).status == "enabled"
    assert now(mine).status == "enabled"


def test_the_neighbour_of_another_registered_domain_is_free(
    account: Account, trusting: Account, world: "DnsWorld"
) -> None:
    proven(account, world, "mail.owned-d.example.com", "owned-d.example.com")

    assert add(trusting, "mail.owned-e.example.com").status == "enabled"
    assert add(trusting, "xmail.owned-d.example.com").status == "enabled"  # beside, not below


def test_ones_own_subdomains_need_no_further_proof(account: Account, world: "DnsWorld") -> None:
    proven(account, world, "owned-f.example.com", "owned-f.example.com")
    services.change_group(SYSTEM, account.group, campaign_dns_template="Empty")
    account.refresh_from_db()

    assert add(account, "shop.owned-f.example.com").status == "enabled"


def test_who_sends_from_a_neighbour_without_a_proof_gives_way_to_one(
    account: Account, trusting: Account, world: "DnsWorld"
) -> None:
    squatter = add(trusting, "news.owned-g.example.com")
    assert squatter.status == "enabled"
    mine = proven(account, world, "owned-g.example.com", "owned-g.example.com")
    squatter = now(squatter)

    assert (squatter.status, squatter.holds_name) == ("approval_pending", False)
    assert "Publish the ownership record" in squatter.warning
    assert verify(squatter).status == "approval_pending"
    world.set_zone("owned-g.example.com", [*published(mine), *published(squatter)])
    assert verify(squatter).status == "enabled"


def test_a_disabled_squatter_cannot_be_enabled_again(
    account: Account, trusting: Account, world: "DnsWorld"
) -> None:
    squatter = add(trusting, "news.owned-h.example.com")
    with access.tenant(trusting):
        domains.disable(SYSTEM, squatter)
    proven(account, world, "owned-h.example.com", "owned-h.example.com")
    with access.tenant(trusting), pytest.raises(StatusRefused):
        domains.enable(SYSTEM, squatter)


def test_records_without_a_token_are_not_enough_beside_somebody_elses_name(
    account: Account, trusting: Account, world: "DnsWorld"
) -> None:
    """The rows were made before the neighbour was verified, by a template that proves nothing."""
    mine = proven(account, world, "owned-i.example.com", "owned-i.example.com")
    theirs = add(trusting, "news.owned-i.example.com")
    with access.across_tenants():
        theirs.records.all().delete()
        DomainRecord.objects.create(
            account=trusting, domain=theirs, position=0, purpose="return-path",
            host="sl.news.owned-i.example.com", type="CNAME", value="mailer.example.net",
        )  # fmt: skip
    world.set_zone("owned-i.example.com", [*published(mine), *published(theirs)])
    with pytest.raises(NeighbourHeld, match="needs its ownership record"):
        verify(theirs)

    assert now(theirs).status == "approval_pending"
    assert "ownership record" in now(theirs).warning


def test_claims_that_wait_coexist_and_the_first_proof_takes_the_name(
    account: Account, other_account: Account, world: "DnsWorld"
) -> None:
    name = "mail.owned-j.example.com"
    mine, theirs = add(account, name), add(other_account, name)
    assert {mine.status, theirs.status} == {"approval_pending"}
    assert ownership.token(mine) != ownership.token(theirs)
    world.set_zone("owned-j.example.com", published(theirs))

    assert verify(theirs).status == "enabled"
    assert verify(mine).status == "approval_pending"
    tokens = [line for line in published(mine) if "TXT" in line]
    world.set_zone("owned-j.example.com", [*published(theirs), *tokens])
    with pytest.raises(NameHeld, match="another account"):
        verify(mine)


def test_the_background_check_gives_nobody_a_name_that_is_held(
    account: Account, other_account: Account, world: "DnsWorld"
) -> None:
    name = "mail.owned-k.example.com"
    mine, theirs = add(account, name), add(other_account, name)
    tokens = [line for line in published(mine) if "TXT" in line]
    world.set_zone("owned-k.example.com", [*published(theirs), *tokens])
    with access.across_tenants():
        SenderDomain.objects.filter(pk=theirs.pk).update(next_check_at="2026-01-01T00:00:00Z")
        sweep.check_due()
        SenderDomain.objects.filter(pk=mine.pk).update(next_check_at="2026-01-01T00:00:00Z")
        sweep.check_due()

    assert (now(theirs).status, now(mine).status) == ("enabled", "approval_pending")
    assert "another account" in now(mine).warning


def test_what_was_deleted_leaves_only_its_name_and_its_records_verify_for_nobody(
    account: Account, other_account: Account, world: "DnsWorld"
) -> None:
    zone, name = "owned-l.example.com", "mail.owned-l.example.com"
    mine = proven(account, world, name, zone)
    left_in_dns = published(mine)
    with access.tenant(account):
        domains.delete(SYSTEM, mine)
    tombstone = now(mine)

    assert (tombstone.status, tombstone.random, tombstone.holds_name) == ("deleted", "", False)
    assert not any([tombstone.proven, tombstone.owner_proven, tombstone.next_check_at])
    with access.across_tenants():
        assert not tombstone.records.exists()
    world.set_zone(zone, left_in_dns)
    for who in (other_account, account):  # a stranger, and whoever comes back
        claim = add(who, name)
        assert not set(published(claim)) >= set(left_in_dns)
        assert verify(claim).status == "approval_pending"
    assert now(mine).random not in ("", mine.random)


def test_aliases_left_dangling_give_the_name_to_nobody_without_a_proof(
    account: Account, trusting: Account, world: "DnsWorld"
) -> None:
    """A13: the victim is gone, the aliases to our hosts still stand, a template asks for no token.

    The attacker's template is one that the victim's zone already satisfies.
    """
    zone, name = "owned-o.example.com", "mail.owned-o.example.com"
    victim = proven(account, world, name, zone)
    left_in_dns = published(victim)
    with access.tenant(account):
        domains.delete(SYSTEM, victim)
    world.set_zone(zone, left_in_dns)

    claim = add(trusting, name)
    assert claim.status == "approval_pending"
    with access.across_tenants():
        assert [row.purpose for row in claim.records.all()] == ["ownership"]
        claim.records.all().delete()
        DomainRecord.objects.create(
            account=trusting, domain=claim, position=0, purpose="return-path",
            host=f"sl.{name}", type="CNAME", value="mailer.example.net",
        )  # fmt: skip
    with pytest.raises(NameLeftBehind, match="ownership record"):
        verify(claim)
    assert (now(claim).status, now(claim).holds_name) == ("approval_pending", False)

    with access.tenant(trusting):
        domains.delete(SYSTEM, now(claim))
    again = add(trusting, name)
    world.set_zone(zone, [*left_in_dns, *published(again)])
    assert verify(again).status == "enabled"


def test_who_verified_a_name_once_has_it_back_with_the_same_records(
    account: Account, world: "DnsWorld"
) -> None:
    """What others left behind is a stranger's matter only: an own domain that waits goes on."""
    zone = "owned-p.example.com"
    domain = proven(account, world, f"mail.{zone}", zone)
    with access.across_tenants():
        SenderDomain.objects.filter(pk=domain.pk).update(
            status="approval_pending", holds_name=False, owner_proven=False
        )
    assert verify(now(domain)).status == "enabled"


@pytest.mark.parametrize("suffix", ["co.uk", "github.io", "com", "XN--P1AI", "co.jp."])
def test_a_public_suffix_is_nobodys(account: Account, suffix: str) -> None:
    with access.tenant(account), pytest.raises(ValidationError):
        domains.add(SYSTEM, account, suffix)
    with access.across_tenants():
        assert not SenderDomain.objects.exists()


def test_a_free_from_at_or_below_anothers_verified_domain_is_refused(
    account: Account, other_account: Account, world: "DnsWorld"
) -> None:
    proven(account, world, "owned-n.example.com", "owned-n.example.com")
    pk, other = account.pk, other_account.pk
    below, beside = "anna@shop.Owned-N.example.com", "anna@xowned-n.example.com"

    assert ownership.taken(other, [below, beside, "", "anna@owned-n.example.com"]) == {
        "shop.owned-n.example.com",
        "owned-n.example.com",
    }
    assert ownership.taken(pk, [below, beside]) == frozenset()
    free = make_account("Free", make_group(sender_domain_management=False))
    with access.across_tenants():
        sending = make_sending(free, members=1)
        sender = SenderChoice("Anna", "", None, below)
        with pytest.raises(RouteRefused, match="another account's"):
            preview(free, Channel.MARKETING, sender)
        fine = preview(free, Channel.MARKETING, replace(sender, from_address=beside))
    assert fine.identity.from_address == beside
    assert fine.server_id == sending.server.pk


def test_a_check_that_began_before_the_deletion_changes_nothing(
    account: Account, world: "DnsWorld"
) -> None:
    domain = add(account, "mail.owned-m.example.com")
    world.set_zone("owned-m.example.com", published(domain))
    with access.tenant(account):
        domains.delete(SYSTEM, now(domain))
        assert checking.verify(SYSTEM, domain).status == "deleted"

    assert now(domain).status == "deleted"
