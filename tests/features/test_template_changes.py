"""A changed DNS template leaves domains alone until an operator applies it, domain by domain."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import Result
from django.test import Client
from typer.testing import CliRunner

from posthouse.accounts import access
from posthouse.accounts import services as accounts
from posthouse.accounts.actors import SYSTEM, Actor
from posthouse.accounts.models import Account, AuditRecord, Event, User
from posthouse.accounts.permissions import NotAllowed
from posthouse.cli.app import app
from posthouse.core.verification.status import TransitionRefused
from posthouse.domains import checking, services, template_changes
from posthouse.domains.models import SenderDomain
from tests.features.test_domains import KEY, MASTER, published

if TYPE_CHECKING:
    from tests.features.dns_servers import DnsWorld

pytest_plugins = ["tests.features.dns_servers"]
NAME, ZONE = "mail.change.example.com", "change.example.com"
EXTRA = '{ host = "bimi._SenderDomain_", type = "TXT", value = "v=BIMI1; l=", purpose = "other" },'
EXTRA_LINE = f'bimi.{NAME}. TXT "v=BIMI1; l="'


@pytest.fixture
def world(dns_world: "DnsWorld", settings: Any, tmp_path: Path) -> "DnsWorld":
    settings.DNS_RESOLVERS = (f"127.0.0.1:{dns_world.resolver[1]}",)
    settings.DNS_AUTHORITY_PORT = dns_world.authority[1]
    dns_world.set_zone("example.net", [*MASTER, KEY])
    shipped, settings.DNS_CONFIG = settings.DNS_CONFIG, tmp_path / "dns.toml"
    settings.DNS_CONFIG.write_text(Path(shipped).read_text())
    return dns_world


@pytest.fixture
def edit(world: "DnsWorld", settings: Any) -> Callable[[str, str], None]:
    """``edit("old", "new")``: the first place in the template file, which is Default's."""

    def change(old: str, new: str) -> None:
        text = settings.DNS_CONFIG.read_text()
        assert old in text
        settings.DNS_CONFIG.write_text(text.replace(old, new, 1))

    return change


@pytest.fixture
def domain(account: Account, world: "DnsWorld") -> SenderDomain:
    """An Enabled domain with the records of Default."""
    with access.tenant(account):
        row = services.add(SYSTEM, account, NAME)
        world.set_zone(ZONE, published(row))
        assert checking.verify(SYSTEM, row).status == "enabled"
    return now(row)


def now(domain: SenderDomain) -> SenderDomain:
    with access.across_tenants():
        rows = SenderDomain.objects.select_related("account__group").prefetch_related("records")
        return rows.get(pk=domain.pk)


def compared(domain: SenderDomain) -> template_changes.Difference:
    with access.across_tenants():
        return template_changes.difference(now(domain))


def applied(domain: SenderDomain) -> template_changes.Applied:
    with access.across_tenants():
        return template_changes.apply(SYSTEM, now(domain))


def states(domain: SenderDomain) -> dict[str, str]:
    with access.across_tenants():
        return dict(domain.records.values_list("host", "state"))


def test_a_domain_of_an_unchanged_template_does_not_differ(domain: SenderDomain) -> None:
    assert not compared(domain)
    before = now(domain).__dict__
    assert not applied(domain).difference
    assert now(domain).status == before["status"]
    with access.across_tenants():
        assert template_changes.differing() == ([], 0)


def test_an_added_record_is_seen_and_changes_nothing_by_itself(
    domain: SenderDomain, edit: Callable[[str, str], None]
) -> None:
    edit("records = [\n", f"records = [\n  {EXTRA}\n")
    found = compared(domain)
    assert [each.host for each in found.added] == [f"bimi.{NAME}"]
    assert (found.removed, len(found.kept)) == ((), 7)
    assert "DNS is asked first" in found.consequence
    assert now(domain).status == "enabled"
    with access.across_tenants():
        ((one,), further) = template_changes.differing()
    assert (one.domain.pk, further) == (domain.pk, 0)


def test_applied_without_the_record_in_dns_it_waits_and_keeps_label_and_token(
    domain: SenderDomain, edit: Callable[[str, str], None], world: "DnsWorld"
) -> None:
    edit("records = [\n", f"records = [\n  {EXTRA}\n")
    outcome = applied(domain)
    after = now(domain)

    assert (after.status, after.proven, after.holds_name) == ("approval_pending", False, False)
    assert after.random == domain.random
    found = states(domain)
    assert found.pop(f"bimi.{NAME}") == "not_yet"
    assert set(found.values()) == {"ok"}
    assert "1 added, 0 removed. It is Approval Pending." in outcome.summary
    record = AuditRecord.objects.get(verb="domain.apply-template")
    assert record.after["added"] == [f"bimi.{NAME} TXT v=BIMI1; l="]
    kinds = Event.objects.filter(account=domain.account).values_list("kind", flat=True)
    assert {"domain.records", "domain.status"} <= set(kinds)

    world.set_zone(ZONE, [*published(after)])
    with access.tenant(after.account):
        assert checking.verify(SYSTEM, after).status == "enabled"


def test_a_record_published_in_advance_keeps_the_domain_sending(
    domain: SenderDomain, edit: Callable[[str, str], None], world: "DnsWorld"
) -> None:
    edit("records = [\n", f"records = [\n  {EXTRA}\n")
    world.set_zone(ZONE, [*published(domain), EXTRA_LINE])
    outcome = applied(domain)
    assert outcome.published
    assert (now(domain).status, now(domain).proven) == ("enabled", True)
    assert set(states(domain).values()) == {"ok"}
    assert not Event.objects.filter(kind="domain.status", payload__after="approval_pending")


def test_a_removed_record_leaves_the_status(
    domain: SenderDomain, edit: Callable[[str, str], None], settings: Any
) -> None:
    line = next(
        line
        for line in settings.DNS_CONFIG.read_text().splitlines(keepends=True)
        if "_dmarc.{subdomain}" in line
    )
    edit(line, "")
    found = compared(domain)
    assert [each.host for each in found.removed] == [f"_dmarc.sl.{NAME}"]
    assert "status stays" in found.consequence
    applied(domain)
    assert now(domain).status == "enabled"
    assert f"_dmarc.sl.{NAME}" not in states(domain)
    assert not compared(domain)


def test_a_changed_value_is_one_removed_and_one_added(
    domain: SenderDomain, edit: Callable[[str, str], None]
) -> None:
    edit('"mailer.example.net"', '"other.example.net"')
    found = compared(domain)
    assert [each.value for each in found.added] == ["other.example.net"]
    assert [each.value for each in found.removed] == ["mailer.example.net"]


def test_the_groups_choice_of_another_template_is_a_difference_too(domain: SenderDomain) -> None:
    accounts.change_group(SYSTEM, domain.account.group, campaign_dns_template="Empty")
    assert len(compared(domain).removed) == 7
    applied(domain)
    after = now(domain)
    assert (after.status, after.template, after.owner_proven) == ("enabled", "Empty", False)


def test_a_template_with_keys_of_the_domains_own_makes_them_when_it_is_applied(
    domain: SenderDomain,
) -> None:
    accounts.change_group(SYSTEM, domain.account.group, campaign_dns_template="Own keys")
    hosts = [each.host for each in compared(domain).added]
    assert hosts == [f"new-key._domainkey.{NAME}"] * 2
    applied(domain)
    with access.across_tenants():
        assert domain.keys.count() == 2
    assert now(domain).status == "approval_pending"
    assert not compared(domain)


def test_a_suspended_domain_is_left_alone(
    domain: SenderDomain, edit: Callable[[str, str], None]
) -> None:
    with access.across_tenants():
        services.suspend(SYSTEM, domain)
    edit("records = [\n", f"records = [\n  {EXTRA}\n")
    with pytest.raises(TransitionRefused, match="lift that first"):
        applied(domain)
    assert f"bimi.{NAME}" not in states(domain)


def test_a_template_that_is_gone_is_told_as_a_problem(
    domain: SenderDomain, edit: Callable[[str, str], None]
) -> None:
    edit('[campaign."Default"]', '[campaign."Other"]')
    assert "which is not in the file" in compared(domain).problem


def test_only_operators_apply(domain: SenderDomain, edit: Callable[[str, str], None]) -> None:
    edit("records = [\n", f"records = [\n  {EXTRA}\n")
    with access.across_tenants(), pytest.raises(NotAllowed):
        template_changes.apply(Actor("person", "somebody"), now(domain))


def test_a_check_that_began_before_does_not_vouch_for_the_new_records(
    domain: SenderDomain, edit: Callable[[str, str], None]
) -> None:
    from posthouse.core.verification.checks import CheckResult
    from posthouse.domains.examine import Examination
    from posthouse.domains.settling import asked_of, settle

    begun = asked_of(now(domain))
    edit("records = [\n", f"records = [\n  {EXTRA}\n")
    applied(domain)
    with access.tenant(domain.account):
        settle(SYSTEM, begun, Examination(result=CheckResult.VERIFIED, diagnoses=()))
    assert now(domain).status == "approval_pending"


def test_the_operator_sees_who_differs_and_applies_it(
    domain: SenderDomain,
    edit: Callable[[str, str], None],
    boss: User,
    client_of: Callable[[User], Client],
) -> None:
    client = client_of(boss)
    listed = client.get("/operator/dns-templates/changes/").content.decode()
    assert "No domain differs" in listed
    edit("records = [\n", f"records = [\n  {EXTRA}\n")
    page = f"/operator/sender-domains/{domain.public_id}/difference/"
    assert page in client.get("/operator/dns-templates/changes/").content.decode()
    text = client.get(page).content.decode()
    assert f"bimi.{NAME}" in text
    assert "DNS is asked first" in text
    assert now(domain).status == "enabled"

    answer = client.post(page, follow=True).content.decode()
    assert "1 added, 0 removed. It is Approval Pending." in answer
    assert "No difference" in answer


@pytest.mark.parametrize("after", ["", "0", "99999", "x", "-1", "9" * 30, "²"])
def test_any_cursor_is_a_page(after: str, boss: User, client_of: Callable[[User], Client]) -> None:
    page = client_of(boss).get("/operator/dns-templates/changes/", {"after": after})
    assert page.status_code == 200


def test_accounts_do_not_see_the_operators_pages(
    domain: SenderDomain, owner: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(owner)
    for page in (
        "dns-templates/changes/",
        f"sender-domains/{domain.public_id}/difference/",
    ):
        assert client.get(f"/operator/{page}").status_code in {302, 403, 404}


def test_the_command_line_shows_and_applies_it(
    domain: SenderDomain, edit: Callable[[str, str], None], world: "DnsWorld"
) -> None:
    def run(*arguments: str) -> Result:
        done = CliRunner().invoke(app, ["dns", "templates", *arguments])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    slug = domain.account.slug
    assert "No domain differs" in run("changes").stdout
    edit("records = [\n", f"records = [\n  {EXTRA}\n")
    (told,) = json.loads(run("changes", "--json").stdout)
    assert (told["domain"], told["added"][0]["host"]) == (NAME, f"bimi.{NAME}")
    assert f"+ bimi.{NAME}  TXT  v=BIMI1; l=" in run("changes").stdout
    assert "has no sender domain" in run("apply", "x.example.com", "--account", slug).stderr

    world.set_zone(ZONE, [*published(domain), EXTRA_LINE])
    done = run("apply", NAME, "--account", slug, "--json")
    assert (done.exit_code, json.loads(done.stdout)["status"]) == (0, "enabled")
    edit('"v=BIMI1; l="', '"v=BIMI1; l=x"')
    done = run("apply", NAME, "--account", slug)
    assert (done.exit_code, "It is Approval Pending" in done.stdout) == (1, True)
