"""API requests act as the key they carry, inside its account and nowhere else."""

from collections.abc import Callable
from typing import cast

from django.http import HttpRequest, HttpResponse

from posthouse.accounts import access
from posthouse.accounts.actors import key as actor_of
from posthouse.accounts.areas import AccountRequest
from posthouse.accounts.keys import key_for

API_PREFIX = "/api/v1/"


class ApiKeyMiddleware:
    """``Authorization: Bearer ph_...`` opens the key's account for the length of the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if not request.path.startswith(API_PREFIX) or scheme.lower() != "bearer":
            return self._get_response(request)
        key = key_for(text.strip())
        if key is None:
            return self._get_response(request)
        inside = cast("AccountRequest", request)
        inside.account, inside.actor = key.account, actor_of(key)
        with access.tenant(key.account):
            return self._get_response(inside)
