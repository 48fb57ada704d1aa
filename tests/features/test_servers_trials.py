"""The Test tab: mail offered without content, a message where one is wanted, and DNS."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import User
from posthouse.core.delivery.replies import Stage
from posthouse.demo.faults import Fault
from posthouse.demo.sink import Sink
from posthouse.servers import services
from posthouse.servers.models import DeliveryServer
from tests.sending import make_server

if TYPE_CHECKING:
    from tests.features.dns_servers import DnsWorld

pytestmark = pytest.mark.django_db
pytest_plugins = ["tests.features.dns_servers"]


@pytest.fixture
def browser(client_of: Callable[[User], Client], boss: User) -> Client:
    return client_of(boss)


@contextmanager
def listening(sink: Sink) -> Iterator[None]:
    """The sink in a thread of its own, for pages that block."""
    ready, over = Event(), Event()

    async def serve() -> None:
        await sink.start()
        ready.set()
        await asyncio.to_thread(over.wait)
        await sink.stop()

    thread = Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    ready.wait()
    try:
        yield
    finally:
        over.set()
        thread.join()


def after_test(browser: Client, sink: Sink, **typed: str) -> tuple[DeliveryServer, str]:
    with listening(sink):
        server = make_server(sink.smtp_port, mfrom_domain="bounces.example.com")
        url = reverse("operator-servers:test", kwargs={"server": server.public_id})
        said = browser.post(url, typed, follow=True).content.decode()
    server.refresh_from_db()
    return server, said


def steps(server: DeliveryServer) -> str:
    return " ".join(step["name"] for step in server.test_steps)


def test_a_recipient_is_asked_for_and_nothing_is_sent(browser: Client, tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None)
    server, said = after_test(browser, sink, recipient="someone@example.org")
    assert steps(server) == "resolve connect greeting EHLO MAIL RCPT RSET QUIT"
    assert "The recipient someone@example.org is taken" in said
    assert "posthouse-test@bounces.example.com" in said
    assert len(sink.record) == 0


def test_a_folder_is_written_to_and_asked_about_nobody(browser: Client, tmp_path: Path) -> None:
    server = make_server(kind="disk", folder="out")
    url = reverse("operator-servers:test", kwargs={"server": server.public_id})
    said = browser.get(url).content.decode()
    assert "A folder cannot be asked about a recipient" in said
    assert 'name="recipient"' not in said
    with override_settings(DISK_FOLDER=tmp_path):
        browser.post(url, {"recipient": "not an address", "message": "on"})
    server.refresh_from_db()
    assert (steps(server), server.test_state) == ("folder", server.TestState.OK)
    assert [one.name for one in (tmp_path / "out").iterdir() if one.is_file()] == []


def test_a_message_is_sent_where_one_is_wanted(browser: Client, tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None)
    server, said = after_test(browser, sink, recipient="someone@example.org", message="on")
    assert steps(server) == "resolve connect greeting EHLO MAIL RCPT message QUIT"
    assert server.test_state == "ok"
    assert "The message is taken" in said
    (sent,) = (sink.record[n] for n in range(len(sink.record)))
    assert (sent.mail_from, sent.recipient) == (
        "posthouse-test@bounces.example.com",
        "someone@example.org",
    )


@pytest.mark.parametrize(
    ("stage", "step", "todo"),
    [
        (Stage.MAIL, "MAIL", "choose another Mail From domain"),
        (Stage.RCPT, "RCPT", "Try another recipient"),
        (Stage.DATA, "message", "refuses the message itself"),
        (Stage.END, "message", "refuses the message itself"),
    ],
)
def test_a_refusal_names_its_step_and_what_to_do(
    stage: Stage, step: str, todo: str, browser: Client, tmp_path: Path
) -> None:
    sink = Sink(tmp_path, http_port=None, faults=[Fault(stage, "550 5.7.1 Not <b>you</b>")])
    server, said = after_test(browser, sink, recipient="someone@example.org", message="on")
    assert server.test_state == "failed"
    assert server.test_steps[-1]["name"] == step
    assert todo in said
    assert "550 5.7.1 Not &lt;b&gt;you&lt;/b&gt;" in said
    assert len(sink.record) == 0


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ({"message": "on"}, "Enter who gets the message."),
        ({"recipient": "nobody"}, "nobody"),
        ({"recipient": "a@example.org\r\nRCPT TO:<b@example.org>"}, "example.org"),
        ({"recipient": "a@example.org> SIZE=1"}, "example.org"),
    ],
)
def test_what_is_no_recipient_is_refused_before_anything_is_said(
    typed: dict[str, str], refusal: str, browser: Client
) -> None:
    server = make_server(1)
    url = reverse("operator-servers:test", kwargs={"server": server.public_id})
    answer = browser.post(url, typed)
    assert refusal in answer.content.decode()
    assert answer.context["form"].errors["recipient"]
    server.refresh_from_db()
    assert server.test_state == "never"


def test_dns_of_a_servers_domains_is_checked_and_kept(
    browser: Client, dns_world: "DnsWorld", settings: Any
) -> None:
    settings.DNS_RESOLVERS = (f"127.0.0.1:{dns_world.resolver[1]}",)
    server = make_server(
        mfrom_domain="bounces.example.net",
        link_tracking_domain="click.example.net",
        open_tracking_domain="open.example.net",
    )
    dns_world.set_zone(
        "example.net",
        ["bounces A 192.0.2.1", "bounces MX 10 bounces", "click CNAME bounces"],
    )
    url = reverse("operator-servers:check-dns", kwargs={"server": server.public_id})
    assert browser.get(url).status_code == 405
    said = browser.post(url, follow=True).content.decode()
    for words in ("Something is to be mended", "has no SPF record", "open.example.net has no"):
        assert words in said
    server.refresh_from_db()
    states = {(one["check"], one["host"]): one["state"] for one in server.dns_findings}
    assert states == {
        ("SPF", "bounces.example.net"): "not_yet",
        ("MX", "bounces.example.net"): "ok",
        ("Address", "bounces.example.net"): "ok",
        ("Address", "click.example.net"): "ok",
        ("Address", "open.example.net"): "not_yet",
    }

    services.change(SYSTEM, server, open_tracking_domain="click.example.net")
    server.refresh_from_db()
    assert server.dns_checked_at is None
