"""A Host header, or what claims to stand for one, leads nobody elsewhere (A26)."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from posthouse.accounts.models import User
from tests.signing_in import fresh_address

EVIL = "posthouse.evil.example"
FOREIGN = (
    EVIL,
    f"{EVIL}:8000",
    f"127.0.0.1.{EVIL}",
    f"127.0.0.1@{EVIL}",
    f"127.0.0.1:8000@{EVIL}",
    f"127.0.0.1:8000#{EVIL}",
    f"127.0.0.1:{EVIL}",
    f"127.0.0.1,{EVIL}",
    f"{EVIL}/127.0.0.1",
    "[::1]",
    "0x7f.1",
    "",
)
CLAIMS = (
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_SERVER",
    "HTTP_X_HOST",
    "HTTP_X_ORIGINAL_HOST",
    "HTTP_X_HTTP_HOST_OVERRIDE",
    "HTTP_FORWARDED",
    "HTTP_X_ORIGINAL_URL",
    "HTTP_X_REWRITE_URL",
    "HTTP_REFERER",
)


def ask_for_reset(email: str, **headers: str) -> int:
    address = reverse("account_reset_password")
    extra = {"REMOTE_ADDR": fresh_address(), **headers}
    return Client().post(address, {"email": email}, **extra).status_code  # type: ignore[arg-type]


def links_of(message: object) -> set[str]:
    return set(re.findall(r"https?://[^/\s]+", str(getattr(message, "body", ""))))


@pytest.mark.parametrize("host", FOREIGN)
def test_a_foreign_host_is_refused_and_not_repeated(owner: User, host: str) -> None:
    response = Client().get(reverse("account_login"), HTTP_HOST=host)
    assert response.status_code == 400
    assert EVIL not in response.content.decode()
    assert ask_for_reset(owner.email, HTTP_HOST=host) == 400
    assert mail.outbox == []


@pytest.mark.parametrize("header", CLAIMS)
def test_links_in_mails_stay_ours_whatever_a_header_claims(owner: User, header: str) -> None:
    ask_for_reset(owner.email, **{header: f"https://{EVIL}/"})
    [message] = mail.outbox
    assert links_of(message) == {"http://127.0.0.1:8000"}
    assert EVIL not in str(message.message())


@pytest.mark.parametrize("host", ["testserver", "127.0.0.1:9999", "127.0.0.1."])
def test_links_in_mails_are_of_the_base_url_not_of_the_request(owner: User, host: str) -> None:
    ask_for_reset(owner.email, HTTP_HOST=host)
    [message] = mail.outbox
    assert links_of(message) == {"http://127.0.0.1:8000"}


@pytest.mark.parametrize(
    "path", ["/auth/login/", "/api/v1/openapi.json", "/robots.txt", "/nothing"]
)
def test_no_page_repeats_a_claimed_host(db: None, path: str) -> None:
    claims = dict.fromkeys(CLAIMS, EVIL)
    response = Client().get(path, **claims)  # type: ignore[arg-type]
    assert EVIL not in response.content.decode()
    assert EVIL not in str(response.headers)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(host=st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=60))
@example(host="127.0.0.1\x00.evil.example")
@example(host="é.example")
def test_any_other_host_is_refused(db: None, host: str) -> None:
    if host.lower().rstrip(".").partition(":")[0] in {"127.0.0.1", "testserver"}:
        return
    assert Client().get("/robots.txt", HTTP_HOST=host).status_code in {200, 400}
    assert Client().get("/auth/login/", HTTP_HOST=host).status_code == 400
