"""Before a send: what SPF, DKIM and DMARC will come to, on the page, by API and in a shell."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from posthouse.accounts import access, services
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account, Role, User
from posthouse.campaigns import reviews
from posthouse.campaigns.models import Campaign
from posthouse.core.verification.evidence import Outlook
from posthouse.deliveries.forecasting import forecast_for
from posthouse.domains import services as domains
from posthouse.domains.models import DomainRecord, MasterCheck, SenderDomain
from posthouse.servers.models import DeliveryServer
from tests.campaigns import make_draft
from tests.sending import Sending, make_sending

NAME = "mail.shop.example"
MASTER = [
    ("SPF", "mailer.example.net", "One SPF record, 1 of 10 look-ups."),
    ("DKIM", "key1._domainkey.mailer.example.net", "The published key is the one in use."),
    ("DMARC", "_dmarc.mailer.example.net", "One policy, p=none, with relaxed alignment."),
]  # check, host, sentence


def made(account: Account, template: str = "Default") -> SenderDomain:
    """An Enabled domain whose records were all right three hours ago."""
    services.change_group(SYSTEM, account.group, campaign_dns_template=template)
    domain = domains.add(SYSTEM, account, NAME)
    now = timezone.now()
    SenderDomain.objects.filter(pk=domain.pk).update(
        status="enabled", proven=True, checked_at=now - timedelta(hours=3)
    )
    DomainRecord.objects.filter(domain=domain).update(state="ok")
    MasterCheck.objects.create(
        at=now,
        findings=[
            {"check": check, "host": host, "state": "ok", "sentence": said, "next_step": ""}
            | ({"seen": "v=DMARC1; p=none"} if check == "DMARC" else {})
            for check, host, said in MASTER
        ],
    )
    domain.refresh_from_db()
    return domain


@pytest.fixture
def sending(account: Account) -> Iterator[Sending]:
    with access.across_tenants():
        yield make_sending(account, members=2)


def drafted(sending: Sending, template: str = "Default", **server: object) -> Campaign:
    DeliveryServer.objects.update(**{"signing": DeliveryServer.Signing.HERE} | server)
    return make_draft(sending, sender_domain=made(sending.account, template))


def page_of(campaign: Campaign, browser: Client, name: str = "send") -> str:
    address = f"/a/{campaign.account.slug}/campaigns/{campaign.public_id}/{name}/"
    return " ".join(browser.get(address).content.decode().split())


@pytest.fixture
def browser(manager: User, client_of: Callable[[User], Client]) -> Client:
    return client_of(manager)


@pytest.mark.parametrize("name", ["send", "edit"])
def test_the_page_before_sending_tells_each_outcome_with_its_age(
    sending: Sending, browser: Client, name: str
) -> None:
    page = page_of(drafted(sending), browser, name)

    assert all(f"<strong>{each} will pass.</strong>" in page for each in ("SPF", "DKIM", "DMARC"))
    assert f"sl.{NAME} leads to mailer.example.net. One SPF record" in page
    assert "3 hours ago" in page
    assert "will fail" not in page


def test_a_failing_forecast_warns_and_stops_nothing(sending: Sending, browser: Client) -> None:
    campaign = drafted(sending, "Octeth classic")
    DomainRecord.objects.filter(host=f"sl.{NAME}").update(
        state="wrong", finding="It leads elsewhere.", advice="Let it lead to us."
    )
    page = page_of(campaign, browser)

    assert page.index("DMARC will fail") < page.index("Send to 2 people now")
    assert "<strong>SPF will fail.</strong> It leads elsewhere." in page
    assert "→ Let it lead to us." in page
    address = f"/a/{campaign.account.slug}/campaigns/{campaign.public_id}/send/"
    browser.post(address, {"revision": campaign.revision})
    assert Campaign.objects.get().state == "queued"


def test_no_dns_is_asked_when_it_is_shown(sending: Sending, browser: Client, settings: Any) -> None:
    campaign = drafted(sending)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolver:
        resolver.bind(("127.0.0.1", 0))
        resolver.setblocking(False)
        settings.DNS_RESOLVERS = (f"127.0.0.1:{resolver.getsockname()[1]}",)
        page_of(campaign, browser)
        with pytest.raises(BlockingIOError):
            resolver.recv(1)


def test_the_api_tells_the_same(sending: Sending, api_of: Callable[..., Client]) -> None:
    campaign = drafted(sending, "Octeth classic")
    api = api_of(sending.account, Role.VIEWER)
    told = api.get(f"/api/v1/campaigns/{campaign.public_id}/forecast").json()

    assert [told[one]["outlook"] for one in ("spf", "dkim", "dmarc")] == [
        "passes",
        "fails",
        "passes",
    ]
    assert f"include no DKIM key at key1._domainkey.{NAME}" in told["dkim"]["sentence"]
    assert told["dkim"]["next_step"].startswith("Ask your operator for a DNS template that puts")
    assert (told["spf"]["aligned"], told["policy"]) == (True, "")
    assert told["spf"]["as_of"].endswith("Z")


def test_a_campaign_that_cannot_leave_has_none(
    sending: Sending, api_of: Callable[..., Client], browser: Client
) -> None:
    campaign = drafted(sending)
    SenderDomain.objects.update(status="disabled")
    answer = api_of(sending.account).get(f"/api/v1/campaigns/{campaign.public_id}/forecast")

    assert answer.status_code == 422
    assert "only an Enabled domain may send" in answer.content.decode()
    assert "SPF, DKIM and DMARC" not in page_of(campaign, browser, "edit")


def test_where_the_server_signs_it_says_what_to_look_for(sending: Sending) -> None:
    drafted(sending, signing=DeliveryServer.Signing.SERVER)
    found = forecast_for(SenderDomain.objects.get(name=NAME))

    assert found.dkim.outlook is Outlook.UNKNOWN
    assert found.dmarc.outlook is Outlook.PASSES
    assert f"dkim=pass for {NAME}" in found.dkim.next_step


def test_an_enforced_from_is_judged_instead_of_the_chosen_one(sending: Sending) -> None:
    drafted(sending, enforced_from="all@relay.example.org")
    found = forecast_for(SenderDomain.objects.get(name=NAME))

    assert (found.spf.outlook, found.spf.aligned) == (Outlook.PASSES, False)
    assert found.dmarc.outlook is Outlook.UNKNOWN
    assert "another domain than relay.example.org" in found.spf.sentence


def test_a_return_path_that_the_server_sets_whole_is_judged(sending: Sending) -> None:
    drafted(sending, mfrom_domain="bounces@elsewhere.example")
    found = forecast_for(SenderDomain.objects.get(name=NAME))

    assert (found.spf.domain, found.spf.outlook) == ("elsewhere.example", Outlook.UNKNOWN)
    assert (found.dkim.outlook, found.dmarc.outlook) == (Outlook.PASSES, Outlook.PASSES)
    assert f"DKIM vouches for {NAME}" in found.dmarc.sentence


def test_an_enabled_domain_in_warning_is_judged_by_what_was_found_last(sending: Sending) -> None:
    drafted(sending)
    DomainRecord.objects.filter(host=f"key1._domainkey.{NAME}").update(
        state="not_yet", finding="Nothing is there.", advice="Publish it."
    )
    DomainRecord.objects.filter(host=f"sl.{NAME}").update(state="could_not_check")
    found = forecast_for(SenderDomain.objects.get(name=NAME))

    assert found.spf.outlook is Outlook.UNKNOWN  # a failed look-up says nothing
    assert (found.dkim.outlook, found.dkim.next_step) == (Outlook.FAILS, "Publish it.")
    assert found.dmarc.sentence.startswith("It depends on SPF")


def test_a_strict_policy_of_the_domains_own_is_known_and_told(sending: Sending) -> None:
    drafted(sending, "Octeth classic")
    domain = SenderDomain.objects.get(name=NAME)
    DomainRecord.objects.create(
        account=sending.account, domain=domain, position=9, host=f"_dmarc.{NAME}", type="CNAME",
        value="_dmarc.mailer.example.net", purpose="dmarc", state="wrong",
        seen=["TXT v=DMARC1; p=quarantine; aspf=s; adkim=s"],
    )  # fmt: skip
    found = forecast_for(domain)

    assert (found.spf.outlook, found.spf.aligned) == (Outlook.PASSES, False)
    assert "exact names only (aspf=s)" in found.spf.sentence
    assert (found.dmarc.outlook, found.policy) == (Outlook.FAILS, "quarantine")
    assert "spam folder" in found.dmarc.sentence


def test_the_lists_sender_is_judged_where_it_becomes_from(sending: Sending) -> None:
    other = domains.add(SYSTEM, sending.account, "second.example")
    SenderDomain.objects.filter(pk=other.pk).update(status="enabled", proven=True)
    sending.list.sender_address = "club@second.example"
    sending.list.save()
    campaign = drafted(sending, sender_info_as_from=True)
    with access.tenant(sending.account):
        found = reviews.forecast(reviews.draft_of(campaign))

    assert found.dkim.domain == "second.example"
    assert found.dkim.outlook is Outlook.UNKNOWN  # its records were never checked
    assert "has never been looked up" in found.dkim.sentence


def test_a_free_from_address_is_told_what_is_not_known(sending: Sending) -> None:
    services.change_group(SYSTEM, sending.account.group, sender_domain_management=False)
    sending.account.group.refresh_from_db()
    campaign = make_draft(sending, from_address="me@elsewhere.example", sender_domain=None)
    found = reviews.forecast(reviews.draft_of(campaign))
    assert found.spf.domain == "mailer.example.net"
    assert [one.outlook for one in found.mechanisms] == [Outlook.UNKNOWN] * 3


@pytest.mark.django_db(transaction=True)
def test_a_shell_tells_the_same(account: Account, child_environment: dict[str, str]) -> None:
    with access.across_tenants():
        drafted(make_sending(account, members=1))
    command = [sys.executable, "-m", "posthouse.cli.app", "domains", "forecast", NAME]
    run = [
        subprocess.run([*command, *more], env=child_environment, capture_output=True, check=False)
        for more in ([], ["--json"])
    ]
    assert [done.returncode for done in run] == [0, 0], run
    lines = run[0].stdout.decode()
    assert f"SPF   will pass       sl.{NAME} leads to mailer.example.net." in lines
    (told,) = json.loads(run[1].stdout)
    assert (told["domain"], told["dmarc"]["outlook"]) == (NAME, "passes")
    assert told["dkim"]["sentence"] in lines

    with access.across_tenants():
        SenderDomain.objects.update(status="disabled")
    refused = subprocess.run(command, env=child_environment, capture_output=True, check=False)
    assert refused.returncode == 2
    assert b"only an Enabled domain may send" in refused.stderr
