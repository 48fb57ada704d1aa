"""Sender domains are checked again in the background, all that wait at once, over real DNS."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account, AuditRecord, Event, User
from posthouse.core.verification import grace
from posthouse.domains import checking, sweep
from posthouse.domains import services as domains
from posthouse.domains.models import DomainCheck, SenderDomain
from posthouse.domains.settling import KEPT_CHECKS
from tests.features.test_domains import KEY, MASTER, published

if TYPE_CHECKING:
    from tests.features.dns_servers import DnsWorld

pytest_plugins = ["tests.features.dns_servers"]
NOBODY = "127.0.0.1:1"  # no resolver listens there


@pytest.fixture
def world(dns_world: "DnsWorld", settings: Any) -> "DnsWorld":
    settings.DNS_RESOLVERS = (f"127.0.0.1:{dns_world.resolver[1]}",)
    settings.DNS_AUTHORITY_PORT = dns_world.authority[1]
    dns_world.set_zone("example.net", [*MASTER, KEY])
    return dns_world


def added(account: Account, name: str) -> SenderDomain:
    with access.tenant(account):
        return domains.add(SYSTEM, account, name)


def enabled(account: Account, world: "DnsWorld", zone: str) -> SenderDomain:
    domain = added(account, f"mail.{zone}")
    world.set_zone(zone, published(domain))
    with access.tenant(account):
        domain = checking.verify(SYSTEM, domain)
    assert domain.status == "enabled"
    return domain


def a_day_passes() -> None:
    """Everything is due, and what failed did so a day ago."""
    ago = timezone.now() - timedelta(days=1)
    with access.across_tenants():
        SenderDomain.objects.exclude(next_check_at=None).update(next_check_at=ago)
        SenderDomain.objects.exclude(failed_at=None).update(failed_at=ago)


def swept(domain: SenderDomain) -> SenderDomain:
    """The domain after the next day's checks."""
    a_day_passes()
    with access.across_tenants():
        sweep.check_due()
        return SenderDomain.objects.get(pk=domain.pk)


def test_a_pending_domain_becomes_enabled_by_itself(account: Account, world: "DnsWorld") -> None:
    domain = added(account, "mail.byitself.example.com")
    world.set_zone("byitself.example.com", published(domain))
    with access.across_tenants():
        assert not sweep.check_due()  # it is not due yet

    assert swept(domain).status == "enabled"
    with access.across_tenants():
        assert not sweep.check_due()
        check = DomainCheck.objects.get(domain=domain)
    assert (check.result, check.right, check.total, check.by) == ("verified", 7, 7, "Posthouse")


def test_three_failed_checks_on_three_days_revert_it_with_a_warning_from_the_first(
    account: Account, world: "DnsWorld"
) -> None:
    domain = enabled(account, world, "fading.example.com")
    world.set_zone("fading.example.com", published(domain)[1:])
    seen = []
    for _ in range(3):
        now = swept(domain)
        seen.append((now.status, now.failures_in_row, "sl.mail.fading" in now.warning))

    assert seen == [("enabled", 1, True), ("enabled", 2, True), ("approval_pending", 3, True)]
    with access.across_tenants():
        warnings = Event.objects.filter(kind="domain.warning", account=account)
        assert [event.payload["failures"] for event in warnings.order_by("id")] == [1, 2, 3]
        assert Event.objects.filter(kind="domain.status", account=account).count() == 2
    assert not now.holds_name


def test_a_passing_check_ends_the_row_and_the_warning(account: Account, world: "DnsWorld") -> None:
    domain = enabled(account, world, "mended.example.com")
    world.set_zone("mended.example.com", published(domain)[1:])
    swept(domain)
    swept(domain)
    world.set_zone("mended.example.com", published(domain))
    mended = swept(domain)

    assert (mended.status, mended.failures_in_row, mended.warning) == ("enabled", 0, "")


def test_pressing_verify_again_and_again_counts_as_one_failure(
    account: Account, world: "DnsWorld"
) -> None:
    domain = enabled(account, world, "pressed.example.com")
    world.set_zone("pressed.example.com", published(domain)[1:])
    with access.tenant(account):
        for _ in range(4):
            domain = checking.verify(SYSTEM, domain)

    assert (domain.status, domain.failures_in_row) == ("enabled", 1)


@pytest.mark.parametrize(
    ("trouble", "rounds"),
    [("the zone's servers fail", 5), ("the resolver refuses", 5), ("no resolver answers", 1)],
)
def test_a_storm_changes_no_state_however_long_it_lasts(
    account: Account, world: "DnsWorld", settings: Any, trouble: str, rounds: int
) -> None:
    domain = added(account, "mail.storm.example.com")
    before = {"status": "enabled", "proven": True, "holds_name": True}
    with access.across_tenants():
        SenderDomain.objects.filter(pk=domain.pk).update(**before)
        domain.records.exclude(position=0).delete()
    if trouble == "no resolver answers":
        settings.DNS_RESOLVERS = (NOBODY,)
    elif trouble == "the resolver refuses":
        settings.DNS_RESOLVERS = (f"127.0.0.1:{world.authority[1]}",)
    else:
        world.break_zone("storm.example.com")
    for _ in range(rounds):
        now = swept(domain)

    assert {name: getattr(now, name) for name in before} == before
    assert (now.failures_in_row, now.warning) == (0, "")
    assert now.next_check_at
    assert now.next_check_at < timezone.now() + grace.AFTER_TROUBLE * 1.2
    with access.across_tenants():
        results = set(DomainCheck.objects.filter(domain=domain).values_list("result", flat=True))
        assert not Event.objects.filter(kind="domain.warning").exists()
    assert results == {"could_not_check"}


def test_when_nobody_can_be_checked_the_round_ends_and_the_rest_stays_due(
    account: Account, world: "DnsWorld", settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DNS_RESOLVERS = (NOBODY,)
    monkeypatch.setattr(sweep, "STORM", 3)
    monkeypatch.setattr(sweep, "WINDOW", 2)
    monkeypatch.setattr(sweep, "SETTLED_AT_ONCE", 1)
    for number in range(12):
        added(account, f"mail.many-{number}.example.com")
    a_day_passes()
    with access.across_tenants():
        assert sweep.check_due()
        left = SenderDomain.objects.filter(next_check_at__lte=timezone.now()).count()

    assert 0 < left <= 9


def test_one_that_fails_in_a_way_nobody_foresaw_does_not_stop_the_others(
    account: Account, world: "DnsWorld"
) -> None:
    poisoned, good = (added(account, f"mail.{word}.example.com") for word in ("poison", "good"))
    world.set_zone("good.example.com", published(good))
    with access.across_tenants():
        poisoned.records.update(type="XX")

    assert swept(good).status == "enabled"
    with access.across_tenants():
        poisoned.refresh_from_db()
        assert not sweep.check_due()
    assert poisoned.status == "approval_pending"


def test_disabled_suspended_and_deleted_domains_are_left_alone(
    account: Account, world: "DnsWorld"
) -> None:
    for verb, zone in (
        (domains.disable, "off.example.com"),
        (domains.suspend, "stopped.example.com"),
        (domains.delete, "gone.example.com"),
    ):
        domain = enabled(account, world, zone)
        with access.tenant(account):
            verb(SYSTEM, domain)
    a_day_passes()
    with access.across_tenants():
        assert not sweep.check_due()


def test_the_history_of_checks_is_bounded(
    account: Account, owner: User, world: "DnsWorld", client_of: Callable[[User], Client]
) -> None:
    domain = enabled(account, world, "history.example.com")
    old = timezone.now() - sweep.KEPT_FOR - timedelta(days=1)
    with access.across_tenants():
        DomainCheck.objects.bulk_create(
            DomainCheck(
                account=account, domain=domain, at=old, by="x", result="failed",
                status="enabled", right=1, total=7,
            )
            for _ in range(KEPT_CHECKS + 20)
        )  # fmt: skip
    client_of(owner).post(f"/a/{account.slug}/settings/domains/{domain.public_id}/verify/")
    with access.across_tenants():
        assert DomainCheck.objects.filter(domain=domain).count() == KEPT_CHECKS
        assert sweep.forget_old_checks()
        assert not sweep.forget_old_checks()
        assert DomainCheck.objects.filter(domain=domain).count() == 1


def test_a_person_is_in_the_audit_trail_and_the_daily_check_only_when_it_moves_something(
    account: Account, world: "DnsWorld"
) -> None:
    domain = enabled(account, world, "quiet.example.com")
    before = AuditRecord.objects.filter(verb="domain.verify").count()
    swept(domain)

    assert AuditRecord.objects.filter(verb="domain.verify").count() == before


def test_all_that_wait_are_verified_at_once_and_the_page_says_what_is_left(
    account: Account,
    owner: User,
    client_of: Callable[[User], Client],
    world: "DnsWorld",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checking, "MOST_AT_ONCE", 3)
    ready, *others = (added(account, f"mail.bulk-{n}.example.com") for n in range(4))
    world.set_zone("bulk-0.example.com", published(ready))
    client, base = client_of(owner), f"/a/{account.slug}/settings/domains/"
    assert "Verify all pending" in client.get(base).content.decode()
    said = client.post(f"{base}verify/", follow=True).content.decode()

    assert "Enabled now: mail.bulk-0.example.com." in said
    assert "2 domains still waiting" in said
    assert "1 domain not checked yet" in said
    client.post(f"{base}verify/")  # those that were not reached come first
    with access.across_tenants():
        assert not SenderDomain.objects.filter(checked_at=None).exists()
        assert set(SenderDomain.objects.exclude(pk=ready.pk).values_list("status", flat=True)) == {
            "approval_pending"
        }
    assert len(others) == 3


def test_the_api_verifies_what_waits_and_tells_the_history(
    account: Account, api_of: Callable[..., Client], world: "DnsWorld"
) -> None:
    api = api_of(account)
    domain = added(account, "mail.bulkapi.example.com")
    world.set_zone("bulkapi.example.com", published(domain))
    answer = api.post("/api/v1/domains/verify").json()
    checks = api.get(f"/api/v1/domains/{domain.public_id}/checks").json()["items"]

    assert answer == {"enabled": ["mail.bulkapi.example.com"], "waiting": [], "left": 0}
    assert [(each["result"], each["right"]) for each in checks] == [("verified", 7)]
    assert api.post("/api/v1/domains/verify").json()["enabled"] == []


def test_a_warning_stands_on_the_page_in_the_list_and_in_the_history(
    account: Account, owner: User, client_of: Callable[[User], Client], world: "DnsWorld"
) -> None:
    domain = enabled(account, world, "shown.example.com")
    world.set_zone("shown.example.com", published(domain)[1:])
    swept(domain)
    client, base = client_of(owner), f"/a/{account.slug}/settings/domains/"

    assert "1 of 3 checks failed" in client.get(base).content.decode()
    page = client.get(f"{base}{domain.public_id}/").content.decode()
    assert "1 of 7 records did not pass the last check" in page
    assert "2 more failed checks in a row" in page
    assert "6 of 7" in client.get(f"{base}{domain.public_id}/history/").content.decode()
