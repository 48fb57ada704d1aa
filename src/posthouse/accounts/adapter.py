"""How the sign-in library behaves here: nobody signs up alone, and mails carry our own address."""

import logging
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest

from posthouse.accounts import vault

log = logging.getLogger(__name__)


class SignInAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Operators and owners make accounts; a Host header never reaches a mailed link (A26)."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """Users have no username."""

    def get_reset_password_from_key_url(self, key: str) -> str:
        asked_for = urlsplit(super().get_reset_password_from_key_url(key))
        return f"{settings.BASE_URL}{asked_for.path}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A mail server that is down is the operator's trouble, and tells nobody who is known."""
        ours = SimpleNamespace(name="Posthouse", domain=settings.BASE_URL)
        try:
            super().send_mail(template_prefix, email, {"current_site": ours} | context)
        except OSError:
            log.exception("System mail could not be sent; see POSTHOUSE_SYSTEM_MAIL_URL")

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Guesses count for the address alone: the library adds the Host header, port included."""
        login = credentials.get("email") or credentials.get("username") or ""
        return f"sign-in:{login.strip().lower()}"


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets of second factors are encrypted at rest, and passkeys belong to our own host name."""

    def encrypt(self, text: str) -> str:
        return vault.lock(text, _SECOND_FACTORS)

    def decrypt(self, encrypted_text: str) -> str:
        return vault.unlock(encrypted_text, _SECOND_FACTORS)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": urlsplit(settings.BASE_URL).hostname or "", "name": "Posthouse"}


_SECOND_FACTORS = "second factors"  # the library does not say whose secret it is
