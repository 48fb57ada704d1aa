"""Requests are let in by the API key they carry, and slowed down when it asks too fast."""

import hashlib

from django.core.cache import BaseCache, caches
from django.http import HttpRequest
from ninja.security import HttpBearer
from ninja.throttling import SimpleRateThrottle

from posthouse.accounts.actors import Actor

RATE = "1200/m"  # for each web process; bulk work has operations of its own


class ApiKey(HttpBearer):
    """``Authorization: Bearer ph_...``: the middleware has read the key; this says who it is."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        actor: Actor | None = getattr(request, "actor", None)
        return actor


class KeyThrottle(SimpleRateThrottle):
    """Counts in the process, not in the database: a limit on cost must not cost a write."""

    cache: BaseCache = caches["process"]

    def get_cache_key(self, request: HttpRequest) -> str:
        key = request.headers.get("Authorization", "")
        return f"api:{hashlib.sha256(key.encode()).hexdigest()}"
