"""What one account has of its own beside what it shares: servers, DNS template, sender domains."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from posthouse.accounts import access, services
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account, User
from posthouse.core.channels import Channel
from posthouse.domains import services as domains
from posthouse.servers import services as servers
from posthouse.servers.queries import routing_of
from tests.sending import make_server

SignIn = Callable[[User], Client]


def test_an_account_gets_a_server_to_itself_beside_one_that_shares(
    account: Account, other_account: Account, boss: User, client_of: SignIn
) -> None:
    client = client_of(boss)
    shared, own = make_server(name="Shared EU"), make_server(name="Only Harbour")
    servers.allocate(SYSTEM, shared, "marketing", account.group)
    address = reverse("operator-servers:account-routing", args=[account.public_id])
    assert "As the group: Shared EU" in client.get(address).content.decode()

    client.post(address, {"marketing": own.public_id})

    assert routing_of(account) == {Channel.MARKETING: own}
    assert "Nobody else is allocated Only Harbour" in client.get(address).content.decode()
    one, other = (
        client.get(reverse("operator-accounts:account", args=[row.public_id])).content.decode()
        for row in (account, other_account)
    )
    assert "Shared EU, not used" in one
    assert "Only Harbour" not in other
    assert "with 1 more" in other
    listed = client.get(reverse("operator-accounts:accounts")).content.decode()
    assert "Its own: Only Harbour (marketing)" in " ".join(listed.split())

    client.post(address, {"marketing": ""})
    assert routing_of(account) == {}


def test_a_server_that_others_use_is_called_no_environment_of_its_own(
    account: Account, boss: User, client_of: SignIn
) -> None:
    server = make_server(name="Crowded")
    servers.allocate(SYSTEM, server, "transactional", account.group)
    servers.allocate(SYSTEM, server, "marketing", account)
    address = reverse("operator-servers:account-routing", args=[account.public_id])
    assert "Others are allocated Crowded, too" in client_of(boss).get(address).content.decode()


def test_a_retired_server_is_not_offered(account: Account, boss: User, client_of: SignIn) -> None:
    server = make_server(name="Old")
    servers.retire(SYSTEM, server)
    address = reverse("operator-servers:account-routing", args=[account.public_id])
    response = client_of(boss).post(address, {"marketing": server.public_id})
    assert response.context["form"].errors["marketing"]


def test_an_accounts_own_dns_template_and_number_of_domains_go_before_its_groups(
    account: Account, other_account: Account, boss: User, client_of: SignIn
) -> None:
    services.change_group(SYSTEM, account.group, sender_domains_limit=1)
    address = reverse("operator-accounts:account", args=[account.public_id])
    values = {
        "name": account.name,
        "group": account.group.public_id,
        "time_zone": "UTC",
        "campaign_dns_template": "Octeth classic",
        "sender_domains_limit": "2",
    }
    assert client_of(boss).post(address, values).status_code == 302
    for row, template, most in ((account, "Octeth classic", 2), (other_account, "Default", 1)):
        row.refresh_from_db()
        with access.tenant(row):
            for number in range(most):
                added = domains.add(SYSTEM, row, f"shop{number}.{row.slug}.example")
                assert added.template == template
            with pytest.raises(ValidationError, match=f"at most {most}"):
                domains.add(SYSTEM, row, f"more.{row.slug}.example")


@pytest.mark.parametrize("typed", ["-1", "0x1A", "1e3", "٣", "9" * 30])
def test_an_accounts_number_of_domains_is_digits_or_refused(
    account: Account, boss: User, client_of: SignIn, typed: str
) -> None:
    address = reverse("operator-accounts:account", args=[account.public_id])
    values = {"name": "x", "group": account.group.public_id, "time_zone": "UTC"}
    response = client_of(boss).post(address, values | {"sender_domains_limit": typed})
    assert response.context["form"].errors["sender_domains_limit"]


def test_a_template_that_the_file_lacks_is_refused_for_an_account(account: Account) -> None:
    with pytest.raises(ValidationError, match="no campaign template Nothing like it"):
        services.change_account(SYSTEM, account, campaign_dns_template="Nothing like it")
