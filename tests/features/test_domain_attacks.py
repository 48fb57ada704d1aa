"""Attacks on sender domains: what must not be Enabled, must not get stuck, must not lose keys."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from posthouse.accounts import access, services
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.dns_configuration import campaign_template
from posthouse.accounts.models import Account
from posthouse.core.dns.templates import Template
from posthouse.core.verification.status import NeverVerified
from posthouse.domains import checking, key_sets, keys, settling, sweep, template_changes
from posthouse.domains import services as domains
from posthouse.domains.errors import DnsSilent
from posthouse.domains.models import DomainKey, DomainRecord, SenderDomain
from tests.factories import make_account, make_group
from tests.features.own_keys import MASTER, asked, enabled, ring, verified

if TYPE_CHECKING:
    from tests.features.dns_servers import DnsWorld

pytest_plugins = ["tests.features.dns_servers"]
Edit = Callable[[str, str], None]
NOBODY = "127.0.0.1:1"
EXTRA = '{ host = "bimi._SenderDomain_", type = "TXT", value = "v=BIMI1; l=", purpose = "other" },'


@pytest.fixture
def world(dns_world: "DnsWorld", settings: Any, tmp_path: Path) -> "DnsWorld":
    settings.DNS_RESOLVERS = (f"127.0.0.1:{dns_world.resolver[1]}",)
    settings.DNS_AUTHORITY_PORT = dns_world.authority[1]
    dns_world.set_zone("example.net", [*MASTER, 'key1._domainkey.mailer TXT "k=rsa; p=AAAA"'])
    shipped, settings.DNS_CONFIG = settings.DNS_CONFIG, tmp_path / "dns.toml"
    settings.DNS_CONFIG.write_text(Path(shipped).read_text())
    return dns_world


@pytest.fixture
def edit(world: "DnsWorld", settings: Any) -> Edit:
    """``edit("old", "new")``: the first place in the template file."""

    def change(old: str, new: str) -> None:
        text = settings.DNS_CONFIG.read_text()
        assert old in text
        settings.DNS_CONFIG.write_text(text.replace(old, new, 1))

    return change


def now(domain: SenderDomain) -> SenderDomain:
    with access.across_tenants():
        return SenderDomain.objects.select_related("account__group").get(pk=domain.pk)


def changed(domain: SenderDomain, **values: Any) -> SenderDomain:
    with access.tenant(domain.account):
        return domains.change(SYSTEM, now(domain), **values)


def applied(domain: SenderDomain) -> template_changes.Applied:
    with access.across_tenants():
        return template_changes.apply(SYSTEM, now(domain))


def rotated(domain: SenderDomain) -> None:
    with access.tenant(domain.account):
        keys.rotate(SYSTEM, domain)


def unseen(domain: SenderDomain) -> list[str]:
    """The records on which the domain depends, that no check has found."""
    with access.across_tenants():
        rows = DomainRecord.objects.filter(domain=domain, required=True).exclude(state="ok")
        return list(rows.values_list("host", flat=True))


def put(account: Account, world: "DnsWorld", zone: str) -> SenderDomain:
    """An Enabled domain mail.<zone> of the template Default."""
    with access.tenant(account):
        domain = domains.add(SYSTEM, account, f"mail.{zone}")
    world.set_zone(zone, asked(domain))
    domain = verified(domain)
    assert domain.status == "enabled"
    return domain


def test_a_subdomain_named_like_a_selector_does_not_go_with_its_key(
    account: Account, world: "DnsWorld"
) -> None:
    """Records that a rotation takes along would not count, and then go with the old key."""
    domain = enabled(account, world, "namesake.example.com")
    changed(domain, subdomain=ring(domain).signing[0].selector)
    world.set_zone("namesake.example.com", asked(domain))
    assert verified(now(domain)).status == "enabled"
    others = {each for each in asked(domain) if each.purpose != "dkim"}
    rotated(domain)
    world.set_zone("namesake.example.com", asked(domain))
    assert verified(now(domain)).status == "enabled"
    with access.across_tenants():
        DomainKey.objects.filter(state="retired").update(keep_until=domain.created_at)
        assert keys.drop_old()

    assert {each for each in asked(domain) if each.purpose != "dkim"} == others


def test_a_record_for_the_key_that_a_difference_makes_up_vouches_for_nothing(
    account: Account, world: "DnsWorld"
) -> None:
    domain = put(account, world, "made-up.example.com")
    services.change_group(SYSTEM, account.group, campaign_dns_template="Own keys")
    with access.across_tenants():
        seen = template_changes.difference(now(domain))
    world.set_zone("made-up.example.com", [*asked(domain), *seen.added])

    assert not applied(domain).published
    assert now(domain).status == "approval_pending"


def test_a_file_that_changes_while_it_is_applied_enables_nothing_unseen(
    account: Account, world: "DnsWorld", edit: Edit, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain = put(account, world, "edited.example.com")
    edit("records = [\n", f"records = [\n  {EXTRA}\n")
    world.set_zone("edited.example.com", [*asked(domain), f'bimi.{domain.name}. TXT "v=BIMI1; l="'])
    read = campaign_template
    times = iter(range(9))

    def edited_before_the_third_time(name: str) -> Template:
        if next(times) == 2:
            edit('"v=BIMI1; l="', '"v=BIMI1; l=elsewhere"')
        return read(name)

    monkeypatch.setattr(template_changes, "campaign_template", edited_before_the_third_time)
    assert not applied(domain).published
    assert now(domain).status == "approval_pending"
    assert unseen(domain) == [f"bimi.{domain.name}"]


def test_dns_that_does_not_answer_costs_no_status_when_a_template_is_applied(
    account: Account, world: "DnsWorld", edit: Edit, settings: Any
) -> None:
    domain = put(account, world, "outage.example.com")
    before = asked(domain)
    edit("records = [\n", f"records = [\n  {EXTRA}\n")
    settings.DNS_RESOLVERS = (NOBODY,)

    with pytest.raises(DnsSilent, match="nothing was changed"):
        applied(domain)
    assert (now(domain).status, asked(domain)) == ("enabled", before)


def test_a_template_that_is_applied_does_not_start_what_its_owner_stopped(
    account: Account, world: "DnsWorld", edit: Edit
) -> None:
    domain = put(account, world, "stopped.example.com")
    with access.tenant(account):
        domains.disable(SYSTEM, domain)
    edit("records = [\n", f"records = [\n  {EXTRA}\n")
    assert "stays disabled" in applied(domain).difference.consequence
    with access.tenant(account), pytest.raises(NeverVerified):
        domains.enable(SYSTEM, now(domain))

    world.set_zone("stopped.example.com", asked(domain))
    assert verified(now(domain)).status == "disabled"
    with access.tenant(account):
        assert domains.enable(SYSTEM, now(domain)).status == "enabled"


def test_new_host_names_without_records_leave_nobody_waiting(
    account: Account, world: "DnsWorld"
) -> None:
    services.change_group(SYSTEM, account.group, campaign_dns_template="Empty")
    with access.tenant(account):
        domain = domains.add(SYSTEM, account, "mail.free.example.com")

    assert changed(domain, subdomain="news").status == "enabled"
    assert now(domain).mfrom_host == "news.mail.free.example.com"


def test_new_host_names_with_nothing_left_to_publish_are_found_by_themselves(
    account: Account, world: "DnsWorld"
) -> None:
    with access.tenant(account):
        domain = domains.add(SYSTEM, account, "mail.emptied.example.com")
    services.change_group(SYSTEM, account.group, campaign_dns_template="Empty")
    assert changed(domain, subdomain="news").status == "approval_pending"
    with access.across_tenants():
        SenderDomain.objects.filter(pk=domain.pk).update(next_check_at=domain.created_at)
        sweep.check_due()

    assert now(domain).status == "enabled"


def test_a_name_too_long_for_a_proof_does_not_keep_its_owner_from_the_domain_above(
    account: Account, world: "DnsWorld"
) -> None:
    trusting = make_account("Trusting", make_group(campaign_dns_template="Empty"))
    label = "a" * 60
    name = f"{label}.{label}.{label}.{'b' * 39}.squat.example.com"
    with access.tenant(trusting):
        squatter = checking.verify(SYSTEM, domains.add(SYSTEM, trusting, name))
    assert (squatter.status, squatter.holds_name) == ("enabled", True)
    with access.tenant(account):
        domain = domains.add(SYSTEM, account, "squat.example.com")
    world.set_zone("squat.example.com", asked(domain))

    assert verified(domain).status == "enabled"
    left = now(squatter)
    assert (left.status, left.holds_name) == ("approval_pending", False)
    assert (left.random, left.mfrom_host) == (squatter.random, squatter.mfrom_host)


def test_keys_that_a_template_drops_leave_their_records_for_what_is_on_its_way(
    account: Account, world: "DnsWorld"
) -> None:
    domain = enabled(account, world, "leaves.example.com")
    before = [each.host for each in asked(domain) if each.purpose == "dkim"]
    services.change_group(SYSTEM, account.group, campaign_dns_template="Empty")
    applied(domain)

    assert now(domain).status == "enabled"
    assert [key.state for key in ring(domain).all] == ["retired", "retired"]
    assert [each.host for each in asked(domain)] == before
    services.change_group(SYSTEM, account.group, campaign_dns_template="Own keys")
    applied(domain)
    assert [key.state for key in ring(domain).all] == ["waiting"] * 2 + ["retired"] * 2
    assert len(asked(domain)) == 7 + 2


def test_many_retired_keys_cost_a_check_no_further_queries(
    account: Account, world: "DnsWorld", django_assert_max_num_queries: Any
) -> None:
    domain = enabled(account, world, "many.example.com")
    signing = ring(domain).signing[0]
    with access.across_tenants():
        retired = [
            DomainKey(
                account_id=account.pk,
                domain=domain,
                algorithm="rsa",
                selector=f"phretired{number}",
                public_key="QUJD",
                state="retired",
                keep_until=domain.created_at,
            )
            for number in range(300)
        ]
        DomainKey.objects.bulk_create(retired)
        records = list(domain.records.all())
        key_sets.stand_beside(domain, records, [(signing, each) for each in retired])
        with django_assert_max_num_queries(3):
            assert len(settling.asked_of(domain).rows) == 7
        while keys.drop_old():
            pass
        assert len(ring(domain).all) == 2
