"""A domain's own host names: what the DNS template cannot take is said beside the field."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account, User
from posthouse.domains import services
from posthouse.domains.models import DomainRecord, SenderDomain
from tests.campaigns import make_draft
from tests.sending import make_sending

RECORDS = [
    ("{subdomain}._SenderDomain_", "mailer.example.net", "return-path"),
    ("assets-sl._SenderDomain_", "cdn.example.net", "other"),
    ("{track_prefix}{merge}{subdomain}._SenderDomain_", "track.example.net", "tracking"),
]


def template_file(shipped: Path) -> str:
    """The file that is shipped, with a CNAME in Default that a tracking prefix can come to."""
    lines = "".join(
        f'{{ host = "{host}", type = "CNAME", value = "{value}", purpose = "{purpose}" }},\n'
        for host, value, purpose in RECORDS
    )
    system = shipped.read_text().partition("[system]")[2]
    return f'[campaign."Default"]\nrecords = [\n{lines}]\n[system]{system}'


@pytest.fixture
def assets(settings: Any, tmp_path: Path) -> None:
    file = tmp_path / "dns.toml"
    file.write_text(template_file(settings.DNS_CONFIG))
    settings.DNS_CONFIG = file


@pytest.fixture
def client(owner: User, client_of: Callable[[User], Client]) -> Client:
    return client_of(owner)


def added(account: Account, name: str = "mail.example.com") -> SenderDomain:
    with access.tenant(account):
        return services.add(SYSTEM, account, name)


def state_of(domain: SenderDomain) -> tuple[object, ...]:
    with access.across_tenants():
        row = SenderDomain.objects.get(pk=domain.pk)
        hosts = DomainRecord.objects.filter(domain=row).values_list("host", flat=True)
        return (row.status, row.random, row.track_prefix, row.subdomain, *hosts)


def options(account: Account, domain: SenderDomain) -> str:
    return f"/a/{account.slug}/settings/domains/{domain.public_id}/options/"


@pytest.mark.usefixtures("assets")
def test_a_prefix_that_brings_two_cnames_to_one_host_is_refused_beside_its_field(
    client: Client, account: Account
) -> None:
    domain = added(account)
    before = state_of(domain)
    values = {"tracking_subdomain": "on", "track_prefix": "assets"}
    answer = client.post(options(account, domain), values)

    assert "track_prefix" in answer.context["form"].errors
    assert "assets-sl.mail.example.com would have two CNAME records" in answer.content.decode()
    assert state_of(domain) == before


@pytest.mark.usefixtures("assets")
def test_a_clash_by_the_installations_names_is_told_where_the_domain_is_added(
    client: Client, account: Account, settings: Any
) -> None:
    settings.DNS_TRACK_PREFIX = "assets"
    page = f"/a/{account.slug}/settings/domains/new/"
    answer = client.post(page, {"name": "mail.example.com"})

    assert "two CNAME records" in answer.content.decode()
    with access.tenant(account):
        assert not SenderDomain.objects.exists()


def test_a_label_too_long_for_a_long_domain_is_told_beside_its_field(
    client: Client, account: Account
) -> None:
    domain = added(account, ".".join(["a" * 50] * 4) + ".example.com")  # 215 characters
    before = state_of(domain)
    values = {"tracking_subdomain": "on", "subdomain": "b" * 32}
    answer = client.post(options(account, domain), values)

    assert "longer than 253 characters" in answer.content.decode()
    assert "subdomain" in answer.context["form"].errors
    assert state_of(domain) == before


def test_what_the_installation_has_wrong_is_told_above_the_form(
    client: Client, account: Account, settings: Any
) -> None:
    domain = added(account)
    settings.DNS_TRACK_MERGE = "+"
    answer = client.post(options(account, domain), {"tracking_subdomain": "on", "subdomain": "b"})

    assert answer.status_code == 200
    assert "Use a hyphen, a dot, or nothing." in answer.content.decode()


# --- what the options page says before anything is saved ------------------------------------------


def preview(client: Client, account: Account, domain: SenderDomain, **typed: str) -> str:
    answer = client.get(f"{options(account, domain)}preview/", typed)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def test_typed_names_show_their_hosts_records_and_consequence_and_change_nothing(
    client: Client, account: Account
) -> None:
    domain = added(account)
    before = state_of(domain)
    text = preview(
        client, account, domain, subdomain="Bounce", track_prefix="go", tracking_subdomain="on"
    )

    assert "go-bounce.mail.example.com" in text
    assert "key1._domainkey.bounce.mail.example.com" in text
    assert "new-label.bounce.mail.example.com" in text
    assert "a new token" in text
    assert "stays Approval Pending" in text
    assert "No campaign uses it now" in text
    assert state_of(domain) == before


def test_an_enabled_domain_is_said_to_go_back_and_by_whom_it_is_used(
    client: Client, account: Account
) -> None:
    with access.tenant(account):
        sending = make_sending(account, members=1)
        make_draft(sending)
    text = preview(client, account, sending.domain, subdomain="b", tracking_subdomain="on")
    assert "goes back to Approval Pending" in text
    assert "It is used by" in text


def test_the_same_names_change_nothing(client: Client, account: Account) -> None:
    text = preview(client, account, added(account), tracking_subdomain="on")
    assert "sl.mail.example.com" in text
    assert "made anew" not in text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("-x", "no hyphen at either end"),
        ("x-", "no hyphen at either end"),
        ("a" * 33, "at most 32 characters"),
        ("a b", "letters, digits and hyphens"),
        ("a.b", "letters, digits and hyphens"),
        ("ü", "letters, digits and hyphens"),
        ("<b>", "letters, digits and hyphens"),
    ],
)
@pytest.mark.parametrize("field", ["subdomain", "track_prefix"])
def test_the_preview_knows_the_rules_that_saving_has(
    client: Client, account: Account, field: str, typed: str, words: str
) -> None:
    domain = added(account)
    values = {field: typed, "tracking_subdomain": "on"}
    assert words in preview(client, account, domain, **values)
    answer = client.post(options(account, domain), values)
    assert words in answer.content.decode()
    assert field in answer.context["form"].errors


def test_an_empty_field_shows_the_installations_name(
    client: Client, account: Account, settings: Any
) -> None:
    settings.DNS_SUBDOMAIN = "post"
    page = client.get(options(account, added(account))).content.decode()
    assert 'placeholder="post"' in page
    assert 'placeholder="track"' in page
    assert "post.mail.example.com" in page
