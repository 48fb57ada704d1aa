"""Limits on pages and in verbs: strict numbers, an account's own, bars, a held campaign."""

from collections.abc import Callable, Iterator

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from posthouse.accounts import access, services
from posthouse.accounts.actors import SYSTEM, member_of
from posthouse.accounts.limits import HIGHEST, limits_of
from posthouse.accounts.models import Account, AuditRecord, User, UserGroup
from posthouse.accounts.permissions import NotAllowed
from posthouse.campaigns import services as campaigns
from posthouse.campaigns.errors import NoRoute
from posthouse.campaigns.models import Campaign
from posthouse.core.delivery.replies import Stage
from posthouse.core.delivery.states import Result
from posthouse.core.routing.quotas import Kind
from posthouse.core.smtp.messages import Outcome
from posthouse.deliveries import outbox, windows
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.fan_out import fan_out_next
from posthouse.housekeeping import events
from tests.campaigns import make_draft
from tests.sending import Sending, make_sending

ClientOf = Callable[[User], Client]
NOT_A_NUMBER = ["-1", "0x1A", "1e3", "5.0", "1_000", "٣", "5000000000", "many", "9" * 30, "1 000"]


@pytest.fixture
def sending(account: Account) -> Iterator[Sending]:
    with access.tenant(account):
        yield make_sending(account, members=8)


def send(sending: Sending, **values: object) -> Campaign:
    """Sends a campaign as far as the account's limits let it."""
    campaign = campaigns.send_now(SYSTEM, make_draft(sending, **values))
    with access.across_tenants():
        while fan_out_next():
            pass
        deliver()
    campaign.refresh_from_db()
    return campaign


def deliver() -> None:
    while held := outbox.claim_next("engine", 7):
        taken = [Outcome(p.id, Result.ACCEPTED, Stage.END, 250, "", "Ok") for p in held.parcels]
        outbox.settle("engine", 7, taken)
        outbox.release(7)
    while events.handle_some():
        pass


# ------------------------------------------------------------------------------------------- verbs


@pytest.mark.parametrize("value", [-1, "0x1A", "100", 5.0, True, HIGHEST + 1, float("nan")])
def test_a_limit_is_a_whole_number_or_refused(account: Account, value: object) -> None:
    for set_limit in (
        lambda: services.change_group(SYSTEM, account.group, monthly_limit=value),
        lambda: services.change_account(SYSTEM, account, monthly_limit=value),
    ):
        with pytest.raises(ValidationError) as refused:
            set_limit()
        assert list(refused.value.message_dict) == ["monthly_limit"]
    account = Account.objects.get()
    assert (account.monthly_limit, account.group.monthly_limit) == (None, 0)


def test_a_group_has_no_group_to_inherit_from(group: UserGroup) -> None:
    with pytest.raises(ValidationError):
        services.change_group(SYSTEM, group, daily_limit=None)


def test_an_account_inherits_what_it_has_not_of_its_own(account: Account) -> None:
    services.change_group(SYSTEM, account.group, daily_limit=100, monthly_limit=1000)
    services.change_account(SYSTEM, account, daily_limit=0, lifetime_limit=7)
    account.refresh_from_db()
    assert limits_of(account) == {Kind.MONTHLY: 1000, Kind.LIFETIME: 7}
    services.change_account(SYSTEM, account, daily_limit=None)
    assert limits_of(account)[Kind.DAILY] == 100
    record = AuditRecord.objects.filter(verb="account.change").latest("pk")
    assert (record.before, record.after) == ({"daily_limit": 0}, {"daily_limit": None})


def test_owners_cannot_raise_their_own_limits(account: Account, owner: User) -> None:
    actor = member_of(owner, account)
    assert actor is not None
    with pytest.raises(NotAllowed):
        services.change_account(actor, account, daily_limit=0)


# ------------------------------------------------------------------------------------------- pages


def test_an_operator_sets_the_limits_of_a_group(
    client_of: ClientOf, boss: User, group: UserGroup
) -> None:
    address = f"/operator/groups/{group.public_id}/limits/"
    values = {"daily_limit": "500", "monthly_limit": "", "lifetime_limit": " 0 "}
    assert client_of(boss).post(address, values).status_code == 302
    group.refresh_from_db()
    assert (group.daily_limit, group.monthly_limit, group.lifetime_limit) == (500, 0, 0)
    assert 'value="500"' in client_of(boss).get(address).content.decode()


@pytest.mark.parametrize("text", NOT_A_NUMBER)
def test_what_is_no_plain_number_stands_beside_its_field(
    client_of: ClientOf, boss: User, account: Account, text: str
) -> None:
    services.change_account(SYSTEM, account, daily_limit=50)
    for address in (
        f"/operator/groups/{account.group.public_id}/limits/",
        f"/operator/accounts/{account.public_id}/limits/",
    ):
        answer = client_of(boss).post(address, {"daily_limit": text})
        assert answer.status_code == 200
        assert answer.context["form"].errors["daily_limit"]
    account.refresh_from_db()
    assert (account.daily_limit, account.group.daily_limit) == (50, 0)


def test_an_operator_gives_one_account_its_own_limits_and_sees_what_is_used(
    client_of: ClientOf, boss: User, sending: Sending
) -> None:
    account = sending.account
    services.change_group(SYSTEM, account.group, daily_limit=5)
    send(sending)
    address = f"/operator/accounts/{account.public_id}/limits/"
    page = client_of(boss).get(address).content.decode()
    assert "5 of 5 (reached)" in page
    assert f"Empty: as the group {account.group.name} (5)" in page
    client_of(boss).post(address, {"daily_limit": "10"})
    account.refresh_from_db()
    assert (account.daily_limit, account.monthly_limit) == (10, None)
    assert "5 of 10" in client_of(boss).get(address).content.decode()


def test_people_of_the_account_see_their_limits(
    client_of: ClientOf, viewer: User, sending: Sending
) -> None:
    home, settings = (f"/a/{sending.account.slug}/{page}" for page in ("", "settings/limits/"))
    assert "No limits" in client_of(viewer).get(settings).content.decode()
    services.change_account(SYSTEM, sending.account, daily_limit=5, lifetime_limit=100)
    send(sending)
    for address in (home, settings):
        page = client_of(viewer).get(address).content.decode()
        assert "5 of 5 (reached)" in page
        assert "5 of 100" in page
        assert "Never begins anew." in page


# --------------------------------------------------------------------------------------- campaigns


def test_a_campaign_at_a_limit_is_paused_says_why_and_goes_on_by_itself(
    client_of: ClientOf, viewer: User, sending: Sending
) -> None:
    services.change_account(SYSTEM, sending.account, lifetime_limit=5)
    campaign = send(sending)
    assert campaign.state == Campaign.State.PAUSED
    page = client_of(viewer).get(f"/a/{sending.account.slug}/campaigns/{campaign.public_id}/")
    text = page.content.decode()
    assert "The lifetime limit is reached: 5 of 5 recipients." in text
    assert "Nobody new gets it for now" in text
    with pytest.raises(NoRoute, match=r"cannot be resumed yet: The lifetime limit is reached"):
        campaigns.resume(SYSTEM, campaign)

    services.change_account(SYSTEM, sending.account, lifetime_limit=0)
    with access.across_tenants():
        assert windows.resume_what_has_room(database_now()) == 1
        deliver()
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.SENT


def test_a_person_resumes_it_where_the_owner_chose_so(sending: Sending) -> None:
    services.change_account(SYSTEM, sending.account, daily_limit=5)
    campaign = send(sending, goes_on_by_itself=False)
    assert "It can be resumed on" in campaign.reason
    services.change_account(SYSTEM, sending.account, daily_limit=6)
    with access.across_tenants():
        assert windows.resume_what_has_room(database_now()) == 0
    assert campaigns.resume(SYSTEM, campaign).state == Campaign.State.SENDING


def test_a_held_campaign_can_be_cancelled(sending: Sending) -> None:
    services.change_account(SYSTEM, sending.account, daily_limit=5)
    assert campaigns.cancel(SYSTEM, send(sending)).state == Campaign.State.CANCELLED


def test_the_choice_is_on_the_form_and_in_the_api(
    client_of: ClientOf, manager: User, api_of: Callable[..., Client], sending: Sending
) -> None:
    address = f"/a/{sending.account.slug}/campaigns/new/"
    assert 'name="goes_on_by_itself"' in client_of(manager).get(address).content.decode()
    client_of(manager).post(address, {"name": "Unticked"})
    assert not Campaign.objects.get(name="Unticked").goes_on_by_itself

    api = api_of(sending.account)
    made = api.post("/api/v1/campaigns", {"name": "Api"}, "application/json").json()
    assert made["goes_on_by_itself"] is True
    changed = api.patch(
        f"/api/v1/campaigns/{made['id']}", {"goes_on_by_itself": False}, "application/json"
    )
    assert changed.json()["goes_on_by_itself"] is False


def test_a_key_reads_the_limits_of_its_account(
    api_of: Callable[..., Client], sending: Sending
) -> None:
    api = api_of(sending.account)
    assert api.get("/api/v1/account").json()["limits"] == []
    services.change_account(SYSTEM, sending.account, lifetime_limit=5)
    send(sending)
    assert api.get("/api/v1/account").json()["limits"] == [
        {
            "limit": "lifetime",
            "cap": 5,
            "used": 5,
            "reserved": 0,
            "level": "exceeded",
            "begins_anew": None,
        }
    ]
