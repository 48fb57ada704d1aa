"""Every address of the installation: sign-in, the two areas, the API."""

from importlib import import_module
from importlib.util import find_spec

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path, re_path

from posthouse.api.api import addresses
from posthouse.web import failures, pages, public

FEATURES = ("accounts", "audience", "domains", "servers", "content", "campaigns", "operations")


def _area(prefix: str, of_feature: str, namespace: str) -> list[URLPattern | URLResolver]:
    """The addresses that each feature has in an area, each feature in a namespace of its own."""
    found: list[URLPattern | URLResolver] = []
    for feature in FEATURES:
        if find_spec(f"posthouse.{feature}.urls") is None:
            continue
        patterns = getattr(import_module(f"posthouse.{feature}.urls"), of_feature, [])
        found.append(path(prefix, include((patterns, namespace + feature))))
    return found


urlpatterns: list[URLPattern | URLResolver] = [
    path("robots.txt", login_not_required(public.robots), name="robots"),
    path("healthz", login_not_required(public.health), name="health"),
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
