"""How allauth behaves here: nobody signs up alone, and mailed links carry our own address."""

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest


class SignInAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Operators and owners make accounts; a Host header never reaches a mailed link (A26)."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_reset_password_from_key_url(self, key: str) -> str:
        asked_for = urlsplit(super().get_reset_password_from_key_url(key))
        return f"{settings.BASE_URL}{asked_for.path}"

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """Users have no username."""
