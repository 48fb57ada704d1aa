"""A domain's own host names: what the DNS template cannot take is said beside the field."""

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
