"""The connection test against real SMTP servers: which step fails, why, and what to do."""

import asyncio
import json
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from django.db import connection
from django.test import Client, override_settings
from django.urls import reverse
from typer.testing import CliRunner

from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import AuditRecord, User
from posthouse.cli.servers import app
from posthouse.core.delivery.replies import Stage
from posthouse.demo.faults import Fault
from posthouse.demo.sink import Sink
from posthouse.servers import services
from posthouse.servers.errors import ServerChangedMeanwhile
from posthouse.servers.models import DeliveryServer
from tests.features.test_servers import VALUES

pytestmark = pytest.mark.django_db

CA = trustme.CA()
TRUSTED = CA.cert_pem.bytes().decode()
YESTERDAY = datetime.now(UTC) - timedelta(days=1)
NAME, PASSWORD = "relay", "s3cret-w0rd"
_GUARD = 60  # seconds, against hanging


def server_side(leaf: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context


GOOD = server_side(CA.issue_cert("localhost"))
BAD = {
    "certificate has expired": CA.issue_cert(
        "localhost", not_before=YESTERDAY - timedelta(days=9), not_after=YESTERDAY
    ),
    "unable to get local issuer certificate": trustme.CA().issue_cert("localhost"),
    "Hostname mismatch": CA.issue_cert("other.example.org"),
}


@contextmanager
def running(sink: Sink) -> Iterator[int]:
    """The sink's port, while it runs on a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(sink.start(), loop).result(_GUARD)
        yield sink.smtp_port
    finally:
        asyncio.run_coroutine_threadsafe(sink.stop(), loop).result(_GUARD)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_GUARD)
        loop.close()


def sink_with(folder: Path, **options: Any) -> Sink:
    options = {"tls": GOOD, "credentials": (NAME, PASSWORD), **options}
    return Sink(folder, http_port=None, **options)


def server_at(port: int, **values: Any) -> DeliveryServer:
    ours = {"host": "localhost", "port": port, "username": NAME, "certificate_authority": TRUSTED}
    return services.create(SYSTEM, **{**VALUES, "password": PASSWORD, **ours, **values})


def failing_step(server: DeliveryServer) -> dict[str, Any]:
    """Runs the test; the one step that failed, as it was kept."""
    report = services.test(SYSTEM, server)
    assert not report.ok
    server.refresh_from_db()
    assert server.test_state == "failed"
    assert server.tested_at
    *before, last = server.test_steps
    assert all(step["ok"] for step in before)
    assert not last["ok"]
    assert last["advice"]
    found: dict[str, Any] = last
    return found


@pytest.mark.parametrize("encryption", ["starttls", "ssl", "none"])
def test_a_good_server_works_and_each_step_says_what_was_seen(
    encryption: str, tmp_path: Path
) -> None:
    options = {"implicit_tls": encryption == "ssl"} if encryption != "none" else {"tls": None}
    with running(sink_with(tmp_path, **options)) as port:
        server = server_at(port, encryption=encryption)
        assert services.test(SYSTEM, server).ok
    server.refresh_from_db()
    assert (server.test_state, server.pauses_in_row) == ("ok", 0)
    words = {step["name"]: step["words"] for step in server.test_steps}
    assert words["greeting"] == "The server says: 220 sink.example ESMTP Posthouse"
    assert words["AUTH"] == "Signed in as relay."
    assert ("TLS" in words) == (encryption != "none")
    if encryption != "none":
        assert "certificate for localhost" in words["TLS"]
    assert all(step["milliseconds"] >= 0 for step in server.test_steps)
    assert AuditRecord.objects.get(verb="server.test").after == {"result": "ok", "failed_at": None}


def test_nothing_listens_there() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    step = failing_step(server_at(port, host="127.0.0.1"))
    assert step["name"] == "connect"
    assert "refuses connections" in step["words"]
    assert f"Check host and port ({port})" in step["advice"]


def test_a_name_without_an_address_is_named() -> None:
    step = failing_step(server_at(25, host="mail.nowhere.invalid"))
    assert step["name"] == "resolve"
    assert "mail.nowhere.invalid has no address" in step["words"]


def test_a_wrong_password_is_the_step_auth(tmp_path: Path) -> None:
    with running(sink_with(tmp_path)) as port:
        step = failing_step(server_at(port, password="wr0ng-w0rd"))
    assert step["name"] == "AUTH"
    assert "535 5.7.8" in step["words"]
    assert "Check user name and password" in step["advice"]


@pytest.mark.parametrize("encryption", ["starttls", "ssl"])
@pytest.mark.parametrize("fault", BAD)
def test_a_bad_certificate_is_named(fault: str, encryption: str, tmp_path: Path) -> None:
    options = {"tls": server_side(BAD[fault]), "implicit_tls": encryption == "ssl"}
    with running(sink_with(tmp_path, **options)) as port:
        step = failing_step(server_at(port, encryption=encryption))
    assert step["name"] == "TLS"
    assert fault in step["words"]
    assert "certificate" in step["advice"]


def test_a_certificate_that_is_not_checked_is_told(tmp_path: Path) -> None:
    expired = server_side(BAD["certificate has expired"])
    with running(sink_with(tmp_path, tls=expired)) as port:
        report = services.test(SYSTEM, server_at(port, verify_certificate=False))
    assert report.ok
    assert [step.words.endswith("not checked.") for step in report.steps if step.name == "TLS"] == [
        True
    ]


def test_a_server_without_starttls_is_the_step_tls(tmp_path: Path) -> None:
    with running(sink_with(tmp_path, tls=None)) as port:
        step = failing_step(server_at(port))
    assert step["name"] == "TLS"
    assert "does not offer STARTTLS" in step["words"]
    assert "465 wants SSL" in step["advice"]


def test_a_server_that_says_nothing_runs_into_the_time_out() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        step = failing_step(server_at(silent.getsockname()[1], host="127.0.0.1", timeout=1))
    assert step["name"] == "greeting"
    assert "did not answer within 1 seconds" in step["words"]


def test_a_server_that_repeats_the_password_does_not_get_it_kept(tmp_path: Path) -> None:
    sent = b64encode(f"\0{NAME}\0{PASSWORD}".encode()).decode()
    echo = Fault(Stage.AUTH, f"535 5.7.8 {sent} ({PASSWORD}) is wrong")
    with running(sink_with(tmp_path, faults=[echo])) as port:
        server = server_at(port)
        step = failing_step(server)
    assert "*** (***) is wrong" in step["words"]
    kept = json.dumps([server.test_steps, server.test_conversation])
    assert PASSWORD not in kept
    assert sent not in kept


def test_a_password_that_cannot_be_opened_is_entered_again(settings: Any) -> None:
    server = server_at(25)
    settings.ENCRYPTION_KEY = "another key"
    step = failing_step(server)
    assert step["name"] == "password"
    assert "POSTHOUSE_ENCRYPTION_KEY" in step["words"]
    assert step["advice"] == "Enter the password again."


@pytest.mark.django_db(transaction=True)
def test_a_result_about_settings_that_are_no_more_is_not_kept() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        server = server_at(listener.getsockname()[1], host="127.0.0.1")

        def change_while_it_is_tested() -> None:
            visitor, _ = listener.accept()
            try:
                services.change(SYSTEM, server, username="somebody-else")
            finally:
                connection.close()
                visitor.close()

        meanwhile = threading.Thread(target=change_while_it_is_tested)
        meanwhile.start()
        with pytest.raises(ServerChangedMeanwhile, match="Test again"):
            services.test(SYSTEM, server)
        meanwhile.join(_GUARD)
    server.refresh_from_db()
    assert (server.test_state, server.test_steps) == ("never", [])


# ---- the page


def test_the_test_tab_runs_the_test_and_shows_the_steps(
    client_of: Callable[[User], Client], boss: User, tmp_path: Path
) -> None:
    hostile = Fault(Stage.CONNECT, "220 <script>alert(1)</script>\x00\x1b[2J ESMTP")
    with running(sink_with(tmp_path, faults=[hostile])) as port:
        server = server_at(port)
        url = reverse("operator-servers:test", kwargs={"server": server.public_id})
        browser = client_of(boss)
        assert "Never tested" in browser.get(url).content.decode()
        page = browser.post(url, follow=True).content.decode()
    for said in ("Works", "Signed in as relay.", "certificate for localhost", "The conversation"):
        assert said in page
    assert "S: 220 &lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert "AUTH PLAIN ***" in page
    assert PASSWORD not in page


def test_the_page_says_what_to_do_about_a_failure(
    client_of: Callable[[User], Client], boss: User, tmp_path: Path
) -> None:
    with running(sink_with(tmp_path)) as port:
        server = server_at(port, password="wr0ng-w0rd")
        url = reverse("operator-servers:test", kwargs={"server": server.public_id})
        page = client_of(boss).post(url, follow=True).content.decode()
    for said in ("Failed", "535 5.7.8", "What to do:", "Check user name and password"):
        assert said in page
    assert "wr0ng-w0rd" not in page


# ---- the command


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.output


def test_the_command_tests_and_its_exit_code_tells(tmp_path: Path) -> None:
    with running(sink_with(tmp_path)) as port:
        server = server_at(port)
        code, said = run("test", "EU marketing")
        assert code == 0
        assert "EU marketing works." in said
        assert "Signed in as relay." in said
        services.set_password(SYSTEM, server, "wr0ng-w0rd")
        code, said = run("test", "EU marketing")
        assert code == 1
        assert "EU marketing does not work." in said
        assert "Check user name and password" in said
        assert "at the command line" in AuditRecord.objects.latest("id").actor_name
        code, said = run("test", "EU marketing", "--json")
        assert code == 1
        told = json.loads(said)
        assert told["test"]["state"] == "failed"
        assert told["test"]["steps"][-1]["name"] == "AUTH"
        assert "wr0ng" not in said


def test_the_command_knows_no_such_server() -> None:
    server_at(25)
    code, said = run("test", "EU markting")
    assert code == 2
    assert "There are: EU marketing." in said


def test_the_command_speaks_of_a_folder_as_of_one(tmp_path: Path) -> None:
    server = server_at(25)
    DeliveryServer.objects.filter(pk=server.pk).update(kind="disk", folder="out")
    with override_settings(DISK_FOLDER=tmp_path):
        code, said = run("test", "EU marketing")
    assert (code, said.splitlines()[0]) == (0, "Testing EU marketing: the folder out ...")
    assert "where      the folder out" in run("list")[1]


def test_the_command_lists_servers(group: Any) -> None:
    assert "There is no delivery server yet." in run("list")[1]
    server = server_at(25)
    code, said = run("list")
    assert code == 0
    assert "Not Allocated" in said
    services.allocate(SYSTEM, server, "marketing", group)
    assert "marketing: Agencies" in run("list")[1]
    told = json.loads(run("list", "--json")[1])
    assert [(one["name"], one["used_by"], one["test"]["state"]) for one in told] == [
        ("EU marketing", {"marketing": ["Agencies"]}, "never")
    ]
    assert PASSWORD not in json.dumps(told)
    assert server.password_sealed not in json.dumps(told)
