"""Suspended and disabled accounts: the reason reaches their people, and nothing more is sent."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from posthouse.accounts import access, standing
from posthouse.accounts.actors import SYSTEM, member_of
from posthouse.accounts.models import Account, AuditRecord, Notice, Role, User
from posthouse.accounts.permissions import NotAllowed
from posthouse.campaigns import services as campaigns
from posthouse.deliveries import outbox
from posthouse.deliveries.fan_out import fan_out_next
from posthouse.housekeeping import events
from tests import factories
from tests.campaigns import make_draft
from tests.sending import make_sending

SignIn = Callable[[User], Client]
WHY = "The last bill is not paid."


def home_of(account: Account) -> str:
    return reverse("account-home", args=[account.slug])


@pytest.mark.parametrize(("page", "status"), [("suspend", "suspended"), ("disable", "disabled")])
def test_an_operator_stops_an_account_with_a_reason_and_lets_it_go_on(
    account: Account, boss: User, client_of: SignIn, page: str, status: str
) -> None:
    client = client_of(boss)
    address = reverse(f"operator-accounts:{page}", args=[account.public_id])
    assert client.post(address, {"reason": "  "}).status_code == 200
    account.refresh_from_db()
    assert account.status == "active"

    client.post(address, {"reason": WHY})
    account.refresh_from_db()
    assert (account.status, account.status_reason) == (status, WHY)
    shown = client.get(reverse("operator-accounts:account", args=[account.public_id]))
    assert WHY in shown.content.decode()

    client.post(reverse("operator-accounts:activate", args=[account.public_id]))
    account.refresh_from_db()
    assert (account.status, account.status_reason) == ("active", "")
    assert AuditRecord.objects.filter(verb="account.status").count() == 2


def test_a_disabled_account_shows_its_people_the_reason_and_nothing_else(
    account: Account, owner: User, client_of: SignIn
) -> None:
    standing.change(SYSTEM, account, "disabled", WHY)
    response = client_of(owner).get(home_of(account))
    assert response.status_code == 403
    assert f"The operator says: {WHY}" in response.content.decode()


def test_a_stranger_learns_nothing_of_a_disabled_account(
    account: Account, stranger: User, client_of: SignIn
) -> None:
    standing.change(SYSTEM, account, "disabled", WHY)
    response = client_of(stranger).get(home_of(account))
    assert response.status_code == 404
    assert WHY not in response.content.decode()


def test_owners_and_managers_are_told_by_mail_and_viewers_are_not(
    account: Account, owner: User, manager: User, viewer: User
) -> None:
    standing.change(SYSTEM, account, "suspended", WHY)
    standing.change(SYSTEM, account, "suspended", WHY)  # no news
    with access.across_tenants():
        assert events.handle_some()
        told = list(Notice.objects.filter(account=account))
    assert {one.user for one in told} == {owner, manager}
    assert all(one.subject == "Harbour Books was suspended" and WHY in one.text for one in told)


def test_a_running_campaign_pauses_with_the_reason(account: Account) -> None:
    with access.tenant(account):
        campaign = campaigns.send_now(SYSTEM, make_draft(make_sending(account, members=3)))
    standing.change(SYSTEM, account, "disabled", WHY)
    with access.across_tenants():
        while fan_out_next():
            pass
        assert outbox.claim_next("engine", 1) is None
        assert events.handle_some()
        campaign.refresh_from_db()
    assert campaign.state == "paused"
    assert WHY in campaign.reason


def test_only_operators_stop_accounts_and_only_with_a_reason_that_fits(account: Account) -> None:
    owner = member_of(factories.make_member(account, role=Role.OWNER), account)
    assert owner is not None
    with pytest.raises(NotAllowed):
        standing.change(owner, account, "active")
    for reason in ("", " \n", "x" * 301):
        with pytest.raises(ValidationError, match="reason"):
            standing.change(SYSTEM, account, "suspended", reason)
    with pytest.raises(ValueError, match="blocked"):
        standing.change(SYSTEM, account, "blocked", WHY)
