"""Groups, accounts, people, keys and the log of actions, through the front door."""

import re
from collections.abc import Callable

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from posthouse.accounts import access, keys, services
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import (
    Account,
    ApiKey,
    AuditRecord,
    Membership,
    Role,
    User,
    UserGroup,
)
from tests import factories

SignIn = Callable[[User], Client]
Callbacks = Callable[..., object]


UNPAID = {"reason": "The last bill is not paid."}


def text_of(response: object) -> str:
    return re.sub(r"\s+", " ", response.content.decode())  # type: ignore[attr-defined]


def last(verb: str) -> AuditRecord:
    """The newest record of the log with this verb."""
    return AuditRecord.objects.filter(verb=verb).latest("pk")


# --- user groups ---------------------------------------------------------------------------------


def test_an_operator_creates_and_changes_a_group(boss: User, client_of: SignIn) -> None:
    client = client_of(boss)
    values = {
        "name": "Publishers",
        "sender_domain_management": "on",
        "campaign_dns_template": "Default",
        "sender_domains_limit": "5",
    }
    response = client.post(reverse("operator-accounts:new-group"), values)
    group = UserGroup.objects.get(name="Publishers")
    address = reverse("operator-accounts:group", args=[group.public_id])
    assert response["Location"] == address
    assert group.sender_domains_limit == 5

    client.post(address, values | {"sender_domains_limit": "", "name": "Press"})
    group.refresh_from_db()
    assert (group.name, group.sender_domains_limit) == ("Press", 0)
    assert last("group.change").before == {"name": "Publishers", "sender_domains_limit": 5}
    assert last("group.change").actor_name == boss.email


def test_the_groups_dns_templates_are_those_of_the_file(boss: User, client_of: SignIn) -> None:
    page = text_of(client_of(boss).get(reverse("operator-accounts:new-group")))
    assert "Octeth classic" in page
    values = {"name": "x", "campaign_dns_template": "Nothing like it"}
    response = client_of(boss).post(reverse("operator-accounts:new-group"), values)
    assert response.status_code == 200
    assert not UserGroup.objects.exists()


def test_the_gateway_has_a_template_of_its_own_or_none(
    group: UserGroup, boss: User, client_of: SignIn
) -> None:
    address = reverse("operator-accounts:group", args=[group.public_id])
    values = {"name": group.name, "campaign_dns_template": "Default"}
    assert group.gateway_dns_template == "Default"

    client_of(boss).post(address, values | {"gateway_dns_template": "Octeth classic"})
    group.refresh_from_db()
    assert group.gateway_dns_template == "Octeth classic"
    listed = text_of(client_of(boss).get(reverse("operator-accounts:groups")))
    assert "Default; gateway: Octeth classic" in listed

    client_of(boss).post(address, values | {"gateway_dns_template": ""})
    group.refresh_from_db()
    assert not group.gateway_dns_template


def test_a_gateway_template_that_the_file_lacks_is_refused(group: UserGroup) -> None:
    with pytest.raises(ValidationError, match="no gateway template Nothing like it"):
        services.change_group(SYSTEM, group, gateway_dns_template="Nothing like it")


def test_a_broken_dns_file_is_named_with_its_line(
    boss: User, client_of: SignIn, settings: object, tmp_path: object
) -> None:
    broken = tmp_path / "dns.toml"  # type: ignore[operator]
    broken.write_text('[campaign."Default"]\nrecords = [\n')
    settings.DNS_CONFIG = str(broken)  # type: ignore[attr-defined]
    page = text_of(client_of(boss).get(reverse("operator-accounts:new-group")))
    assert "dns.toml: line" in page


def test_a_group_name_is_taken_once(group: UserGroup, boss: User, client_of: SignIn) -> None:
    values = {"name": group.name, "campaign_dns_template": "Default"}
    page = text_of(client_of(boss).post(reverse("operator-accounts:new-group"), values))
    assert "already exists" in page
    assert UserGroup.objects.count() == 1


def test_a_group_in_use_is_not_deleted(account: Account, boss: User, client_of: SignIn) -> None:
    address = reverse("operator-accounts:delete-group", args=[account.group.public_id])
    response = client_of(boss).post(address, follow=True)
    assert "1 account is in it" in text_of(response)
    assert UserGroup.objects.count() == 1
    account.delete()
    client_of(boss).post(address)
    assert not UserGroup.objects.exists()


# --- accounts ------------------------------------------------------------------------------------


def test_an_account_is_opened_with_its_owner(
    group: UserGroup, boss: User, client_of: SignIn, django_capture_on_commit_callbacks: Callbacks
) -> None:
    values = {
        "name": "Harbour Books",
        "group": group.public_id,
        "time_zone": "Europe/Lisbon",
        "owner_email": "Ana@Harbour.example",
        "owner_name": "Ana",
    }
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        client_of(boss).post(reverse("operator-accounts:new-account"), values)
    account = Account.objects.get()
    owner = account.memberships.get()
    assert (account.slug, account.time_zone) == ("harbour-books", "Europe/Lisbon")
    assert (owner.role, owner.user.email) == (Role.OWNER, "ana@harbour.example")
    [invitation] = mail.outbox
    assert invitation.to == ["ana@harbour.example"]
    assert "http://127.0.0.1:8000/auth/password/reset/key/" in str(invitation.body)


def test_the_invitations_link_sets_a_password(
    account: Account, owner: User, client_of: SignIn, django_capture_on_commit_callbacks: Callbacks
) -> None:
    address = reverse("accounts:team", args=[account.slug])
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        client_of(owner).post(address, {"email": "new@harbour.example", "role": "viewer"})
    link = re.search(r"http://127.0.0.1:8000(/\S+)", str(mail.outbox[0].body))
    assert link
    client = Client()
    page = client.get(link[1], follow=True)
    password = "mountains under moonlight"
    client.post(page.request["PATH_INFO"], {"password1": password, "password2": password})
    assert User.objects.get(email="new@harbour.example").check_password(password)


def test_an_account_with_a_bad_owner_is_not_created(
    group: UserGroup, boss: User, client_of: SignIn
) -> None:
    values = {"name": "Half", "group": group.public_id, "time_zone": "UTC", "owner_email": "nobody"}
    page = text_of(client_of(boss).post(reverse("operator-accounts:new-account"), values))
    assert "valid email address" in page.lower().replace("e-mail", "email")
    assert 'value="Half"' in page
    assert not Account.objects.exists()


def test_a_suspended_account_is_looked_at_and_not_changed(
    account: Account, owner: User, boss: User, client_of: SignIn
) -> None:
    client_of(boss).post(reverse("operator-accounts:suspend", args=[account.public_id]), UNPAID)
    account.refresh_from_db()
    assert account.status == "suspended"
    home, team = (reverse(n, args=[account.slug]) for n in ("account-home", "accounts:team"))
    shown = text_of(client_of(owner).get(home))
    assert "This account is suspended" in shown
    assert "The operator says: The last bill is not paid." in shown
    response = client_of(owner).post(team, {"email": "x@harbour.example", "role": "viewer"})
    assert response.status_code == 403
    assert "is suspended" in text_of(response)
    client_of(boss).post(reverse("operator-accounts:activate", args=[account.public_id]))
    assert client_of(owner).post(team, {}).status_code == 200


def test_accounts_are_searched_and_filtered(
    account: Account, other_account: Account, boss: User, client_of: SignIn
) -> None:
    address = reverse("operator-accounts:accounts")
    page = text_of(client_of(boss).get(address, {"q": "harbour"}))
    assert account.name in page
    assert other_account.name not in page
    assert "No account is like that" in text_of(client_of(boss).get(address, {"status": "x"}))


def test_an_unknown_cursor_is_a_bad_request(boss: User, client_of: SignIn) -> None:
    response = client_of(boss).get(reverse("operator-accounts:accounts"), {"cursor": "nonsense"})
    assert response.status_code == 400


# --- people --------------------------------------------------------------------------------------


def test_the_last_operator_stays_one(boss: User, client_of: SignIn) -> None:
    address = reverse("operator-accounts:person", args=[boss.public_id])
    page = text_of(client_of(boss).post(address, {"name": "Boss", "is_active": "on"}))
    assert "is the last operator" in page
    boss.refresh_from_db()
    assert boss.is_operator
    factories.make_user(is_operator=True)
    client_of(boss).post(address, {"name": "Boss", "is_active": "on"})
    boss.refresh_from_db()
    assert not boss.is_operator


def test_who_may_not_sign_in_any_more_is_out_at_once(
    owner: User, account: Account, boss: User, client_of: SignIn
) -> None:
    inside = client_of(owner)
    home = reverse("account-home", args=[account.slug])
    assert inside.get(home).status_code == 200
    client_of(boss).post(reverse("operator-accounts:person", args=[owner.public_id]), {})
    assert inside.get(home).status_code == 302


def test_a_reset_link_is_shown_once_and_logged(owner: User, boss: User, client_of: SignIn) -> None:
    response = client_of(boss).post(reverse("operator-accounts:link", args=[owner.public_id]))
    assert "http://127.0.0.1:8000/auth/password/reset/key/" in text_of(response)
    assert response["Cache-Control"] == "no-store"
    assert last("user.reset-link").object_id == owner.public_id


def test_only_operators_open_the_operator_area(owner: User, client_of: SignIn) -> None:
    for name in ("accounts", "groups", "people", "log"):
        assert client_of(owner).get(reverse(f"operator-accounts:{name}")).status_code == 404


# --- the team ------------------------------------------------------------------------------------


def test_an_owner_adds_and_removes_members(
    account: Account, owner: User, viewer: User, client_of: SignIn
) -> None:
    team = reverse("accounts:team", args=[account.slug])
    client = client_of(owner)
    client.post(team, {"email": "New@Harbour.example", "role": "manager"})
    assert Membership.objects.get(user__email="new@harbour.example").role == Role.MANAGER
    page = text_of(client.post(team, {"email": "new@harbour.example", "role": "viewer"}))
    assert "is in this team already" in page
    client.post(reverse("accounts:remove-member", args=[account.slug, viewer.public_id]))
    assert not Membership.objects.filter(user=viewer).exists()
    assert last("member.remove").before == {"role": "viewer"}


def test_the_last_owner_can_neither_go_nor_step_down(
    account: Account, owner: User, client_of: SignIn
) -> None:
    client, arguments = client_of(owner), [account.slug, owner.public_id]
    removed = client.post(reverse("accounts:remove-member", args=arguments), follow=True)
    assert "is the last owner" in text_of(removed)
    stepped_down = client.post(reverse("accounts:member", args=arguments), {"role": "viewer"})
    assert "is the last owner" in text_of(stepped_down)
    assert Membership.objects.get(user=owner).role == Role.OWNER


@pytest.mark.parametrize("role", [Role.MANAGER, Role.VIEWER])
def test_only_owners_manage_the_team(account: Account, client_of: SignIn, role: Role) -> None:
    client = client_of(factories.make_member(account, role=role))
    response = client.post(
        reverse("accounts:team", args=[account.slug]), {"email": "x@x.example", "role": "owner"}
    )
    assert response.status_code == 403
    assert not User.objects.filter(email="x@x.example").exists()


def test_members_cannot_be_made_operators_by_the_form(
    account: Account, owner: User, client_of: SignIn
) -> None:
    values = {"email": "sly@harbour.example", "role": "viewer", "is_operator": "on"}
    client_of(owner).post(reverse("accounts:team", args=[account.slug]), values)
    assert not User.objects.get(email="sly@harbour.example").is_operator
    profile = reverse("accounts:profile", args=[account.slug])
    client_of(owner).post(profile, {"name": "Olga", "is_operator": "on", "email": "x@x.example"})
    owner.refresh_from_db()
    assert (owner.name, owner.is_operator) == ("Olga", False)
    assert owner.email == "owner@harbour.example"


# --- API keys ------------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_kept_as_a_digest(
    account: Account, owner: User, client_of: SignIn
) -> None:
    address = reverse("accounts:api-keys", args=[account.slug])
    client = client_of(owner)
    response = client.post(address, {"name": "Shop", "role": "manager"})
    found = re.search(r"ph_[\w-]{43}", text_of(response))
    assert found
    assert response["Cache-Control"] == "no-store"
    assert found[0] not in text_of(client.get(address))
    with access.tenant(account):
        row = ApiKey.objects.get()
    assert found[0] not in str(vars(row))
    assert keys.key_for(found[0]) == row


def test_sending_the_form_again_makes_no_second_key(
    account: Account, owner: User, client_of: SignIn
) -> None:
    address = reverse("accounts:api-keys", args=[account.slug])
    for _ in range(2):
        page = text_of(client_of(owner).post(address, {"name": "Shop", "role": "manager"}))
    assert "There is a key of this name already" in page
    with access.tenant(account):
        assert ApiKey.objects.count() == 1


def test_a_key_is_never_an_owner(account: Account, owner: User, client_of: SignIn) -> None:
    address = reverse("accounts:api-keys", args=[account.slug])
    response = client_of(owner).post(address, {"name": "Shop", "role": "owner"})
    assert response.status_code == 200
    with access.tenant(account):
        assert not ApiKey.objects.exists()


def test_a_revoked_key_stays_in_the_list(account: Account, owner: User, client_of: SignIn) -> None:
    factories.make_api_key(account)
    with access.tenant(account):
        key = ApiKey.objects.get()
    client_of(owner).post(reverse("accounts:revoke-key", args=[account.slug, key.public_id]))
    page = text_of(client_of(owner).get(reverse("accounts:api-keys", args=[account.slug])))
    assert "Revoked" in page
    assert last("api-key.revoke").account == account


# --- the log -------------------------------------------------------------------------------------


def test_the_log_is_filtered_by_account_verb_and_actor(
    account: Account, owner: User, boss: User, client_of: SignIn
) -> None:
    client_of(owner).post(
        reverse("accounts:general", args=[account.slug]), {"name": "Quay", "time_zone": "UTC"}
    )
    address = reverse("operator-accounts:log")
    for asked in ({"account": account.slug, "verb": "account.change"}, {"actor": "owner@harbour"}):
        page = text_of(client_of(boss).get(address, asked))
        assert "Harbour Books" in page
        assert "Quay" in page
    assert "Nothing was done like that" in text_of(client_of(boss).get(address, {"actor": "x?"}))


# --- the start pages -----------------------------------------------------------------------------


def test_everybody_lands_where_they_work(
    account: Account, owner: User, boss: User, client_of: SignIn
) -> None:
    assert client_of(boss).get("/")["Location"] == "/operator/"
    assert client_of(owner).get("/")["Location"] == f"/a/{account.slug}/"
    assert "You are in no account" in text_of(client_of(factories.make_user()).get("/"))


def test_who_is_in_several_accounts_chooses(
    account: Account, other_account: Account, owner: User, client_of: SignIn
) -> None:
    Membership.objects.create(user=owner, account=other_account, role=Role.VIEWER)
    page = text_of(client_of(owner).get("/"))
    assert account.name in page
    assert other_account.name in page


def test_without_a_session_every_page_leads_to_sign_in(db: None) -> None:
    for path in ("/", "/operator/", "/a/harbour-books/", "/a/harbour-books/settings/team/"):
        assert Client().get(path)["Location"].startswith("/auth/login/?next=")
