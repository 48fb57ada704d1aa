"""What a person does to sign in, for tests: forms through the front door, one-time codes."""

import base64
import hmac
import itertools
import struct
import time

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from posthouse.accounts.models import User
from tests.factories import PASSWORD

_addresses = itertools.count(1)


def fresh_address() -> str:
    """An IP address that no other call gave (RFC 2544's test network)."""
    number = next(_addresses)
    return f"198.18.{number // 250}.{1 + number % 250}"


def sign_in(client: Client, email: str, password: str = PASSWORD, **extra: str) -> HttpResponse:
    """Posts the sign-in form, from an address of its own unless ``REMOTE_ADDR`` is given."""
    extra.setdefault("REMOTE_ADDR", fresh_address())
    values = {"login": email, "password": password}
    response: HttpResponse = client.post(reverse("account_login"), values, **extra)  # type: ignore[assignment, arg-type]
    return response


def confirm_password(client: Client, password: str = PASSWORD) -> None:
    """Gives the password once more, as security settings ask for."""
    client.post(reverse("account_reauthenticate"), {"password": password})


def give_code(client: Client, code: str) -> HttpResponse:
    """Posts the second step of a sign-in, from an address of its own."""
    address = reverse("mfa_authenticate")
    response: HttpResponse = client.post(  # type: ignore[assignment]
        address, {"code": code}, REMOTE_ADDR=fresh_address()
    )
    return response


def is_inside(client: Client) -> bool:
    """Is somebody signed in?"""
    return not client.get("/").headers.get("Location", "").startswith("/auth/")


def totp(secret: str) -> str:
    """The six digits of this half minute (RFC 6238 with SHA-1)."""
    counter = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.digest(base64.b32decode(secret), counter, "sha1")
    place = digest[-1] & 15
    return f"{(int.from_bytes(digest[place : place + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def set_up_totp(user: User) -> str:
    """Turns on one-time codes for a person through their pages; the secret."""
    client = Client()
    sign_in(client, user.email)
    confirm_password(client)
    address = reverse("mfa_activate_totp")
    secret: str = client.get(address).context["form"].secret
    assert client.post(address, {"code": totp(secret)}).status_code == 302
    return secret
