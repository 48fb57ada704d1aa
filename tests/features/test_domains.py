"""Sender domains through pages and API: add, publish in real DNS, verify, take over, change."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from typer.testing import CliRunner

from posthouse.accounts import access, services
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.dns_configuration import configuration, problem
from posthouse.accounts.models import Account, AuditRecord, User
from posthouse.campaigns.models import Campaign
from posthouse.cli.app import app
from posthouse.domains.models import DomainRecord, SenderDomain
from tests.sending import make_sending

if TYPE_CHECKING:
    from tests.features.dns_servers import DnsWorld

pytest_plugins = ["tests.features.dns_servers"]
MASTER = ["mailer A 192.0.2.1", "track.mailer A 192.0.2.2", '_dmarc.mailer TXT "v=DMARC1; p=none"']
KEY = 'key1._domainkey.mailer TXT "k=rsa; p=AAAA"'


@pytest.fixture
def world(dns_world: "DnsWorld", settings: Any) -> "DnsWorld":
    settings.DNS_RESOLVERS = (f"127.0.0.1:{dns_world.resolver[1]}",)
    settings.DNS_AUTHORITY_PORT = dns_world.authority[1]
    dns_world.set_zone("example.net", [*MASTER, KEY])
    return dns_world


@pytest.fixture
def client(owner: User, client_of: Callable[[User], Client]) -> Client:
    return client_of(owner)


@pytest.fixture
def base(account: Account) -> str:
    return f"/a/{account.slug}/settings/domains/"


def row(name: str, account: Account) -> SenderDomain:
    with access.tenant(account):
        return SenderDomain.objects.get(name=name)


def published(domain: SenderDomain) -> list[str]:
    """The domain's records as lines of a zone file."""
    with access.across_tenants():
        rows = list(DomainRecord.objects.filter(domain=domain))
    return [
        f'{r.host}. {r.type} "{r.value}"' if r.type == "TXT" else f"{r.host}. {r.type} {r.value}."
        for r in rows
    ]


def add(client: Client, base: str, name: str) -> str:
    """The page of the new domain."""
    response = client.post(f"{base}new/", {"name": name})
    assert response.status_code == 302, response.content.decode()
    return str(response["Location"])


def test_from_the_form_to_enabled(
    client: Client, base: str, account: Account, world: "DnsWorld"
) -> None:
    page = add(client, base, "Mail.Reader.EXAMPLE.com.")
    domain = row("mail.reader.example.com", account)
    text = client.get(page).content.decode()
    assert "Approval Pending" in text
    assert "HX-Refresh" not in client.get(f"{page}status/").headers
    assert all(record in text for record in ("sl.mail.reader.example.com", "key1._domainkey"))

    world.set_zone("reader.example.com", published(domain))
    answer = client.post(f"{page}verify/", follow=True).content.decode()

    assert "is Enabled" in answer
    assert client.get(f"{page}status/").headers["HX-Refresh"] == "true"
    assert row("mail.reader.example.com", account).status == SenderDomain.Status.ENABLED
    assert AuditRecord.objects.filter(verb="domain.verify", account=account).exists()


def test_a_missing_record_is_named_and_the_domain_waits(
    client: Client, base: str, account: Account, world: "DnsWorld"
) -> None:
    page = add(client, base, "mail.halfway.example.com")
    domain = row("mail.halfway.example.com", account)
    world.set_zone("halfway.example.com", published(domain)[1:])
    client.post(f"{page}verify/")
    domain.refresh_from_db()
    with access.across_tenants():
        states = dict(domain.records.values_list("host", "state"))

    assert domain.status == SenderDomain.Status.PENDING
    assert states.pop("sl.mail.halfway.example.com") == "not_yet"
    assert set(states.values()) == {"ok"}
    assert "Not yet" in client.get(page).content.decode()


def test_looking_at_pages_changes_nothing(client: Client, base: str, account: Account) -> None:
    page = add(client, base, "mail.looking.example.com")
    before = AuditRecord.objects.count(), row("mail.looking.example.com", account).__dict__
    for path in ("", "status/", "options/", "history/", "zone/"):
        assert client.get(f"{page}{path}").status_code in {200, 286}
    after = AuditRecord.objects.count(), row("mail.looking.example.com", account).__dict__

    before[1].pop("_state"), after[1].pop("_state")
    assert before == after


@pytest.mark.parametrize(
    "name",
    ["localhost", "192.0.2.1", "co.uk", "example", "a b.example.com", "x" * 300 + ".com", "", "-"],
)
def test_a_name_that_is_no_domain_is_refused_beside_the_field(
    client: Client, base: str, account: Account, name: str
) -> None:
    response = client.post(f"{base}new/", {"name": name})

    assert response.status_code == 200
    assert "invalid-feedback" in response.content.decode()
    with access.tenant(account):
        assert not SenderDomain.objects.exists()


def test_a_duplicate_is_refused_in_any_spelling(client: Client, base: str) -> None:
    add(client, base, "mail.bücher.example")
    response = client.post(f"{base}new/", {"name": "MAIL.XN--BCHER-KVA.example"})

    assert "already one of your sender domains" in response.content.decode()


def test_the_limit_of_the_group_is_kept(client: Client, base: str, account: Account) -> None:
    services.change_group(SYSTEM, account.group, sender_domains_limit=1)
    add(client, base, "one.example.com")
    response = client.post(f"{base}new/", {"name": "two.example.com"})

    assert "1 of at most 1 sender domains" in response.content.decode()


def test_an_empty_template_enables_at_once_and_gives_way_to_a_proof(
    client: Client, base: str, account: Account, other_account: Account, world: "DnsWorld"
) -> None:
    services.change_group(SYSTEM, account.group, campaign_dns_template="Empty")
    add(client, base, "mail.claimed.example.com")
    unproven = row("mail.claimed.example.com", account)
    assert unproven.status == SenderDomain.Status.ENABLED

    services.change_group(SYSTEM, account.group, campaign_dns_template="Default")
    other_account.refresh_from_db()
    with access.tenant(other_account):
        from posthouse.domains import checking
        from posthouse.domains.services import add as add_domain

        rival = add_domain(SYSTEM, other_account, "mail.claimed.example.com")
        world.set_zone("claimed.example.com", published(rival))
        rival = checking.verify(SYSTEM, rival)
    unproven.refresh_from_db()

    assert rival.status == SenderDomain.Status.ENABLED
    assert unproven.status == SenderDomain.Status.PENDING


def test_a_proven_domain_is_not_taken_over(
    client: Client, base: str, account: Account, other_account: Account, world: "DnsWorld"
) -> None:
    page = add(client, base, "mail.proven.example.com")
    mine = row("mail.proven.example.com", account)
    world.set_zone("proven.example.com", published(mine))
    client.post(f"{page}verify/")
    with access.tenant(other_account):
        from posthouse.domains import checking
        from posthouse.domains.errors import NameHeld
        from posthouse.domains.services import add as add_domain

        rival = add_domain(SYSTEM, other_account, "mail.proven.example.com")
        rivals = [line for line in published(rival) if "TXT" in line]
        world.set_zone("proven.example.com", [*published(mine), *rivals])
        with pytest.raises(NameHeld, match="another account"):
            checking.verify(SYSTEM, rival)
        rival.refresh_from_db()

    assert rival.status == SenderDomain.Status.PENDING
    assert row("mail.proven.example.com", account).status == SenderDomain.Status.ENABLED


def test_records_left_from_one_account_prove_nothing_for_the_next(
    client: Client, base: str, account: Account, other_account: Account, world: "DnsWorld"
) -> None:
    page = add(client, base, "mail.left.example.com")
    mine = row("mail.left.example.com", account)
    world.set_zone("left.example.com", published(mine))
    client.post(f"{page}verify/")
    client.post(f"{page}delete/")
    with access.tenant(other_account):
        from posthouse.domains import checking
        from posthouse.domains.services import add as add_domain

        rival = checking.verify(SYSTEM, add_domain(SYSTEM, other_account, "mail.left.example.com"))

    assert rival.status == SenderDomain.Status.PENDING


def test_changed_host_names_make_new_records_and_revert_to_pending(
    client: Client, base: str, account: Account, world: "DnsWorld"
) -> None:
    page = add(client, base, "mail.changed.example.com")
    world.set_zone("changed.example.com", published(row("mail.changed.example.com", account)))
    client.post(f"{page}verify/")
    client.post(f"{page}options/", {"subdomain": "bounce", "tracking_subdomain": "on"})
    domain = row("mail.changed.example.com", account)

    assert domain.status == SenderDomain.Status.PENDING
    assert domain.mfrom_host == "bounce.mail.changed.example.com"


def test_saving_the_same_names_keeps_the_domain_enabled(
    client: Client, base: str, account: Account
) -> None:
    services.change_group(SYSTEM, account.group, campaign_dns_template="Empty")
    page = add(client, base, "mail.options.example.com")
    before = row("mail.options.example.com", account).random
    client.post(f"{page}options/", {"tracking_subdomain": "on"})
    domain = row("mail.options.example.com", account)

    assert (domain.status, domain.random) == (SenderDomain.Status.ENABLED, before)


def test_the_names_of_a_suspended_domain_stay(
    client: Client, base: str, account: Account, boss: User, client_of: Callable[[User], Client]
) -> None:
    page = add(client, base, "mail.stopped.example.com")
    domain = row("mail.stopped.example.com", account)
    client_of(boss).post(
        f"/operator/sender-domains/{domain.public_id}/switch/", {"to": "suspended"}
    )
    answer = client.post(f"{page}options/", {"subdomain": "other", "tracking_subdomain": "on"})

    assert "is Suspended" in answer.content.decode()
    assert row("mail.stopped.example.com", account).mfrom_host.startswith("sl.")


def test_a_bad_label_is_refused_and_nothing_changes(
    client: Client, base: str, account: Account
) -> None:
    page = add(client, base, "mail.label.example.com")
    before = row("mail.label.example.com", account).random
    response = client.post(f"{page}options/", {"subdomain": "-bad-", "tracking_subdomain": "on"})

    assert "letters, digits and hyphens" in response.content.decode()
    assert row("mail.label.example.com", account).random == before


def test_disable_and_enable_and_the_operators_suspension(
    client: Client,
    base: str,
    account: Account,
    boss: User,
    client_of: Callable[[User], Client],
) -> None:
    services.change_group(SYSTEM, account.group, campaign_dns_template="Empty")
    page = add(client, base, "mail.switch.example.com")
    domain = row("mail.switch.example.com", account)
    operator = client_of(boss)
    url = f"/operator/sender-domains/{domain.public_id}/switch/"
    seen = []
    for who, address, to in (
        (client, f"{page}switch/", "disabled"),
        (client, f"{page}switch/", "enabled"),
        (operator, url, "suspended"),
        (client, f"{page}switch/", "enabled"),
        (operator, url, "active"),
    ):
        who.post(address, {"to": to})
        seen.append(row("mail.switch.example.com", account).status)

    assert seen == ["disabled", "enabled", "suspended", "suspended", "enabled"]
    assert "mail.switch.example.com" in operator.get("/operator/sender-domains/").content.decode()
    assert "Octeth classic" in operator.get("/operator/dns-templates/").content.decode()


def test_the_operator_is_asked_before_a_suspension_and_finds_domains_by_state_and_name(
    client: Client, base: str, account: Account, boss: User, client_of: Callable[[User], Client]
) -> None:
    services.change_group(SYSTEM, account.group, campaign_dns_template="Empty")
    add(client, base, "mail.asked.example.com")
    domain = row("mail.asked.example.com", account)
    operator = client_of(boss)
    asked = operator.get(f"/operator/sender-domains/{domain.public_id}/switch/").content.decode()
    assert "Suspend mail.asked.example.com" in asked
    assert row("mail.asked.example.com", account).status == "enabled"
    for narrowed, found in (
        ("?state=enabled&q=asked", True),
        ("?state=suspended", False),
        ("?q=nobody", False),
    ):
        listed = operator.get(f"/operator/sender-domains/{narrowed}").content.decode()
        assert ("mail.asked.example.com" in listed) is found


def test_a_template_that_serves_both_kinds_of_mail_is_shown_once_with_its_groups(
    account: Account, boss: User, client_of: Callable[[User], Client]
) -> None:
    page = client_of(boss).get("/operator/dns-templates/").content.decode()
    assert page.count("For campaigns and the e-mail gateway") == 4
    assert account.group.name in page


def test_a_domain_never_verified_cannot_be_enabled_by_hand(
    client: Client, base: str, account: Account
) -> None:
    page = add(client, base, "mail.never.example.com")
    answer = client.post(f"{page}switch/", {"to": "enabled"}, follow=True).content.decode()

    assert "as soon as all its records pass" in answer
    assert row("mail.never.example.com", account).status == SenderDomain.Status.PENDING


def test_the_zone_file_holds_every_record(client: Client, base: str, account: Account) -> None:
    page = add(client, base, "mail.zone.example.com")
    zone = client.get(f"{page}zone/").content.decode()

    assert zone.count("CNAME") == 6
    assert zone.count("TXT") == 1


def test_the_api_does_what_the_pages_do(
    account: Account, api_of: Callable[..., Client], world: "DnsWorld"
) -> None:
    api = api_of(account)
    made = api.post(
        "/api/v1/domains", {"name": "mail.api.example.com"}, content_type="application/json"
    )
    assert made.status_code == 201
    address = f"/api/v1/domains/{made.json()['id']}"
    world.set_zone("api.example.com", published(row("mail.api.example.com", account)))

    assert api.post(f"{address}/verify").json()["status"] == "enabled"
    assert api.get("/api/v1/domains").json()["items"][0]["name"] == "mail.api.example.com"
    changed = api.patch(address, {"subdomain": "bounce"}, content_type="application/json")
    assert changed.json()["mfrom_host"] == "bounce.mail.api.example.com"
    assert changed.json()["tracking_host"] == "track-bounce.mail.api.example.com"
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404
    again = api.post("/api/v1/domains", {"name": "localhost"}, content_type="application/json")
    assert again.status_code == 422
    assert again.json()["fields"][0]["field"] == "name"


def test_with_the_feature_off_there_is_no_page_and_nothing_can_be_added(
    client: Client, base: str, account: Account, api_of: Callable[..., Client]
) -> None:
    page = add(client, base, "mail.on.example.com")
    home = f"/a/{account.slug}/"
    assert base in client.get(home).content.decode()
    services.change_group(SYSTEM, account.group, sender_domain_management=False)

    for address in (base, page, *(f"{page}{tab}/" for tab in ("keys", "options", "zone"))):
        assert client.get(address).status_code == 404
    assert client.get(f"{base}new/").status_code == 404
    assert client.post(f"{base}new/", {"name": "mail.off.example.com"}).status_code == 404
    assert base not in client.get(home).content.decode()
    api = api_of(account)
    answer = api.post("/api/v1/domains", {"name": "a.example.com"}, content_type="application/json")
    assert answer.status_code == 409
    assert "has the feature off" in answer.content.decode()
    command = ["domains", "add", "mail.off.example.com", "--account", account.slug]
    done = CliRunner().invoke(app, command)
    assert (done.exit_code, "has the feature off" in done.stderr) == (2, True)
    with access.tenant(account):
        assert SenderDomain.objects.count() == 1


@pytest.fixture
def dns_file(tmp_path: Path, settings: Any) -> Path:
    path = tmp_path / "dns.toml"
    path.write_text(Path(settings.DNS_CONFIG).read_text())
    settings.DNS_CONFIG = path
    return path


def test_a_broken_template_file_keeps_the_last_good_one_and_says_the_line(dns_file: Path) -> None:
    assert "Default" in configuration().campaign
    text = dns_file.read_text()
    dns_file.write_text(text.replace('type = "TXT"', 'type = "TEXT"', 1))

    assert "Default" in configuration().campaign
    assert "line" in problem().lower()
    dns_file.write_text(text)
    assert problem() == ""


def test_a_template_file_that_is_put_back_as_it_was_is_not_broken(dns_file: Path) -> None:
    assert problem() == ""
    kept = dns_file.rename(dns_file.with_suffix(".kept"))
    dns_file.write_text("[campaign")
    assert "line 1" in problem()
    kept.rename(dns_file)  # with the time of its last change
    assert problem() == ""
    dns_file.unlink()
    assert "No such file" in problem()
    assert "Default" in configuration().campaign


def test_a_domain_that_a_campaign_is_sent_from_is_not_deleted(
    client: Client, base: str, account: Account
) -> None:
    with access.across_tenants():
        sending = make_sending(account, members=1)
        Campaign.objects.create(
            account=account,
            name="Autumn",
            state=Campaign.State.SENDING,
            sender_domain=sending.domain,
            content=sending.content,
        )
    url = f"{base}{sending.domain.public_id}/delete/"
    answer = client.post(url, follow=True).content.decode()

    assert "the campaign “Autumn”" in answer
    assert row(sending.domain.name, account).status == SenderDomain.Status.ENABLED
