"""A domain's own keys on the page, over the API, in a shell; their private half nowhere (A14)."""

import json
import logging
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account, Role, User
from posthouse.domains import keys
from posthouse.domains.models import DomainKey, SenderDomain
from tests.features.own_keys import MASTER, added, asked, enabled, leaks, needles, ring, verified
from tests.postgres import _program
from tests.sending import make_domain

if TYPE_CHECKING:
    from tests.features.dns_servers import DnsWorld

pytest_plugins = ["tests.features.dns_servers"]


@pytest.fixture
def world(dns_world: "DnsWorld", settings: Any) -> "DnsWorld":
    settings.DNS_RESOLVERS = (f"127.0.0.1:{dns_world.resolver[1]}",)
    settings.DNS_AUTHORITY_PORT = dns_world.authority[1]
    dns_world.set_zone("example.net", MASTER)
    return dns_world


def page_of(domain: SenderDomain) -> str:
    return f"/a/{domain.account.slug}/settings/domains/{domain.public_id}/keys/"


def run(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command `posthouse domains` on this test's rows."""
    done = subprocess.run(
        [sys.executable, "-m", "posthouse.cli.app", "domains", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_the_page_goes_with_a_rotation(
    account: Account, owner: User, client_of: Callable[[User], Client], world: "DnsWorld"
) -> None:
    domain = enabled(account, world, "page.example.com")
    client, page = client_of(owner), page_of(domain)
    old = [key.selector for key in ring(domain).signing]
    text = client.get(page).content.decode()
    assert "Signs" in text
    assert "Rotate" in text
    assert all(selector in text for selector in old)

    text = client.post(f"{page}rotate/", follow=True).content.decode()
    new = [key.selector for key in ring(domain).coming]
    assert all(f"{selector}._domainkey" in text for selector in new)
    assert "New keys wait for their records" in text
    again = client.post(f"{page}rotate/", follow=True).content.decode()
    assert "already wait for their records" in again

    world.set_zone("page.example.com", asked(domain))
    client.post(f"{page.removesuffix('keys/')}verify/")
    text = client.get(page).content.decode()
    assert "Leave it until" in text
    assert [key.selector for key in ring(domain).signing] == new


def test_the_page_calls_a_rotation_off(
    account: Account, owner: User, client_of: Callable[[User], Client], world: "DnsWorld"
) -> None:
    domain = enabled(account, world, "pageoff.example.com")
    client, page = client_of(owner), page_of(domain)
    client.post(f"{page}rotate/")
    text = client.post(f"{page}call-off/", follow=True).content.decode()
    assert "The rotation is called off" in text
    assert not ring(domain).rotating
    history = client.get(page.replace("/keys/", "/history/")).content.decode()
    assert "The rotation was called off; dropped: " in history


def test_an_inherited_key_says_so_and_a_viewer_rotates_nothing(
    account: Account, viewer: User, client_of: Callable[[User], Client], world: "DnsWorld"
) -> None:
    with access.across_tenants():
        inherited = make_domain(account)
    own = enabled(account, world, "viewed.example.com")
    client = client_of(viewer)

    assert "inherits its DKIM key" in client.get(page_of(inherited)).content.decode()
    assert client.post(f"{page_of(own)}rotate/").status_code == 403
    assert client.post(f"{page_of(own)}call-off/").status_code == 403
    assert not ring(own).rotating


def test_the_api_rotates_and_calls_off(
    account: Account, api_of: Callable[..., Client], world: "DnsWorld"
) -> None:
    domain = enabled(account, world, "api.example.com")
    api, base = api_of(account), f"/api/v1/domains/{domain.public_id}"
    told = api.get(f"{base}/keys").json()
    assert (told["inherited"], told["rotating"]) == (False, False)
    assert [(key["algorithm"], key["state"]) for key in told["keys"]] == [
        ("rsa", "signing"),
        ("ed25519", "signing"),
    ]
    started = api.post(f"{base}/rotation")
    assert started.status_code == 201
    assert [key["state"] for key in started.json()["keys"]] == ["waiting"] * 2 + ["signing"] * 2
    assert {record["required"] for record in started.json()["keys"][0]["records"]} == {False}
    assert api.post(f"{base}/rotation").status_code == 409
    assert api.delete(f"{base}/rotation").status_code == 204
    assert api.delete(f"{base}/rotation").status_code == 409
    assert api_of(account, Role.VIEWER).post(f"{base}/rotation").status_code == 403


def test_another_accounts_keys_look_like_missing_ones(
    *,
    account: Account,
    stranger: User,
    other_account: Account,
    client_of: Callable[[User], Client],
    api_of: Callable[..., Client],
    world: "DnsWorld",
) -> None:
    domain = enabled(account, world, "foreign.example.com")
    api, client = api_of(other_account), client_of(stranger)
    page = page_of(domain).replace(account.slug, other_account.slug)
    base = f"/api/v1/domains/{domain.public_id}"

    assert {
        client.get(page).status_code,
        client.post(f"{page}rotate/").status_code,
        client.post(f"{page}call-off/").status_code,
        api.get(f"{base}/keys").status_code,
        api.post(f"{base}/rotation").status_code,
        api.delete(f"{base}/rotation").status_code,
    } == {404}
    assert not ring(domain).rotating


def test_the_shell_shows_and_rotates(
    account: Account, child_environment: dict[str, str], world: "DnsWorld"
) -> None:
    domain = enabled(account, world, "keysinshell.example.com")
    with access.across_tenants():
        inherited = make_domain(account, "mail.inherited.example.com")
    (told,) = json.loads(run(child_environment, "keys", domain.name, "--json").stdout)
    assert [key["state"] for key in told["keys"]] == ["signing", "signing"]
    (told,) = json.loads(run(child_environment, "rotate", domain.name, "--json").stdout)
    assert told["rotating"]
    text = run(child_environment, "keys", domain.name, inherited.name).stdout
    coming = [key.selector for key in ring(domain).coming]
    assert all(f"publish: {selector}._domainkey.{domain.name}" in text for selector in coming)
    assert "mail.inherited.example.com: inherits its DKIM key" in text

    again = run(child_environment, "rotate", domain.name)
    assert (again.returncode, "already wait" in again.stderr) == (2, True)
    assert run(child_environment, "rotate", domain.name, "--call-off").returncode == 0
    assert "no DKIM key of its own" in run(child_environment, "rotate", inherited.name).stderr


# --- A14: a key in none of the places where a thief could look ------------------------------------


def dump() -> Iterator[bytes]:
    """All that the database holds: as SQL, and on SQLite also the octets of its files."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "postgresql":
        host, port = (str(connection.settings_dict[word]) for word in ("HOST", "PORT"))
        command = [str(_program("pg_dump")), "-h", host, "-p", port, "-U", "postgres", str(name)]
        for extra in ([], ["--inserts"]):
            yield subprocess.run([*command, *extra], capture_output=True, check=True).stdout
        return
    file = sqlite3.connect(name)
    yield "\n".join(file.iterdump()).encode("utf-8", "surrogateescape")
    file.close()
    yield from (path.read_bytes() for path in Path(name).parent.glob(f"{Path(name).name}*"))


def test_a_private_key_is_in_no_dump_page_answer_or_log(
    *,
    account: Account,
    owner: User,
    client_of: Callable[[User], Client],
    api_of: Callable[..., Client],
    child_environment: dict[str, str],
    world: "DnsWorld",
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    domain = enabled(account, world, "thief.example.com")
    with access.tenant(account):
        keys.rotate(SYSTEM, domain)
    world.set_zone("thief.example.com", asked(domain))
    verified(domain)
    with access.tenant(account):
        keys.rotate(SYSTEM, domain)
    wanted = needles(domain)
    assert len({key.state for key in ring(domain).all}) == 3
    client, api = client_of(owner), api_of(account)
    page, base = page_of(domain).removesuffix("keys/"), f"/api/v1/domains/{domain.public_id}"
    parts = ("", "keys/", "options/", "history/", "zone/", "csv/")
    seen = [client.get(f"{page}{part}").content for part in parts]
    seen += [api.get(f"{base}{part}").content for part in ("", "/keys", "/history", "/zone")]
    for command in ("keys", "records", "list"):
        names = () if command == "list" else (domain.name,)
        told = run(child_environment | {"POSTHOUSE_LOG_LEVEL": "DEBUG"}, command, *names, "--json")
        seen.append((told.stdout + told.stderr).encode())
    seen += [caplog.text.encode(), *dump()]
    with access.across_tenants():
        seen += [f"{row!r} {row} {vars(row)}".encode() for row in DomainKey.objects.all()]

    assert all(seen)
    assert [leaks(text, wanted) for text in seen] == [[]] * len(seen)


def test_the_needles_would_be_found(account: Account, world: "DnsWorld") -> None:
    """The search itself: an unsealed key in a text is seen in whatever form."""
    domain = added(account, "mail.needle.example.com")
    wanted = needles(domain)
    for name, needle in wanted.items():
        assert name in leaks(b'{"value": "' + needle + b'"}', wanted)
    wrapped = wanted[next(name for name in wanted if "base64 from 0" in name)]
    assert leaks(wrapped[:10] + b"\r\n" + wrapped[10:], wanted)
