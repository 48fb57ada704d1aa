"""Every address of the installation: sign-in, the two areas, the API."""

from collections.abc import Iterator

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path, re_path

from posthouse.accounts import urls as accounts
from posthouse.api.api import addresses
from posthouse.audience import urls as audience
from posthouse.campaigns import urls as campaigns
from posthouse.content import urls as content
from posthouse.deliveries import urls as deliveries
from posthouse.domains import urls as domains
from posthouse.operations import urls as operations
from posthouse.servers import urls as servers
from posthouse.web import failures, pages, public
from posthouse.webhooks import urls as webhooks

# Pages of the sign-in library that nobody needs here: people are invited, addresses are theirs.
CLOSED = ("signup/", "email/", "confirm-email/", "confirm-email/<str:key>/", "login/code/confirm/")
# Those that have pages. Each feature's addresses have a namespace of their own in each area.
FEATURES = {
    "accounts": accounts,
    "audience": audience,
    "campaigns": campaigns,
    "content": content,
    "deliveries": deliveries,
    "domains": domains,
    "operations": operations,
    "servers": servers,
    "webhooks": webhooks,
}


def _area(prefix: str, patterns_name: str, namespace: str) -> Iterator[URLResolver]:
    for name, feature in FEATURES.items():
        if patterns := getattr(feature, patterns_name, None):
            yield path(prefix, include((patterns, namespace + name)))


urlpatterns: list[URLPattern | URLResolver] = [
    path("robots.txt", login_not_required(public.robots), name="robots"),
    path("healthz", login_not_required(public.health), name="health"),
    *(path(f"auth/{closed}", failures.closed) for closed in CLOSED),
    path("auth/", include("allauth.urls")),
    path("api/v1/", include((addresses(), "api"))),
    re_path("^api/", login_not_required(failures.api_not_found)),
    path("", pages.home, name="home"),
    path("a/<slug:slug>/", pages.account_home, name="account-home"),
    path("operator/", pages.operator_home, name="operator-home"),
    path("operator/motion/", pages.operator_motion, name="operator-motion"),
    *_area("a/<slug:slug>/", "account_urlpatterns", ""),
    *_area("operator/", "operator_urlpatterns", "operator-"),
]
handler400 = "posthouse.web.failures.bad_request"
handler403 = "posthouse.web.failures.forbidden"
handler404 = "posthouse.web.failures.not_found"
handler500 = "posthouse.web.failures.server_error"
