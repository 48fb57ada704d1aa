"""Signing in: passwords, second factors, resets, and what keeps others out (A16)."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_login_failed
from django.core import mail
from django.test import Client
from django.urls import reverse

from posthouse.accounts.models import AuditRecord, User
from tests.factories import PASSWORD
from tests.fakes.passkey import Passkey
from tests.signing_in import (
    confirm_password,
    fresh_address,
    give_code,
    is_inside,
    set_up_totp,
    sign_in,
    totp,
)

NEW = "mountains under moonlight"
NOON = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


def reset_link(email: str) -> str:
    """The path that the reset mail points to."""
    mail.outbox.clear()
    Client().post(reverse("account_reset_password"), {"email": email}, REMOTE_ADDR=fresh_address())
    found = re.search(r"http://127.0.0.1:8000(/\S+)", str(mail.outbox[0].body))
    assert found
    return found[1]


def without_token(page: str) -> str:
    """The page without what differs at every look."""
    return re.sub(r'("X-CSRFToken": |name="csrfmiddlewaretoken" value=)"\w+"', "", page)


def set_password(path: str, password: str = NEW) -> Client:
    """Opens a reset link and sets a password there."""
    client = Client()
    page = client.get(path, follow=True, REMOTE_ADDR=fresh_address())
    values = {"password1": password, "password2": password}
    client.post(page.request["PATH_INFO"], values, REMOTE_ADDR=fresh_address())
    return client


# --- passwords -----------------------------------------------------------------------------------


def test_the_right_password_opens_and_is_logged(owner: User) -> None:
    client = Client()
    assert sign_in(client, "OWNER@harbour.example")["Location"] == "/"
    assert is_inside(client)
    assert AuditRecord.objects.filter(verb="user.sign-in", user=owner).count() == 1


def test_a_wrong_password_keeps_the_address_and_says_little(owner: User) -> None:
    page = sign_in(Client(), owner.email, "wrong").content.decode()
    assert owner.email in page
    stranger = sign_in(Client(), "nobody@harbour.example", "wrong").content.decode()
    assert stranger.count("not correct") == page.count("not correct") == 1


def test_guesses_at_one_account_are_blocked_from_any_address(owner: User) -> None:
    tried: list[object] = []
    user_login_failed.connect(lambda **_: tried.append(1), weak=False, dispatch_uid="count")
    try:
        for guess in range(40):
            headers = {"HTTP_HOST": f"127.0.0.1:{8000 + guess}"}  # the port must not matter
            sign_in(Client(), owner.email, f"guess {guess}", **headers)
    finally:
        user_login_failed.disconnect(dispatch_uid="count")
    assert len(tried) == 10
    assert not is_inside_with(owner.email, PASSWORD)


def is_inside_with(email: str, password: str) -> bool:
    client = Client()
    sign_in(client, email, password)
    return is_inside(client)


def test_signing_in_elsewhere_does_not_reset_the_count(owner: User, viewer: User) -> None:
    for guess in range(10):
        sign_in(Client(), owner.email, f"guess {guess}")
        assert is_inside_with(viewer.email, PASSWORD)
    assert not is_inside_with(owner.email, PASSWORD)


def test_the_block_ends_by_itself(owner: User) -> None:
    with time_machine.travel(NOON, tick=False):
        for guess in range(10):
            sign_in(Client(), owner.email, f"guess {guess}")
        assert not is_inside_with(owner.email, PASSWORD)
    with time_machine.travel(NOON + timedelta(minutes=11), tick=False):
        assert is_inside_with(owner.email, PASSWORD)


def test_one_address_cannot_try_many_accounts(owner: User) -> None:
    forged = {"REMOTE_ADDR": "198.51.100.7"}
    for guess in range(10):
        forwarded = {"HTTP_X_FORWARDED_FOR": fresh_address()}
        sign_in(Client(), f"person-{guess}@harbour.example", "wrong", **forged, **forwarded)
    client = Client()
    sign_in(client, owner.email, **forged)
    assert not is_inside(client)


def test_changing_the_password_ends_every_session(owner: User) -> None:
    here, elsewhere = Client(), Client()
    sign_in(here, owner.email)
    sign_in(elsewhere, owner.email)
    values = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    here.post(reverse("account_change_password"), values)
    assert not is_inside(here)
    assert not is_inside(elsewhere)
    assert is_inside_with(owner.email, NEW)
    assert [message.subject for message in mail.outbox] == ["Password Changed"]
    assert "If that was not you" in str(mail.outbox[0].body)


@pytest.mark.parametrize("password", ["short", "password1234", "owner@harbour.example"])
def test_weak_passwords_are_refused(owner: User, password: str) -> None:
    set_password(reset_link(owner.email), password)
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)


# --- resets --------------------------------------------------------------------------------------


def test_a_reset_link_works_once_and_ends_every_session(owner: User) -> None:
    elsewhere = Client()
    sign_in(elsewhere, owner.email)
    link = reset_link(owner.email)
    client = set_password(link)
    assert not is_inside(client)  # they sign in like everybody
    assert not is_inside(elsewhere)
    assert is_inside_with(owner.email, NEW)
    set_password(link, "another one altogether")
    assert is_inside_with(owner.email, NEW)


def test_a_reset_link_lasts_an_hour(owner: User) -> None:
    with time_machine.travel(NOON, tick=False):
        link = reset_link(owner.email)
    with time_machine.travel(NOON + timedelta(minutes=61), tick=False):
        set_password(link)
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)


def test_a_reset_does_not_tell_who_is_known(owner: User) -> None:
    address = reverse("account_reset_password")
    answers = [
        without_token(Client().post(address, {"email": email}, follow=True).content.decode())
        for email in (owner.email, "nobody@harbour.example")
    ]
    assert answers[0] == answers[1]
    assert [message.to for message in mail.outbox] == [[owner.email]]


def test_a_reset_does_not_get_around_the_second_factor(owner: User) -> None:
    set_up_totp(owner)
    set_password(reset_link(owner.email))
    client = Client()
    response = sign_in(client, owner.email, NEW)
    assert response["Location"].startswith(reverse("mfa_authenticate"))
    assert not is_inside(client)


def test_a_mail_server_that_is_down_tells_nothing(owner: User, settings: object) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # type: ignore[attr-defined]
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # type: ignore[attr-defined]
    response = Client().post(reverse("account_reset_password"), {"email": owner.email})
    assert response["Location"] == reverse("account_reset_password_done")


# --- one-time codes ------------------------------------------------------------------------------


def test_a_code_works_once(owner: User) -> None:
    with time_machine.travel(NOON, tick=False):
        secret = set_up_totp(owner)
    with time_machine.travel(NOON + timedelta(minutes=5), tick=False):
        first, second = Client(), Client()
        sign_in(first, owner.email)
        sign_in(second, owner.email)
        give_code(first, totp(secret))
        give_code(second, totp(secret))
        assert is_inside(first)
        assert not is_inside(second)


def test_a_code_of_the_last_half_minute_is_refused(owner: User) -> None:
    with time_machine.travel(NOON, tick=False):
        secret = set_up_totp(owner)
    with time_machine.travel(NOON + timedelta(minutes=5), tick=False):
        code = totp(secret)
    with time_machine.travel(NOON + timedelta(minutes=5, seconds=30), tick=False):
        client = Client()
        sign_in(client, owner.email)
        give_code(client, code)
        assert not is_inside(client)


def test_guesses_at_codes_are_blocked_however_often_the_password_is_given(owner: User) -> None:
    with time_machine.travel(NOON, tick=False):
        secret = set_up_totp(owner)
    with time_machine.travel(NOON + timedelta(minutes=5), tick=False):
        for guess in range(10):
            client = Client()
            sign_in(client, owner.email)  # the right password again and again resets nothing
            give_code(client, f"{guess:06}")
        client = Client()
        sign_in(client, owner.email)
        give_code(client, totp(secret))
        assert not is_inside(client)


def test_a_recovery_code_works_once(owner: User) -> None:
    set_up_totp(owner)
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    first, second = Client(), Client()
    for client in (first, second):
        sign_in(client, owner.email)
        give_code(client, codes[0])
    assert is_inside(first)
    assert not is_inside(second)


def test_secrets_of_second_factors_are_encrypted_at_rest(owner: User) -> None:
    secret = set_up_totp(owner)
    stored = {row.type: str(row.data) for row in Authenticator.objects.all()}
    assert set(stored) == {"totp", "recovery_codes"}
    codes = Authenticator.objects.get(type="recovery_codes").wrap()
    assert secret not in stored["totp"]
    assert not any(code in stored["recovery_codes"] for code in codes.get_unused_codes())
    assert re.search(r"'seed': '[0-9a-f]{8}:[\w+/=]+'", stored["recovery_codes"])


def test_a_second_factor_is_only_added_by_who_gave_the_password_lately(owner: User) -> None:
    client = Client()
    with time_machine.travel(NOON, tick=False):
        sign_in(client, owner.email)
        confirm_password(client)
        assert client.get(reverse("mfa_activate_totp")).status_code == 200
    with time_machine.travel(NOON + timedelta(minutes=6), tick=False):
        response = client.get(reverse("mfa_activate_totp"))
        assert response["Location"].startswith(reverse("account_reauthenticate"))


# --- passkeys ------------------------------------------------------------------------------------


def test_a_passkey_is_registered_and_opens(owner: User, settings: object) -> None:
    settings.BASE_URL = "https://mail.posthouse.example"  # type: ignore[attr-defined]
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = False  # type: ignore[attr-defined]
    key = Passkey("mail.posthouse.example", "https://mail.posthouse.example")
    client = Client()
    sign_in(client, owner.email)
    confirm_password(client)
    address = reverse("mfa_add_webauthn")
    options = client.get(address).context["js_data"]["creation_options"]
    client.post(address, {"name": "Key", "credential": key.registered(options)})
    assert Authenticator.objects.filter(type="webauthn", user=owner).exists()

    client = Client()
    sign_in(client, owner.email)
    assert not is_inside(client)
    address = reverse("mfa_authenticate")
    options = client.get(address).context["js_data"]["request_options"]
    client.post(address, {"credential": key.authenticated(options)})
    assert is_inside(client)


def test_a_passkey_of_another_site_is_refused(owner: User, settings: object) -> None:
    settings.BASE_URL = "https://mail.posthouse.example"  # type: ignore[attr-defined]
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = False  # type: ignore[attr-defined]
    key = Passkey("mail.posthouse.example", "https://posthouse.evil.example")
    client = Client()
    sign_in(client, owner.email)
    confirm_password(client)
    address = reverse("mfa_add_webauthn")
    options = client.get(address).context["js_data"]["creation_options"]
    client.post(address, {"name": "Key", "credential": key.registered(options)})
    assert not Authenticator.objects.filter(type="webauthn", user=owner).exists()


# --- what is closed ------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["signup/", "email/", "confirm-email/", "confirm-email/x/"])
def test_pages_of_the_sign_in_library_that_are_not_ours_are_closed(db: None, path: str) -> None:
    values = {"email": "me@example.com", "password1": NEW, "password2": NEW}
    assert Client().get(f"/auth/{path}").status_code == 404
    assert Client().post(f"/auth/{path}", values).status_code == 404
    assert not User.objects.exists()


def test_who_asks_too_often_is_told_to_wait_in_our_own_words(db: None) -> None:
    here = {"REMOTE_ADDR": "198.51.100.9"}
    for _ in range(20):
        Client().post(reverse("account_reset_password"), {"email": "a@example.org"}, **here)  # type: ignore[arg-type]
    response = Client().post(reverse("account_reset_password"), {"email": "a@example.org"}, **here)  # type: ignore[arg-type]
    assert response.status_code == 429
    assert "Too many tries from your address" in response.content.decode()
