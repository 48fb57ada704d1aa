"""Nobody makes us call where only we can reach (A4): judged when saved, and when we connect."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import trustme
from django.core.exceptions import ValidationError

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account
from posthouse.webhooks import doors, posting, sending, services
from posthouse.webhooks.addresses import UrlRefused, checked_url
from posthouse.webhooks.doors import DoorClosed, Doorkeeper
from posthouse.webhooks.models import Call, Endpoint
from tests.fakes.receiver import Receiver

INSIDE = (ip_network("127.0.0.0/8"),)


@pytest.fixture(autouse=True)
def across(db: None) -> Iterator[None]:
    with access.across_tenants():
        yield


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """What the system's resolver answers for a name, first time, second time, and so on."""
    told: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, *args: Any, **more: Any) -> Any:
        if host not in told:
            return real(host, port, *args, **more)
        answers = told[host]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, 1, 6, "", (one, port))
            for one in addresses
        ]

    monkeypatch.setattr(doors.socket, "getaddrinfo", look_up)
    return told


@pytest.fixture
def trap() -> Iterator[tuple[int, list[object]]]:
    """A port on loopback that notes whoever knocks."""
    knocks: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            while True:
                try:
                    connection, peer = listening.accept()
                except OSError:
                    return
                knocks.append(peer)
                connection.close()

        thread = threading.Thread(target=accept)
        thread.start()
        yield listening.getsockname()[1], knocks
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(20)


def called(account: Account, url: str) -> Call:
    """A test call to a URL that was saved before anybody judged it."""
    endpoint, _ = services.create(SYSTEM, account, url="https://x.example", kinds=["list.left"])
    Endpoint.objects.filter(pk=endpoint.pk).update(url=url)
    call = services.send_test(SYSTEM, endpoint)
    sending.send_due()
    call.refresh_from_db()
    return call


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"], ["10.0.0.8"], ["169.254.169.254"], ["0.0.0.0"], ["::1"],
        ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"], ["fd00:ec2::254"], ["fe80::1%1"],
        ["93.184.216.34", "127.0.0.1"],
    ],
)  # fmt: skip
def test_a_name_that_leads_inside_is_not_called_and_nothing_knocks(
    account: Account,
    names: dict[str, list[list[str]]],
    trap: tuple[int, list[object]],
    addresses: list[str],
) -> None:
    port, knocks = trap
    names["rebound.example.com"] = [addresses]
    call = called(account, f"https://rebound.example.com:{port}/")

    assert call.problem == "rebound.example.com leads to an address that is not public."
    assert not any(address in call.problem for address in addresses)
    assert knocks == []


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "0", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]", "localhost"],
)
def test_ways_to_write_loopback_lead_nowhere(
    account: Account, trap: tuple[int, list[object]], host: str
) -> None:
    port, knocks = trap
    call = called(account, f"https://{host}:{port}/")

    refused = ("not public", "No address", "not a URL")
    assert any(words in call.problem for words in refused), call.problem
    assert knocks == []


def test_the_name_is_asked_once_for_a_connection_and_that_answer_is_where_it_goes(
    account: Account,
    names: dict[str, list[list[str]]],
    trap: tuple[int, list[object]],
    settings: Any,
) -> None:
    """Rebinding: public at the first question, loopback at any later one."""
    port, knocks = trap
    settings.WEBHOOKS_ALLOWED_NETWORKS = (ip_network("127.0.0.2/32"),)
    names["rebind.example.com"] = [["127.0.0.2"], ["127.0.0.1"]]
    call = called(account, f"https://rebind.example.com:{port}/")

    assert call.problem.startswith("No connection")  # nobody listens at the judged address
    assert knocks == []
    again = called(account, f"https://rebind.example.com:{port}/")
    assert "not public" in again.problem


def test_the_client_itself_refuses_an_address_that_nobody_judged(
    trap: tuple[int, list[object]],
) -> None:
    port, knocks = trap

    async def go() -> None:
        with ThreadPoolExecutor(1) as threads:
            async with posting.client_for(Doorkeeper(threads, ())) as client:
                await client.post(f"http://127.0.0.1:{port}/")

    with pytest.raises(Exception, match=r"127\.0\.0\.1"):
        asyncio.run(go())
    assert knocks == []


def test_plain_http_leads_only_into_networks_that_the_operator_opened(
    names: dict[str, list[list[str]]],
) -> None:
    names.update({"inside.example": [["127.0.0.1"]], "outside.example": [["93.184.216.34"]]})

    async def look(host: str, scheme: str) -> list[str]:
        with ThreadPoolExecutor(1) as threads:
            keeper = Doorkeeper(threads, INSIDE)
            return [str(one) for one in await keeper.addresses(host, 8080, scheme)]

    assert asyncio.run(look("inside.example", "http")) == ["127.0.0.1"]
    assert asyncio.run(look("outside.example", "https")) == ["93.184.216.34"]
    with pytest.raises(DoorClosed, match="only https"):
        asyncio.run(look("outside.example", "http"))


def test_a_name_that_does_not_exist_is_told_so(account: Account) -> None:
    call = called(account, "https://nowhere.invalid/")
    assert call.problem == "No address was found for the name nowhere.invalid."


def test_the_certificate_must_be_the_names_although_we_connect_to_an_address(
    account: Account,
    names: dict[str, list[list[str]]],
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    trusted = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    monkeypatch.setattr(posting, "_trust", lambda: trusted)
    settings.WEBHOOKS_ALLOWED_NETWORKS = INSIDE
    names.update({"hooks.example.com": [["127.0.0.1"]], "other.example.com": [["127.0.0.1"]]})
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("hooks.example.com").configure_cert(context)
    receiver = Receiver(context)
    try:
        right = called(account, f"https://hooks.example.com:{receiver.port}/in")
        wrong = called(account, f"https://other.example.com:{receiver.port}/in")
    finally:
        receiver.close()

    assert (right.state, wrong.state) == ("delivered", "failed")
    assert "other.example.com" in wrong.problem
    assert receiver.requests[0].headers["Host"] == f"hooks.example.com:{receiver.port}"


# --- what may be saved ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "must begin with https://"),
        ("ftp://example.com/", "must begin with https://"),
        ("javascript:alert(1)", "must begin with https://"),
        ("http://example.com/", "must begin with https://"),
        ("https://", "must begin with https://"),
        ("https://user:word@example.com/", "user name"),
        ("https://example.com@127.0.0.1/", "user name"),
        ("https://example.com/#part", "from # on"),
        ("https://exa mple.com/", "spaces"),
        ("https://example.com\\@10.0.0.1/", "spaces"),
        ("https://bücher.example/", "ASCII"),
        ("https://example.com:25/", "another service"),
        ("https://example.com:99999/", "not a URL"),
        ("https://[::1/", "not a URL"),
        ("https://0177.0.0.1/", "not a URL"),
        ("https://127.0.0.1/", "not a public address"),
        ("https://[fe80::1]/", "not a public address"),
        ("https://169.254.169.254/latest/", "keep their metadata"),
        ("https://localhost/", "not a name on the Internet"),
        ("https://router/", "not a name on the Internet"),
        ("https://example.com/" + "x" * 500, "longer than 500"),
    ],
)
def test_urls_that_cannot_be_called_are_refused_in_words(
    account: Account, url: str, words: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        services.create(SYSTEM, account, url=url, kinds=["list.left"])
    assert words in refused.value.message_dict["url"][0]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        " https://example.com:8443/in?key=1 ",
        "https://xn--bcher-kva.example/",
        "https://[2606:4700::1111]/",
    ],
)
def test_others_are_taken(url: str) -> None:
    assert checked_url(url) == url.strip()


def test_an_operator_who_opens_a_network_may_name_hosts_in_it() -> None:
    for url in ("http://127.0.0.1:8080/", "http://crm:8080/in", "https://crm/"):
        assert checked_url(url, INSIDE) == url
    with pytest.raises(UrlRefused):
        checked_url("http://10.0.0.1/", INSIDE)
