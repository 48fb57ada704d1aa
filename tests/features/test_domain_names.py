"""A name that cannot be a sender domain gets one sentence, the same on page, API and shell."""

import html
from collections.abc import Callable

import pytest
from django.test import Client
from typer.testing import CliRunner

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account, User
from posthouse.cli.app import app
from posthouse.domains import services
from posthouse.domains.models import SenderDomain

LONGEST = ".".join(["a" * 60] * 4)  # with “.example” and “b.” it has 253 characters

REFUSED = {
    "underscore": ("mail_1.example.com", "letters, digits or hyphens"),
    "label of 64": (f"{'a' * 64}.example.com", "1 to 63 letters"),
    "U-label of 64": (f"{'ä' * 60}.example.com", "1 to 63 letters"),
    "254 characters": (f"bb.{LONGEST}.example", "longer than 253 characters"),
    # A name itself, but DNS has no room for the hosts below it.
    "253 characters": (f"b.{LONGEST}.example", "longer than 253 characters"),
    "two trailing dots": ("mail.example.com..", "1 to 63 letters"),
    "port": ("mail.example.com:25", "write the name alone"),
    "URL": ("https://mail.example.com", "write the name alone"),
    "path": ("mail.example.com/inbox", "write the name alone"),
    "address": ("anna@example.com", "write the name alone"),
    "IPv4": ("192.0.2.1", "is an IP address"),
    "IPv6": ("[2001:db8::1]", "is an IP address"),
    "numeric": ("192.0.2.256", "is not a domain"),
    "one label": ("intranet", "has no dot"),
    "localhost": ("mail.localhost", "is reserved"),
    "public suffix": ("co.uk", "is a public suffix"),
    "private section": ("github.io", "is a public suffix"),
    "wildcard rule": ("anything.ck", "is a public suffix"),
    "IDN suffix": ("公司.cn", "is a public suffix"),
    "wildcard": ("*.example.com", "letters, digits or hyphens"),
    "not decodable": ("xn--zzzzzz.example.com", "is not a domain"),
    "bidi control": ("mail\u202e.example.com", "is not a domain"),
}

# What is typed, what is kept, and what a person reads.
TAKEN = {
    "label of 63": (f"{'a' * 63}.example.com",) * 3,
    "trailing dot": ("Mail.Example.COM.", "mail.example.com", "mail.example.com"),
    "IDN": ("mail.bücher.example", "mail.xn--bcher-kva.example", "mail.bücher.example"),
    "below a private suffix": ("shop.github.io",) * 3,
    # A Cyrillic а before Latin letters, and a name all in letters that look Latin (A23).
    "mixed scripts": ("аpple.com", "xn--pple-43d.com", "xn--pple-43d.com"),
    "look-alike": ("аррӏе.com", "xn--80ak6aa92e.com", "xn--80ak6aa92e.com"),
}


def by_page(account: Account, owner: User, name: str) -> str:
    client = Client()
    client.force_login(owner)
    page = f"/a/{account.slug}/settings/domains/new/"
    return html.unescape(client.post(page, {"name": name}).content.decode())


@pytest.mark.parametrize(("name", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_sender_domain_is_refused_alike_by_every_door(
    account: Account, owner: User, api_of: Callable[..., Client], name: str, words: str
) -> None:
    assert words in by_page(account, owner, name)
    answer = api_of(account).post(
        "/api/v1/domains", {"name": name}, content_type="application/json"
    )
    assert answer.status_code == 422
    assert words in answer.json()["fields"][0]["message"]
    done = CliRunner().invoke(app, ["domains", "add", name, "--account", account.slug])
    assert (done.exit_code, words in done.stderr) == (2, True)
    with access.tenant(account):
        assert not SenderDomain.objects.exists()


@pytest.mark.parametrize(("typed", "kept", "shown"), TAKEN.values(), ids=TAKEN)
def test_a_name_is_kept_as_a_labels_and_shown_in_its_letters_where_they_deceive_nobody(
    account: Account, owner: User, typed: str, kept: str, shown: str
) -> None:
    with access.tenant(account):
        row = services.add(SYSTEM, account, typed)
    assert (row.name, row.in_its_letters) == (kept, shown)
    client = Client()
    client.force_login(owner)
    page = client.get(f"/a/{account.slug}/settings/domains/").content.decode()
    assert kept in page
    assert shown in page
    assert typed in {kept, shown} or typed not in page
