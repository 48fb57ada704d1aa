"""User groups as an operator runs them: strict numbers, copies, two people at one form."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from posthouse.accounts import duplicating, services
from posthouse.accounts.actors import SYSTEM, member_of, operator
from posthouse.accounts.models import Account, AuditRecord, User, UserGroup
from posthouse.accounts.permissions import NotAllowed
from posthouse.content.frames import change_frame
from posthouse.content.models import GroupFrame
from posthouse.servers import services as servers
from posthouse.servers.choosing import send_method_of
from posthouse.servers.queries import routing_of
from tests import factories
from tests.sending import make_server

SignIn = Callable[[User], Client]


def form_of(group: UserGroup, client: Client) -> dict[str, object]:
    """What the page's form would send, untouched."""
    form = client.get(page_of(group)).context["form"]
    values = {field.html_name: field.value() for field in form}
    return {name: value for name, value in values.items() if value not in (None, False)}


def page_of(group: UserGroup) -> str:
    return reverse("operator-accounts:group", args=[group.public_id])


@pytest.mark.parametrize("typed", ["-1", "0x1A", "1e3", "5.0", "1_000", "٣", "9" * 30, "many"])
def test_a_limit_of_domains_is_digits_or_refused(
    group: UserGroup, boss: User, client_of: SignIn, typed: str
) -> None:
    client = client_of(boss)
    response = client.post(page_of(group), form_of(group, client) | {"sender_domains_limit": typed})
    assert response.status_code == 200
    assert response.context["form"].errors["sender_domains_limit"]
    group.refresh_from_db()
    assert group.sender_domains_limit == 0


def test_a_copy_has_all_settings_and_the_same_servers_but_no_accounts(
    account: Account, boss: User, client_of: SignIn
) -> None:
    group = services.change_group(SYSTEM, account.group, daily_limit=500, sender_domains_limit=3)
    server = make_server()
    servers.allocate(SYSTEM, server, "transactional", group)
    servers.set_send_method(SYSTEM, group, "server", server)
    change_frame(SYSTEM, group, html_footer="<p>Sent for you by us</p>")
    address = reverse("operator-accounts:duplicate-group", args=[group.public_id])

    response = client_of(boss).post(address)

    copy = UserGroup.objects.get(name="Copy of Agencies")
    assert response["Location"] == page_of(copy)
    assert (copy.daily_limit, copy.sender_domains_limit) == (500, 3)
    assert routing_of(copy) == routing_of(group) == {"transactional": server}
    assert send_method_of(copy).server == server
    assert GroupFrame.objects.get(group=copy).html_footer == "<p>Sent for you by us</p>"
    assert copy.public_id != group.public_id
    assert not copy.accounts.exists()
    assert list(group.accounts.all()) == [account]
    assert AuditRecord.objects.get(verb="group.duplicate").after == {"of": "Agencies"}


def test_copies_of_copies_have_names_of_their_own(group: UserGroup) -> None:
    services.change_group(SYSTEM, group, name="g" * 100)
    names = {duplicating.duplicate_group(SYSTEM, group).name for _ in range(3)}
    assert len(names) == 3
    assert all(name.startswith("Copy of ggg") and len(name) <= 100 for name in names)


def test_only_operators_copy_groups(account: Account, owner: User, client_of: SignIn) -> None:
    address = reverse("operator-accounts:duplicate-group", args=[account.group.public_id])
    assert client_of(owner).post(address).status_code == 404
    actor = member_of(owner, account)
    assert actor is not None
    with pytest.raises(NotAllowed):
        duplicating.duplicate_group(actor, account.group)
    assert UserGroup.objects.count() == 1


def test_a_group_with_accounts_says_which(group: UserGroup, boss: User, client_of: SignIn) -> None:
    for number in range(7):
        factories.make_account(f"Shop {number}", group)
    address = reverse("operator-accounts:delete-group", args=[group.public_id])
    page = client_of(boss).post(address, follow=True).content.decode()
    assert "7 accounts are in it (Shop 0, Shop 1, Shop 2, Shop 3, Shop 4 and 2 more)" in page


def test_the_second_of_two_operators_sees_what_the_first_changed(
    group: UserGroup, boss: User, client_of: SignIn
) -> None:
    client = client_of(boss)
    opened = form_of(group, client)
    other = factories.make_user("other@posthouse.example", is_operator=True)
    services.change_group(operator(other), group, sender_domains_limit=9)

    response = client.post(page_of(group), opened | {"name": "Mine"})

    page = response.content.decode()
    assert "other@posthouse.example changed Agencies" in page
    assert "Sender domains limit is 9 now, and was 0" in page
    assert 'value="Mine"' in page
    group.refresh_from_db()
    assert (group.name, group.sender_domains_limit) == ("Agencies", 9)

    again = {f.html_name: f.value() for f in response.context["form"] if f.value() is not None}
    client.post(page_of(group), again)
    group.refresh_from_db()
    assert (group.name, group.sender_domains_limit) == ("Mine", 0)


def test_changes_on_another_tab_are_no_conflict_and_are_kept(
    group: UserGroup, boss: User, client_of: SignIn
) -> None:
    client = client_of(boss)
    opened = form_of(group, client)
    services.change_group(SYSTEM, group, daily_limit=700)
    assert client.post(page_of(group), opened | {"name": "Mine"}).status_code == 302
    group.refresh_from_db()
    assert (group.name, group.daily_limit) == ("Mine", 700)


def test_limits_are_guarded_in_the_same_way(
    group: UserGroup, boss: User, client_of: SignIn
) -> None:
    client = client_of(boss)
    address = reverse("operator-deliveries:group-limits", args=[group.public_id])
    seen = '{"daily_limit": 0, "monthly_limit": 0, "lifetime_limit": 0}'
    services.change_group(SYSTEM, group, daily_limit=700)
    page = client.post(address, {"monthly_limit": "5", "seen": seen}).content.decode()
    assert "Daily limit is 700 now, and was 0" in page
    group.refresh_from_db()
    assert (group.daily_limit, group.monthly_limit) == (700, 0)


@pytest.mark.parametrize("seen", ["", "null", "[]", '"x"', '{"delete": 1, "pk": 2}', "{"])
def test_a_garbled_note_of_what_was_seen_breaks_nothing(
    group: UserGroup, boss: User, client_of: SignIn, seen: str
) -> None:
    client = client_of(boss)
    response = client.post(page_of(group), form_of(group, client) | {"seen": seen})
    assert response.status_code in {200, 302}


def test_a_change_from_an_old_row_keeps_what_it_does_not_name(group: UserGroup) -> None:
    old = UserGroup.objects.get(pk=group.pk)
    services.change_group(SYSTEM, group, daily_limit=700)
    services.change_group(SYSTEM, old, name="Mine")
    group.refresh_from_db()
    assert (group.name, group.daily_limit) == ("Mine", 700)
