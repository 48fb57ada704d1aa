"""A domain's own DKIM keys from the first record to the last, over real DNS."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from posthouse.accounts import access, services
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account, AuditRecord
from posthouse.core.channels import Channel
from posthouse.core.verification import grace
from posthouse.deliveries.forecasting import forecast_of
from posthouse.deliveries.route import SenderChoice, preview
from posthouse.domains import keys, sweep
from posthouse.domains import services as domains
from posthouse.domains.errors import NoOwnKeys, NoRotation, RotationWaits
from posthouse.domains.key_queries import KeyRing, signing_for
from posthouse.domains.models import DomainCheck, DomainKey, SenderDomain
from posthouse.domains.private_keys import open_key
from posthouse.servers.models import DeliveryServer
from tests.features.own_keys import MASTER, added, asked, enabled, ring, verified
from tests.sending import make_sending

if TYPE_CHECKING:
    from tests.features.dns_servers import DnsWorld

pytest_plugins = ["tests.features.dns_servers"]


@pytest.fixture
def world(dns_world: "DnsWorld", settings: Any) -> "DnsWorld":
    settings.DNS_RESOLVERS = (f"127.0.0.1:{dns_world.resolver[1]}",)
    settings.DNS_AUTHORITY_PORT = dns_world.authority[1]
    dns_world.set_zone("example.net", MASTER)
    return dns_world


def rotated(domain: SenderDomain) -> KeyRing:
    with access.tenant(domain.account):
        return keys.rotate(SYSTEM, domain)


def called_off(domain: SenderDomain) -> KeyRing:
    with access.tenant(domain.account):
        return keys.call_off(SYSTEM, domain)


def selectors(rows: tuple[DomainKey, ...]) -> list[str]:
    return [row.selector for row in rows]


def signing(domain: SenderDomain) -> list[str]:
    """The selectors that mail is signed with."""
    with access.across_tenants():
        return [key.selector for key in signing_for(domain.account_id, domain.name)]


def fresh(domain: SenderDomain) -> SenderDomain:
    with access.across_tenants():
        return SenderDomain.objects.select_related("account").get(pk=domain.pk)


def swept(domain: SenderDomain, *, hours: int = 24) -> SenderDomain:
    """The domain after a check in the background, so many hours after the last one."""
    ago = timezone.now() - timedelta(hours=hours)
    with access.across_tenants():
        SenderDomain.objects.filter(pk=domain.pk).update(next_check_at=ago)
        SenderDomain.objects.exclude(failed_at=None).filter(pk=domain.pk).update(failed_at=ago)
        sweep.check_due()
    return fresh(domain)


def test_two_keys_are_asked_for_published_found_and_sign(
    account: Account, world: "DnsWorld"
) -> None:
    domain = added(account, "mail.first.example.com")
    first = ring(domain)
    assert [(row.algorithm, row.state) for row in first.all] == [
        ("rsa", "waiting"),
        ("ed25519", "waiting"),
    ]
    records = {each.host: each.value for each in asked(domain) if each.purpose == "dkim"}
    rsa, ed25519 = first.waiting
    assert records == {
        f"{rsa.selector}._domainkey.mail.first.example.com": f"v=DKIM1; k=rsa; p={rsa.public_key}",
        f"{ed25519.selector}._domainkey.mail.first.example.com": (
            f"v=DKIM1; k=ed25519; p={ed25519.public_key}"
        ),
    }
    assert signing(domain) == []

    world.set_zone("first.example.com", asked(domain))
    assert verified(domain).status == "enabled"
    assert signing(domain) == [rsa.selector, ed25519.selector]
    assert ring(domain).signing[0].signing_since


def test_a_rotation_is_published_found_switched_and_the_old_keys_dropped(
    account: Account, world: "DnsWorld", settings: Any
) -> None:
    domain = enabled(account, world, "turn.example.com")
    old = signing(domain)
    new = selectors(rotated(domain).coming)
    assert len(new) == 2
    assert not set(new) & set(old)

    # Nobody has published them: everything stays, and the domain is looked at again soon.
    domain = verified(domain)
    assert (domain.status, domain.failures_in_row, signing(domain)) == ("enabled", 0, old)
    assert domain.next_check_at is not None
    assert domain.next_check_at - timezone.now() <= grace.FIRST_LOOK

    world.set_zone("turn.example.com", asked(domain))
    domain = swept(domain)
    assert (domain.status, signing(domain)) == ("enabled", new)
    assert selectors(ring(domain).retired) == old
    assert {row.required for key in ring(domain).signing for row in key.records.all()} == {True}
    assert {row.required for key in ring(domain).retired for row in key.records.all()} == {False}
    kept = ring(domain).retired[0].keep_until
    assert kept is not None
    assert abs(kept - timezone.now() - settings.DKIM_KEEP) < timedelta(minutes=1)

    with access.across_tenants():
        assert not keys.drop_old()
        DomainKey.objects.filter(state="retired").update(keep_until=timezone.now())
        assert keys.drop_old()
        assert not keys.drop_old()
    assert selectors(ring(domain).all) == new
    assert not any(label in each.host for each in asked(domain) for label in old)
    world.set_zone("turn.example.com", asked(domain))
    assert verified(domain).status == "enabled"


def test_what_a_rotation_did_is_in_the_history_by_selector(
    account: Account, world: "DnsWorld"
) -> None:
    domain = enabled(account, world, "told.example.com")
    rotated(domain)
    world.set_zone("told.example.com", asked(domain))
    verified(domain)
    records = AuditRecord.objects.filter(object_id=domain.public_id, verb__contains="domain.key-")
    told = dict(records.order_by("id").values_list("verb", "after"))

    assert list(told) == ["domain.key-sign", "domain.key-rotate"]
    assert told["domain.key-sign"]["signing"] == signing(domain)
    assert told["domain.key-sign"]["retired"] == told["domain.key-rotate"]["signing"]


def test_a_rotation_is_called_off_and_the_old_keys_go_on(
    account: Account, world: "DnsWorld"
) -> None:
    domain = enabled(account, world, "off.example.com")
    before, published = signing(domain), asked(domain)
    rotated(domain)
    with pytest.raises(RotationWaits):
        rotated(domain)

    assert called_off(domain).coming == ()
    assert (signing(domain), asked(domain)) == (before, published)
    with pytest.raises(NoRotation):
        called_off(domain)


def test_one_of_two_new_records_is_not_enough(account: Account, world: "DnsWorld") -> None:
    domain = enabled(account, world, "half.example.com")
    before = signing(domain)
    rotated(domain)
    world.set_zone("half.example.com", asked(domain)[:-1])

    assert verified(domain).status == "enabled"
    assert signing(domain) == before


def test_a_broken_rotation_record_never_costs_the_domain_its_status(
    account: Account, world: "DnsWorld"
) -> None:
    domain = enabled(account, world, "broken.example.com")
    before = signing(domain)
    coming = rotated(domain).coming
    lines = [f'{key.selector}._domainkey.mail TXT "v=DKIM1; p=QUJD"' for key in coming]
    world.set_zone("broken.example.com", [*asked(domain)[:-2], *lines])
    for _ in range(5):
        domain = swept(domain)

    assert (domain.status, domain.failures_in_row, domain.warning) == ("enabled", 0, "")
    assert signing(domain) == before
    with access.across_tenants():
        states = {row.state for key in ring(domain).coming for row in key.records.all()}
        last = DomainCheck.objects.filter(domain=domain).latest("id")
    assert states == {"wrong"}
    assert (last.result, last.right, last.total) == ("verified", 7, 7)


def test_checks_for_a_waiting_key_do_not_use_up_the_days_of_grace(
    account: Account, world: "DnsWorld"
) -> None:
    domain = enabled(account, world, "grace.example.com")
    rotated(domain)
    world.set_zone("grace.example.com", asked(domain)[1:-1])
    failures = [swept(domain, hours=hours).failures_in_row for hours in (0, 2, 2, 2, 25)]

    assert failures == [1, 1, 1, 1, 2]


def test_changed_host_names_keep_the_keys_and_a_rotation_under_way(
    account: Account, world: "DnsWorld"
) -> None:
    domain = enabled(account, world, "renamed.example.com")
    rotated(domain)
    before = ring(domain)
    with access.tenant(account):
        domains.change(SYSTEM, domain, subdomain="news")
    after = ring(domain)

    assert selectors(after.all) == selectors(before.all)
    world.set_zone("renamed.example.com", asked(domain))
    assert verified(fresh(domain)).status == "enabled"
    assert signing(domain) == selectors(before.coming)


def test_keys_are_destroyed_with_the_domain_and_others_made_when_it_comes_back(
    account: Account, world: "DnsWorld"
) -> None:
    domain = enabled(account, world, "gone.example.com")
    before = signing(domain)
    with access.tenant(account):
        domains.delete(SYSTEM, domain)
    assert ring(domain).all == ()

    again = added(account, domain.name)
    assert again.pk == domain.pk
    assert not set(selectors(ring(again).all)) & set(before)
    with access.across_tenants():
        assert domains.SenderDomain.objects.get(pk=again.pk).status == "approval_pending"


def test_keys_retire_with_their_records_when_the_template_asks_for_none(
    account: Account, world: "DnsWorld"
) -> None:
    domain = enabled(account, world, "inherits.example.com")
    before, published = signing(domain), [each for each in asked(domain) if each.purpose == "dkim"]
    services.change_group(SYSTEM, account.group, campaign_dns_template="Default")
    with access.tenant(account):
        domain = SenderDomain.objects.get(pk=domain.pk)
        domains.change(SYSTEM, domain, subdomain="news")

    left = ring(domain)
    assert (left.inherits, selectors(left.retired)) == (True, before)
    assert {replace(each, required=False) for each in published} <= set(asked(domain))
    assert signing(domain) == []
    with pytest.raises(NoOwnKeys, match="the operator's key signs"):
        rotated(domain)


def test_keys_that_never_signed_cannot_be_rotated(account: Account, world: "DnsWorld") -> None:
    domain = added(account, "mail.early.example.com")
    with pytest.raises(RotationWaits):
        rotated(domain)
    with pytest.raises(NoRotation):
        called_off(domain)


def test_a_stale_record_of_one_account_fits_no_key_of_the_next(
    account: Account, other_account: Account, world: "DnsWorld"
) -> None:
    """A13: the victim's DNS is left in place, and another account adds the name."""
    domain = enabled(account, world, "stale.example.com")
    left = asked(domain)
    with access.tenant(account):
        domains.delete(SYSTEM, domain)
    taker = added(other_account, domain.name)
    world.set_zone("stale.example.com", left)

    assert verified(taker).status == "approval_pending"
    assert signing(taker) == []
    assert not {each.host for each in asked(taker) if each.purpose == "dkim"} & {
        each.host for each in left
    }


def test_a_sealed_key_opens_only_in_its_own_row(
    account: Account, other_account: Account, world: "DnsWorld"
) -> None:
    mine, theirs = added(account, "mail.mine.example.com"), added(other_account, "b.example.org")
    with access.across_tenants():
        own, other = (domain.keys.get(algorithm="rsa") for domain in (mine, theirs))
        assert open_key(own).selector == own.selector
        own.sealed = other.sealed
        with pytest.raises(Exception, match="altered"):
            open_key(own)


def test_a_route_names_the_keys_only_where_posthouse_signs_for_that_very_domain(
    account: Account, world: "DnsWorld"
) -> None:
    domain = enabled(account, world, "routed.example.com")
    with access.across_tenants():
        sending = make_sending(account, members=1)
        own, other = (SenderChoice("", "news", one) for one in (domain, sending.domain))
        elsewhere = preview(account, Channel.MARKETING, own)
        DeliveryServer.objects.update(signing=DeliveryServer.Signing.HERE)
        routes = [preview(account, Channel.MARKETING, choice) for choice in (own, other)]
        said = forecast_of(account, routes[0])
        SenderDomain.objects.filter(pk=domain.pk).update(status="disabled")
        assert signing(domain) == []

    assert elsewhere.own_keys == routes[1].own_keys == ()
    assert [key.selector for key in routes[0].own_keys] == selectors(ring(domain).signing)
    assert said.dkim.vouches
