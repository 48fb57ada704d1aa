"""The operator's delivery server pages, through the front door."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from posthouse.accounts import access
from posthouse.accounts.models import Account, AuditRecord, User, UserGroup
from posthouse.core.channels import Channel
from posthouse.core.routing.pacing import Per
from posthouse.deliveries import rates
from posthouse.servers import queries, services
from posthouse.servers.models import DeliveryServer
from tests.features.test_servers import make_server

pytestmark = pytest.mark.django_db

PASSWORD = "horse-battery-9"
TYPED = {
    "name": "EU marketing",
    "kind": "smtp",
    "disk_layout": "eml",
    "host": "smtp.example.com",
    "port": "587",
    "encryption": "starttls",
    "verify_certificate": "on",
    "timeout": "10",
    "authentication": "on",
    "username": "posthouse",
    "password": PASSWORD,
    "max_connections": "10",
    "messages_per_connection": "1000",
    **{f"rate_per_{per}": "0" for per in Per},
    "link_tracking_domain": "click.example.com",
    "open_tracking_domain": "track.example.com",
    "mfrom_domain": "bounces.example.com",
    "signing": "server",
}


@pytest.fixture
def browser(client_of: Callable[[User], Client], boss: User) -> Client:
    return client_of(boss)


def address(page: str, server: DeliveryServer | None = None) -> str:
    return reverse(
        f"operator-servers:{page}", kwargs={"server": server.public_id} if server else {}
    )


def read(browser: Client, url: str) -> str:
    answer = browser.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def post(browser: Client, url: str, **typed: Any) -> str:
    """Posts and follows the redirect; the text of the page that comes then."""
    answer = browser.post(url, typed, follow=True)
    assert answer.redirect_chain, "the form was not accepted: " + answer.content.decode()[:3000]
    return answer.content.decode()


def test_without_servers_the_list_says_what_to_do(browser: Client) -> None:
    page = read(browser, address("list"))
    assert "No delivery server yet" in page
    assert address("new") in page


def test_a_server_is_created_and_the_next_step_is_its_test(browser: Client) -> None:
    answer = browser.post(address("new"), TYPED, follow=True)
    server = DeliveryServer.objects.get()
    assert answer.redirect_chain == [(address("test", server), 302)]
    assert "Test it before it is used." in answer.content.decode()
    assert services.settings_of(server).password == PASSWORD
    assert AuditRecord.objects.get(verb="server.create").actor_name == "boss@posthouse.example"


def test_errors_mark_their_tab_and_keep_what_was_typed(browser: Client) -> None:
    wrong = {**TYPED, "port": "70000", "mfrom_domain": "co.uk", "open_tracking_domain": ""}
    answer = browser.post(address("new"), wrong)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert answer.context["form"].method_errors == 2  # the port, and the password once more
    assert answer.context["form"].domains_errors == 2
    assert "2 to mend" in page
    assert answer.context["tab"] == "method"
    for said in ("from 1 to 65,535", "public suffix", "Enter a domain", "Enter it once more"):
        assert said in page
    assert 'value="co.uk"' in page
    assert 'value="70000"' in page
    assert PASSWORD not in page
    assert not DeliveryServer.objects.exists()


def test_errors_in_the_domains_tab_open_it(browser: Client) -> None:
    answer = browser.post(address("new"), {**TYPED, "password": "", "mfrom_domain": "co.uk"})
    assert answer.context["tab"] == "domains"


def test_a_port_that_is_no_number_is_refused_beside_its_field(browser: Client) -> None:
    answer = browser.post(address("new"), {**TYPED, "port": "smtp"})
    assert answer.context["form"].errors["port"] == ["Enter a whole number."]


def test_a_server_is_edited_and_its_empty_password_field_changes_nothing(browser: Client) -> None:
    server = make_server(password=PASSWORD)
    page = read(browser, address("edit", server))
    assert "Leave it empty to keep the one there is." in page
    typed = {**TYPED, "password": "", "timeout": "20", "enforced_from": "news@example.com"}
    page = post(browser, address("edit", server), **typed)
    assert "not tested yet" in page
    assert "Every message is from news@example.com" in page
    server.refresh_from_db()
    assert server.timeout == 20
    assert services.settings_of(server).password == PASSWORD


def test_a_box_that_is_not_ticked_is_off(browser: Client) -> None:
    server = make_server()
    typed = {name: value for name, value in TYPED.items() if name != "verify_certificate"}
    page = post(browser, address("edit", server), **typed)
    assert "The certificate is not checked" in page


def test_the_list_shows_badges_test_state_and_pause(browser: Client, group: UserGroup) -> None:
    used, unused = make_server(), make_server(name="Unused", host="relay.example.net")
    for channel in ("marketing", "transactional"):
        services.allocate(services.SYSTEM, used, channel, group)
    used.test_state, used.tested_at = "failed", timezone.now()
    used.save()
    services.pause(unused, services.FOREVER, "Moving the machine")
    page = read(browser, address("list"))
    for said in ("relay.example.net:587", "bounces.example.com", "Agencies", "Not Allocated"):
        assert said in page
    for said in ("Failed", "Never tested", "Paused", "Moving the machine"):
        assert said in page


def test_a_group_and_an_account_are_allocated_and_taken_off(
    browser: Client, group: UserGroup, account: Account
) -> None:
    server = make_server()
    url = address("use", server)
    assert "Not Allocated" in read(browser, url)
    post(browser, url, group=group.public_id, channels=["marketing", "autoresponder"])
    page = post(browser, url, account=account.slug, channels=["transactional"])
    assert "Harbour Books" in page
    assert set(queries.routing_of(group)) == {Channel.MARKETING, Channel.AUTORESPONDER}
    end = address("end-use", server)
    page = post(browser, end, owner=account.public_id, channel="transactional")
    assert "Harbour Books no longer sends transactional mail" in page
    assert queries.routing_of(account) == {}
    assert browser.post(end, {"owner": "grp_nobody", "channel": "marketing"}).status_code == 404


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"channels": ["marketing"]}, "Choose either a group or an account."),
        ({"account": "nobody", "channels": ["marketing"]}, "no account with the short name"),
        ({"account": "harbour-books"}, "Choose at least one channel."),
        ({"account": "harbour-books", "channels": ["fax"]}, "fax is not one of the"),
    ],
)
def test_half_an_allocation_is_refused(
    browser: Client, account: Account, typed: dict[str, Any], said: str
) -> None:
    answer = browser.post(address("use", make_server()), typed)
    assert said in answer.content.decode()
    assert not queries.routing_of(account)


def test_a_server_in_use_is_not_deleted(browser: Client, group: UserGroup) -> None:
    server = make_server()
    services.allocate(services.SYSTEM, server, "marketing", group)
    assert address("delete", server) not in read(browser, address("edit", server))
    for answer in (
        browser.get(address("delete", server), follow=True),
        browser.post(address("delete", server), follow=True),
    ):
        assert "the group Agencies (marketing) would have nothing" in answer.content.decode()
    assert DeliveryServer.objects.exists()


def test_deleting_asks_first(browser: Client) -> None:
    server = make_server()
    assert address("delete", server) in read(browser, address("edit", server))
    assert "Delete EU marketing" in read(browser, address("delete", server))
    assert DeliveryServer.objects.exists()
    assert "EU marketing was deleted." in post(browser, address("delete", server))
    assert not DeliveryServer.objects.exists()


def test_a_server_is_paused_for_a_while_and_resumed(browser: Client) -> None:
    server = make_server()
    answer = browser.post(address("pause", server), {"minutes": "60", "reason": ""})
    assert "Say why" in answer.content.decode()
    page = post(browser, address("pause", server), minutes="60", reason="The relay is being moved")
    assert "Nothing is sent through this server." in page
    assert "The relay is being moved" in page
    server.refresh_from_db()
    assert server.paused_until
    assert 3500 < (server.paused_until - timezone.now()).total_seconds() <= 3600
    page = post(browser, address("resume", server))
    assert "is used again" in page
    assert "Nothing is sent through this server." not in page


def test_a_group_chooses_who_sends_through_what(browser: Client, group: UserGroup) -> None:
    url = reverse("operator-servers:routing", kwargs={"group": group.public_id})
    assert "No delivery server yet" in read(browser, url)
    one, two = make_server(name="One"), make_server(name="Two")
    assert "One (never tested)" in read(browser, url)
    page = post(browser, url, marketing=one.public_id, transactional=one.public_id)
    assert "shares a server" in page
    page = post(browser, url, marketing=one.public_id, transactional=two.public_id)
    assert "shares a server" not in page
    assert queries.routing_of(group) == {Channel.MARKETING: one, Channel.TRANSACTIONAL: two}
    answer = browser.post(url, {"marketing": "srv_nobody"})
    assert "is not one of the available choices" in answer.content.decode()
    assert len(queries.routing_of(group)) == 2


def test_only_operators_see_that_there_are_such_pages(
    client_of: Callable[[User], Client], owner: User, group: UserGroup
) -> None:
    server = make_server()
    pages = ("edit", "test", "use", "pause", "delete")
    urls = [address("list"), address("new"), *(address(page, server) for page in pages)]
    urls.append(reverse("operator-servers:routing", kwargs={"group": group.public_id}))
    for url in urls:
        assert client_of(owner).get(url).status_code == 404
        assert client_of(owner).post(url, TYPED).status_code == 404
        assert Client().get(url).status_code == 302  # to the sign-in
    assert DeliveryServer.objects.get().name == "EU marketing"


def test_a_server_that_is_not_there_is_a_404(browser: Client) -> None:
    for page in ("edit", "test", "use", "pause", "delete"):
        url = reverse(f"operator-servers:{page}", kwargs={"server": "srv_nobody"})
        assert browser.get(url).status_code == 404
    url = reverse("operator-servers:routing", kwargs={"group": "grp_nobody"})
    assert browser.get(url).status_code == 404


def test_reading_changes_nothing_and_resume_is_a_post(browser: Client) -> None:
    server = make_server()
    before = DeliveryServer.objects.values().get()
    for page in ("list", "new"):
        browser.get(address(page))
    for page in ("edit", "test", "use", "pause", "delete"):
        browser.get(address(page, server))
    for page in ("resume", "end-use"):
        assert browser.get(address(page, server)).status_code == 405
    assert DeliveryServer.objects.values().get() == before


@pytest.mark.django_db(transaction=True)
def test_the_password_is_in_no_page_no_log_no_audit_and_not_in_the_database(
    browser: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    pages = [browser.post(address("new"), TYPED, follow=True).content.decode()]
    server = DeliveryServer.objects.get()
    wrong = {**TYPED, "port": "0"}
    pages.append(browser.post(address("edit", server), wrong).content.decode())
    pages += [read(browser, address(page, server)) for page in ("edit", "test", "use", "pause")]
    pages.append(read(browser, address("list")))
    assert not [page for page in pages if PASSWORD in page or server.password_sealed in page]
    assert PASSWORD not in caplog.text
    assert PASSWORD not in str(list(AuditRecord.objects.values()))
    assert PASSWORD not in repr(services.settings_of(server))
    assert PASSWORD not in everything_stored()


def everything_stored() -> str:
    """The whole database as text, and its files as they are where it has any."""
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            rows.append(str(cursor.fetchall()))
    if connection.vendor == "sqlite":
        file = Path(connection.settings_dict["NAME"])
        files = [one.read_bytes() for one in file.parent.glob(f"{file.name}*")]
        assert any(b"smtp.example.com" in one for one in files)  # what is written is seen here
        rows += [one.decode("latin-1") for one in files]
    return "\n".join(rows)


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        *(("port", typed) for typed in ("0", "65536", "-25", "0x19", "2e3", "25.5", "", "²5")),
        *(("timeout", typed) for typed in ("0", "-1", "601", "0x0a", "")),
        *(("rate_per_day", typed) for typed in ("-1", "0x1A", "1e3", "10.5", "10000001", "")),
        *(("max_connections", typed) for typed in ("0", "-1", "1001")),
    ],
)
def test_numbers_are_whole_decimal_and_within_their_range(
    browser: Client, field: str, typed: str
) -> None:
    answer = browser.post(address("new"), {**TYPED, field: typed})
    assert set(answer.context["form"].errors) == {field, "password"}
    assert not DeliveryServer.objects.exists()


def test_rates_are_set_and_the_page_says_what_goes_through_now(browser: Client) -> None:
    server = make_server()
    assert "It has no rates" in read(browser, address("use", server))
    typed = {**TYPED, "rate_per_minute": "30", "rate_per_day": "20000"}
    post(browser, address("edit", server), **typed)
    with access.across_tenants():
        rates.take(server.pk, 12)
    page = read(browser, address("use", server))
    assert '24 hours</td><td class="num">12</td><td class="num">20,000' in page
    assert "at its rate" not in page
    with access.across_tenants():
        rates.take(server.pk, 50)
    assert "30 messages were sent through it in the last minute" in read(
        browser, address("edit", server)
    )


def test_of_two_operators_the_second_overwrites_nothing(browser: Client) -> None:
    server = make_server(password=PASSWORD)
    first = browser.get(address("edit", server)).context["form"]["seen"].value()
    typed = {**TYPED, "password": "", "seen": first}
    post(browser, address("edit", server), **{**typed, "timeout": "20"})
    answer = browser.post(address("edit", server), {**typed, "max_connections": "3"})
    assert "Somebody else changed" in answer.content.decode()
    server.refresh_from_db()
    assert (server.timeout, server.max_connections) == (20, 10)

    again = browser.get(address("edit", server)).context["form"]["seen"].value()
    post(browser, address("edit", server), **{**typed, "seen": again, "max_connections": "3"})
    server.refresh_from_db()
    assert server.max_connections == 3
