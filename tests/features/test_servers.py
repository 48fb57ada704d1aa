"""Delivery servers: what their fields may hold, who may change them, who sends through them."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from posthouse.accounts import vault
from posthouse.accounts.actors import SYSTEM, Actor, member_of, operator
from posthouse.accounts.models import Account, AuditRecord, Role, User, UserGroup
from posthouse.accounts.permissions import NotAllowed
from posthouse.core.channels import Channel
from posthouse.core.smtp.settings import Encryption
from posthouse.servers import advice, pauses, queries, services
from posthouse.servers.disk import disk_settings_of
from posthouse.servers.errors import ServerInUse
from posthouse.servers.models import DeliveryServer
from tests.factories import make_group

pytestmark = pytest.mark.django_db

VALUES: dict[str, Any] = {
    "name": "EU marketing",
    "host": "smtp.example.com",
    "port": 587,
    "username": "posthouse",
    "link_tracking_domain": "click.example.com",
    "open_tracking_domain": "track.example.com",
    "mfrom_domain": "bounces.example.com",
}


def make_server(**values: Any) -> DeliveryServer:
    return services.create(SYSTEM, **{**VALUES, "password": "s3cret-w0rd", **values})


def errors_of(**values: Any) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as caught:
        services.create(SYSTEM, **{**VALUES, **values})
    assert not DeliveryServer.objects.exists()
    return caught.value.message_dict


# ---- what may be kept


@pytest.mark.parametrize(
    ("field", "typed", "kept"),
    [
        ("host", " SMTP.Example.COM. ", "smtp.example.com"),
        ("host", "postfix", "postfix"),
        ("host", "mail_relay", "mail_relay"),
        ("host", "192.0.2.25", "192.0.2.25"),
        ("host", "[2001:DB8::25]", "2001:db8::25"),
        ("host", "post.bücher.example", "post.xn--bcher-kva.example"),
        ("port", 1, 1),
        ("port", 65_535, 65_535),
        ("timeout", 600, 600),
        ("mfrom_domain", "Bounces.Example.COM.", "bounces.example.com"),
        ("mfrom_domain", " bounce@Example.COM ", "bounce@example.com"),
        ("link_tracking_domain", "Klick.Bücher.example", "klick.xn--bcher-kva.example"),
        ("enforced_from", "News@Example.com", "News@example.com"),
        ("source_ip", "", None),
        ("source_ip", "2001:DB8::1", "2001:db8::1"),
        ("name", "  EU  ", "EU"),
        ("messages_per_connection", 0, 0),
    ],
)
def test_a_value_is_kept_in_its_one_form(field: str, typed: object, kept: object) -> None:
    server = make_server(**{field: typed})
    assert getattr(DeliveryServer.objects.get(pk=server.pk), field) == kept


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("name", " ", "Enter a name"),
        ("name", "EU\r\nmarketing", "line break"),
        ("name", "x" * 101, "at most 100 characters"),
        ("host", "", "host name or IP address"),
        ("host", "smtp.example.com:587", "the port below"),
        ("host", "smtp://smtp.example.com", "the name alone"),
        ("host", "-x.example.com", "not a host name"),
        ("host", "smtp..example.com", "not a host name"),
        ("host", "a" * 64, "not a host name"),
        ("host", "smtp\x00.example.com", "not a host name"),
        ("host", "256.1.1.1", "neither a host name nor"),
        ("port", 0, "from 1 to 65,535"),
        ("port", 65_536, "from 1 to 65,535"),
        ("port", None, "from 1 to 65,535"),
        ("timeout", 0, "from 1 to 600"),
        ("timeout", 601, "from 1 to 600"),
        ("encryption", "rot13", "not a choice"),
        ("kind", "carrier pigeon", "not a choice"),
        ("folder", "../etc", "not a folder"),
        ("folder", "a/.ssh", "not a folder"),
        ("folder", "a\x00b", "not a folder"),
        ("disk_layout", "mbox", "not a choice"),
        ("username", "", "Enter the user name"),
        ("password", "two\nlines", "line break"),
        ("source_ip", "999.1.1.1", "no IP address"),
        ("certificate_authority", "not a certificate", "PEM"),
        ("max_connections", 0, "from 1 to 1,000"),
        ("messages_per_connection", -1, "0 is no limit"),
        ("link_tracking_domain", "", "Enter a domain"),
        ("open_tracking_domain", "http://track.example.com", "write the name alone"),
        ("mfrom_domain", "", "Enter a domain"),
        ("mfrom_domain", "co.uk", "public suffix"),
        ("mfrom_domain", "@example.com", "before the @"),
        ("enforced_from", "news@", "after the @"),
        ("signing", "here", "POSTHOUSE_DKIM_PRIVATE_KEY"),
    ],
)
def test_a_wrong_value_is_refused_with_its_reason(field: str, typed: object, said: str) -> None:
    errors = errors_of(**{field: typed})
    assert list(errors) == [field]
    assert said in errors[field][0]


def test_all_that_is_wrong_is_said_at_once() -> None:
    errors = errors_of(name="", host="", port=0, username="", mfrom_domain="")
    assert set(errors) == {"name", "host", "port", "username", "mfrom_domain"}


def test_a_name_is_taken_once() -> None:
    make_server()
    with pytest.raises(ValidationError) as caught:
        make_server()
    assert caught.value.message_dict == {"name": ["Another delivery server has this name."]}


def test_a_local_mta_needs_no_connection_fields() -> None:
    server = services.create(
        SYSTEM, **{**VALUES, "kind": "local", "host": "", "port": None, "username": ""}
    )
    settings = services.settings_of(server)
    assert (settings.host, settings.port) == ("127.0.0.1", 25)
    assert (settings.encryption, settings.username) == (Encryption.NONE, "")


def test_here_is_signed_where_there_is_a_key(settings: Any) -> None:
    settings.DKIM_PRIVATE_KEY = "a key"
    assert make_server(signing="here").signing == "here"


# ---- the password


def test_the_password_opens_for_its_own_server_only() -> None:
    server, other = make_server(), make_server(name="Other", password="another-w0rd")
    assert services.settings_of(server).password == "s3cret-w0rd"
    other.password_sealed = server.password_sealed
    with pytest.raises(vault.SecretUnreadable):
        services.settings_of(other)


@pytest.mark.parametrize("left", ["", "AAAA", "not base64!", "Ä"])
def test_a_password_of_which_little_is_left_is_unreadable(left: str) -> None:
    server = make_server()
    server.password_sealed = f"{server.password_sealed.partition(':')[0]}:{left}"
    with pytest.raises(vault.SecretUnreadable):
        services.settings_of(server)


def test_a_change_without_a_password_keeps_the_one_there_is() -> None:
    server = services.change(SYSTEM, make_server(), timeout=20)
    assert services.settings_of(server).password == "s3cret-w0rd"


def test_a_password_does_not_follow_to_another_host() -> None:
    server = make_server()
    with pytest.raises(ValidationError) as caught:
        services.change(SYSTEM, server, host="thief.example.net")
    assert set(caught.value.message_dict) == {"password"}
    server.refresh_from_db()
    assert server.host == "smtp.example.com"
    moved = services.change(SYSTEM, server, host="new.example.com", password="new-w0rd")
    assert services.settings_of(moved).password == "new-w0rd"


def test_without_authentication_user_name_and_password_are_forgotten() -> None:
    server = services.change(SYSTEM, make_server(), authentication=False)
    assert (server.username, server.password_sealed) == ("", "")
    assert services.settings_of(server).username == ""


def test_a_password_can_be_replaced_and_removed() -> None:
    server = services.set_password(SYSTEM, make_server(), "new-w0rd")
    assert services.settings_of(server).password == "new-w0rd"
    server = services.set_password(SYSTEM, server, "")
    assert services.settings_of(server).password == ""


def test_the_audit_trail_says_that_a_password_was_set_but_not_which() -> None:
    services.set_password(SYSTEM, make_server(), "new-w0rd")
    records = list(AuditRecord.objects.values_list("verb", "after"))
    assert [verb for verb, _ in records] == ["server.create", "server.change"]
    assert records[1][1] == {"password": "set"}
    text = json.dumps(records)
    assert "w0rd" not in text
    assert DeliveryServer.objects.get().password_sealed not in text


# ---- the test state


@pytest.mark.parametrize(
    "values",
    [
        {"host": "192.0.2.1", "password": "again"},
        {"port": 25},
        {"encryption": "ssl"},
        {"verify_certificate": False},
        {"timeout": 11},
        {"authentication": False},
        {"username": "other"},
        {"password": "other"},
        {"source_ip": "192.0.2.9"},
        {"kind": "local"},
    ],
)
def test_a_new_connection_is_an_untested_one(values: dict[str, Any]) -> None:
    server = services.change(SYSTEM, _tested(), **values)
    assert (server.test_state, server.test_steps, server.tested_at) == ("never", [], None)


def test_other_fields_leave_the_test_result_alone() -> None:
    server = services.change(SYSTEM, _tested(), name="Renamed", mfrom_domain="b.example.com")
    assert server.test_state == "ok"
    assert services.change(SYSTEM, server, port=587).test_state == "ok"


def _tested() -> DeliveryServer:
    server = make_server()
    server.test_state, server.tested_at = "ok", timezone.now()
    server.save()
    return server


# ---- allocation


def test_badges_name_who_sends_what(group: UserGroup, account: Account) -> None:
    server, unused = make_server(), make_server(name="Unused")
    publishers = make_group("Publishers")
    for owner in (publishers, group, account):
        services.allocate(SYSTEM, server, "marketing", owner)
    services.allocate(SYSTEM, server, "autoresponder", group)
    found = queries.badges(server)
    assert [(badge.channel, badge.names) for badge in found] == [
        ("marketing", ("Agencies", "Harbour Books", "Publishers")),
        ("autoresponder", ("Agencies",)),
    ]
    assert queries.badges(unused) == []


def test_long_badges_are_cut_short() -> None:
    badge = queries.Badge("marketing", ("a", "b", "c", "d", "e"))
    assert badge.words == "a, b, c and 2 more"


def test_a_new_allocation_takes_the_place_of_the_old_one(group: UserGroup) -> None:
    first, second = make_server(name="First"), make_server(name="Second")
    services.allocate(SYSTEM, first, "marketing", group)
    services.allocate(SYSTEM, second, "marketing", group)
    services.allocate(SYSTEM, second, "marketing", group)
    assert queries.routing_of(group) == {Channel.MARKETING: second}
    told = list(AuditRecord.objects.filter(verb="server.allocate").values_list("before", "after"))
    assert told == [
        ({"marketing": None}, {"marketing": "First"}),
        ({"marketing": "First"}, {"marketing": "Second"}),
    ]


def test_routing_sets_and_ends_allocations_at_once(group: UserGroup) -> None:
    server = make_server()
    services.route(SYSTEM, group, dict.fromkeys(Channel, server))
    assert set(queries.routing_of(group)) == set(Channel)
    services.route(SYSTEM, group, {**dict.fromkeys(Channel), Channel.TRANSACTIONAL: server})
    assert queries.routing_of(group) == {Channel.TRANSACTIONAL: server}


def test_a_server_in_use_is_not_deleted_and_says_by_whom(
    group: UserGroup, account: Account
) -> None:
    server = make_server()
    services.allocate(SYSTEM, server, "marketing", group)
    services.allocate(SYSTEM, server, "transactional", group)
    services.allocate(SYSTEM, server, "marketing", account)
    with pytest.raises(ServerInUse) as caught:
        services.delete(SYSTEM, server)
    assert (
        "the group Agencies (marketing, transactional) and the account Harbour Books (marketing)"
        in str(caught.value)
    )
    services.route(SYSTEM, group, dict.fromkeys(Channel))
    services.deallocate(SYSTEM, "marketing", account)
    services.delete(SYSTEM, server)
    assert not DeliveryServer.objects.exists()


# ---- pause, advice, doors


def test_an_operators_pause_outlasts_what_engines_find(boss: User) -> None:
    server, now = make_server(), timezone.now()
    pauses.pause(server.pk, "421 too busy", now)
    server.refresh_from_db()
    services.pause(server, services.FOREVER, "Moving the machine", actor=operator(boss))
    pauses.pause(server.pk, "421 too busy", now)
    pauses.well(server.pk)
    server.refresh_from_db()
    assert (server.paused_until, server.paused_reason) == (services.FOREVER, "Moving the machine")
    services.resume(server, actor=operator(boss))
    server.refresh_from_db()
    assert (server.paused_until, server.paused_reason) == (None, "")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"encryption": "none"}, "the password and all mail travel in clear"),
        ({"encryption": "none", "authentication": False}, "can read and change the mail"),
        ({"verify_certificate": False}, "certificate is not checked"),
        ({"password": ""}, "no password"),
    ],
)
def test_risks_are_named(values: dict[str, Any], said: str) -> None:
    assert [said in sentence for sentence in advice.warnings_of(make_server(**values))] == [True]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_no_tls_is_no_risk_on_this_machine(host: str) -> None:
    assert advice.warnings_of(make_server(encryption="none", host=host)) == []


def test_consequences_are_named() -> None:
    assert advice.consequences_of(make_server()) == []
    server = make_server(
        name="Other",
        mfrom_domain="bounce@example.com",
        enforced_from="news@example.com",
        sender_info_as_from=True,
    )
    told = " ".join(advice.consequences_of(server))
    assert "return path bounce@example.com" in told
    assert "from news@example.com" in told
    assert "sender info of lists is not used" in told


def test_transactional_mail_on_a_shared_server_is_advised_against() -> None:
    one, two = make_server(), make_server(name="Two")
    shared = {Channel.MARKETING: one, Channel.TRANSACTIONAL: one}
    assert "password resets" in advice.routing_warnings(shared)[0]
    assert advice.routing_warnings({**shared, Channel.TRANSACTIONAL: two}) == []
    assert advice.routing_warnings({Channel.MARKETING: one}) == []


def test_the_owner_of_an_account_may_not_touch_servers(account: Account, owner: User) -> None:
    server = make_server()
    actor = member_of(owner, account)
    key = Actor(kind="api-key", name="key", role=Role.MANAGER)
    for who in (actor, key):
        assert who
        for verb in (
            lambda who=who: services.create(who, **VALUES),
            lambda who=who: services.change(who, server, port=25),
            lambda who=who: services.set_password(who, server, ""),
            lambda who=who: services.delete(who, server),
            lambda who=who: services.allocate(who, server, "marketing", account),
            lambda who=who: services.deallocate(who, "marketing", account),
            lambda who=who: services.pause(server, services.FOREVER, "", actor=who),
            lambda who=who: services.resume(server, actor=who),
            lambda who=who: services.test(who, server),
        ):
            with pytest.raises(NotAllowed):
                verb()


@pytest.mark.parametrize(
    ("helo", "base_url", "said"),
    [
        ("mta1.example.net", "https://post.example.com", "mta1.example.net"),
        ("", "https://post.example.com", "post.example.com"),
        ("", "http://127.0.0.1:8000", "[127.0.0.1]"),
        ("", "http://[2001:db8::1]:8000", "[IPv6:2001:db8::1]"),
    ],
)
def test_servers_are_greeted_by_the_installations_name(
    settings: Any, helo: str, base_url: str, said: str
) -> None:
    settings.HELO_NAME, settings.BASE_URL = helo, base_url
    assert services.settings_of(make_server()).helo_name == said


# ---- save to disk


def test_a_folder_is_all_that_saving_to_disk_needs(settings: Any, tmp_path: Path) -> None:
    settings.DISK_FOLDER = tmp_path
    assert list(errors_of(kind="disk", folder="")) == ["folder"]
    server = make_server(kind="disk", folder="/pmta/pickup/", disk_layout="powermta", host="")
    assert (server.folder, server.host, server.authentication) == (
        "pmta/pickup",
        "127.0.0.1",
        False,
    )
    assert services.test(SYSTEM, server).ok
    assert disk_settings_of(server).folder == tmp_path / "pmta" / "pickup"
    assert services.change(SYSTEM, server, folder="other").test_state == server.TestState.NEVER
