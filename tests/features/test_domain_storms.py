"""Storms of DNS trouble over the background checks, and how often a domain is looked at."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.core import serializers
from django.test import Client
from django.utils import timezone

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account, AuditRecord, Event, User
from posthouse.domains import checking, sweep, urls
from posthouse.domains import services as domains
from posthouse.domains.models import DomainCheck, DomainRecord, SenderDomain
from tests.features.test_domains import KEY, MASTER, published

if TYPE_CHECKING:
    from tests.features.dns_faults import Faults
    from tests.features.dns_servers import DnsWorld

pytest_plugins = ["tests.features.dns_servers", "tests.features.dns_faults"]

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def world(faults: "Faults", settings: Any) -> "DnsWorld":
    """Asked directly; a storm comes when dnsdist is asked instead, for names that begin so."""
    settings.DNS_RESOLVERS = (f"127.0.0.1:{faults.world.resolver[1]}",)
    settings.DNS_AUTHORITY_PORT = faults.world.authority[1]
    faults.world.set_zone("example.net", [*MASTER, KEY])
    return faults.world


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A clock that stands still, but for what the test says."""
    with time_machine.travel(NOON, tick=False) as travelled:
        yield travelled


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


def swept(domain: SenderDomain) -> SenderDomain:
    """The domain after a round of the worker."""
    with access.across_tenants():
        sweep.check_due()
        return SenderDomain.objects.get(pk=domain.pk)


def make_due() -> None:
    with access.across_tenants():
        SenderDomain.objects.exclude(next_check_at=None).update(next_check_at=timezone.now())


STANDING = ("status", "proven", "holds_name", "owner_proven", "failures_in_row", "failed_at")


def standing(domain: SenderDomain) -> dict[str, Any]:
    return {name: getattr(domain, name) for name in (*STANDING, "warning", "verified_at")}


@pytest.mark.parametrize("trouble", ["servfail", "refused", "notimp"])
def test_a_storm_of_an_hour_changes_no_state(
    account: Account,
    world: "DnsWorld",
    faults: "Faults",
    *,
    settings: Any,
    clock: time_machine.Traveller,
    trouble: str,
) -> None:
    """Enabled, Enabled with a failure that counted, Disabled, and pending with failures."""
    zones = [f"{trouble}-{name}.example" for name in ("fine", "warned", "off", "waits")]
    fine, warned, off = (enabled(account, world, zone) for zone in zones[:3])
    waits = added(account, f"mail.{zones[3]}")
    with access.tenant(account):
        domains.disable(SYSTEM, off)
    world.set_zone(zones[1], published(warned)[1:])
    make_due()
    first = swept(warned)
    assert (first.status, first.failures_in_row) == ("enabled", 1)
    with access.across_tenants():
        all_of_them = SenderDomain.objects.filter(account=account).order_by("pk")
        before = [standing(domain) for domain in all_of_them]
        told = Event.objects.count()

    settings.DNS_RESOLVERS = (f"127.0.0.1:{faults.resolver[1]}",)
    for _minute in range(0, 60, 4):
        clock.shift(4 * MINUTE)
        make_due()  # far more often than the product would
        swept(fine)

    with access.across_tenants():
        assert [standing(domain) for domain in all_of_them] == before
        assert Event.objects.count() == told
        results = DomainCheck.objects.filter(domain=fine).values_list("result", flat=True)
        assert list(results)[:15] == ["could_not_check"] * 15
        waiting = DomainCheck.objects.filter(domain=waits).values_list("result", flat=True)
        assert list(waiting) == ["could_not_check", "failed"]  # only what changed is noted

    settings.DNS_RESOLVERS = (f"127.0.0.1:{world.resolver[1]}",)
    clock.shift(HOUR)
    make_due()
    assert swept(fine).status == "enabled"
    assert swept(warned).failures_in_row == 1  # the same day: the storm has not made it two


def test_a_storm_between_two_failures_neither_counts_nor_breaks_the_row(
    account: Account,
    world: "DnsWorld",
    faults: "Faults",
    settings: Any,
    clock: time_machine.Traveller,
) -> None:
    zone = "servfail-row.example"
    domain = enabled(account, world, zone)
    world.set_zone(zone, published(domain)[1:])
    seen = []
    for resolver in (world, faults, world, faults, faults, world):
        clock.shift(timedelta(days=1))
        settings.DNS_RESOLVERS = (f"127.0.0.1:{resolver.resolver[1]}",)
        make_due()
        now = swept(domain)
        seen.append((now.status, now.failures_in_row))

    assert seen == [("enabled", n) for n in (1, 1, 2, 2, 2)] + [("approval_pending", 3)]


@pytest.mark.parametrize("how", ["nxdomain", "nodata"])
def test_what_is_certainly_gone_reverts_a_domain_after_three_checks_and_no_sooner(
    account: Account, world: "DnsWorld", clock: time_machine.Traveller, how: str
) -> None:
    zone = f"gone-{how}.example.com"
    domain = enabled(account, world, zone)
    left = [line for line in published(domain) if "track-sl" not in line]
    if how == "nodata":
        left.append(f"track-sl.mail.{zone}. MX 10 mx.example.org.")
    world.set_zone(zone, left)
    seen = []
    for _hour in range(80):
        clock.shift(HOUR)
        seen.append(swept(domain).status)

    reverted = seen.index("approval_pending")
    assert 40 < reverted < 72  # hours: it was enabled at the beginning, and checked a day later
    with access.across_tenants():
        failed = DomainCheck.objects.filter(domain=domain, result="failed", status="enabled")
        assert failed.count() > 2  # looked at every hour since the first, counted once a day


def test_a_warning_goes_within_the_hour_when_the_records_are_back(
    account: Account, world: "DnsWorld", clock: time_machine.Traveller
) -> None:
    domain = enabled(account, world, "back.example.com")
    world.set_zone("back.example.com", published(domain)[1:])
    clock.shift(27 * HOUR)
    assert swept(domain).warning
    world.set_zone("back.example.com", published(domain))
    clock.shift(1.2 * HOUR)
    mended = swept(domain)
    assert (mended.warning, mended.failures_in_row, mended.status) == ("", 0, "enabled")


def test_a_domain_that_waits_is_enabled_minutes_after_its_records_are_there(
    account: Account, world: "DnsWorld", clock: time_machine.Traveller
) -> None:
    domain = added(account, "mail.soon.example.com")
    checks = 0
    for minute in range(60):
        clock.shift(MINUTE)
        before = domain.checked_at
        domain = swept(domain)
        checks += domain.checked_at != before
        if minute == 30:
            world.set_zone("soon.example.com", published(domain))
        if domain.status == "enabled":
            break

    assert 30 < minute < 50
    assert checks < 15


def test_an_old_answer_is_told_with_its_minutes_and_looked_behind_when_it_has_run_out(
    account: Account, world: "DnsWorld"
) -> None:
    domain = added(account, "mail.stale.example.com")
    world.set_zone("stale.example.com", ["sl.mail CNAME old.example.net."], ttl=240)
    with access.tenant(account):
        checking.verify(SYSTEM, domain)
        world.set_zone("stale.example.com", published(domain), flush=False)
        domain = checking.verify(SYSTEM, domain)
    assert domain.next_check_at
    assert domain.next_check_at < timezone.now() + 5 * MINUTE
    with access.tenant(account):
        row = domain.records.get(position=0)
    assert (row.state, row.code) == ("not_yet", "old_answer")
    assert row.finding.startswith("Your name servers have the right record already.")
    assert row.advice.endswith("Visible in about 4 minutes.")
    world.flush("stale.example.com")
    make_due()
    assert swept(domain).status == "enabled"


def test_the_token_of_an_earlier_set_is_recognised(account: Account, world: "DnsWorld") -> None:
    zone = "earlier.example"
    domain = added(account, f"mail.{zone}")
    first = published(domain)
    world.set_zone(zone, first)
    with access.tenant(account):
        domain = domains.change(SYSTEM, domain, track_prefix="links")
        domain = checking.verify(SYSTEM, domain)
        proof = domain.records.get(purpose="ownership")
    assert (domain.status, proof.code) == ("approval_pending", "earlier_token")
    assert "The set was made anew since" in proof.finding
    assert proof.value in proof.advice

    with access.tenant(account):
        domains.delete(SYSTEM, domain)
    again = added(account, f"mail.{zone}")
    with access.tenant(account):
        again = checking.verify(SYSTEM, again)
        assert again.records.get(purpose="ownership").code == "earlier_token"
    assert again.status == "approval_pending"


def test_whoever_only_looks_changes_nothing(
    account: Account,
    owner: User,
    client_of: Callable[[User], Client],
    api_of: Callable[..., Client],
    world: "DnsWorld",
) -> None:
    """Every page and every question of the API about a domain: the rows stay as they were."""
    domain = enabled(account, world, "looked.example.com")
    world.set_zone("looked.example.com", published(domain)[1:])
    added(account, "mail.looked-too.example.com")
    client, api = client_of(owner), api_of(account)
    before = _rows()
    pages = [client.get(each).status_code for each in _pages(account, domain)]
    asked = [api.get(each).status_code for each in _questions(api, domain)]

    assert _rows() == before
    assert set(pages) <= {200, 286, 405}  # 286: nothing to wait for; 405: to be posted to
    assert pages.count(200) >= 8
    assert set(asked) == {200}
    assert len(asked) >= 5


def _pages(account: Account, domain: SenderDomain) -> Iterator[str]:
    """All addresses of the feature, as if somebody followed each as a link."""
    for pattern in urls.account_urlpatterns:
        if set(pattern.pattern.converters) <= {"domain"}:
            route = str(pattern.pattern).replace("<str:domain>", domain.public_id)
            yield f"/a/{account.slug}/{route}"


def _questions(api: Client, domain: SenderDomain) -> Iterator[str]:
    for path, verbs in api.get("/api/v1/openapi.json").json()["paths"].items():
        if "/domains" in path and "get" in verbs:
            yield path.replace("{domain}", domain.public_id)


def _rows() -> str:
    with access.across_tenants():
        rows: list[Any] = [*SenderDomain.objects.order_by("pk")]
        for model in (DomainRecord, DomainCheck, AuditRecord, Event):
            rows += model.objects.order_by("pk")
        return json.dumps(serializers.serialize("python", rows), default=str)
