"""The HTTP API, version 1: every feature's operations under one key, one description, one door."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern, URLResolver
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from posthouse.api import account
from posthouse.api.docs import OperationList
from posthouse.api.errors import answer, method_not_allowed
from posthouse.api.keys import RATE, ApiKey, KeyThrottle
from posthouse.audience import api as audience
from posthouse.campaigns import api as campaigns
from posthouse.deliveries import api as deliveries
from posthouse.domains import api as domains
from posthouse.domains import key_api as domain_keys
from posthouse.webhooks import api as webhooks

_PROBLEM = "application/problem+json"


class Api(NinjaAPI):
    """Ninja's API, with operation ids that read well and problem details named as such."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """``campaigns-create`` for ``create`` in ``posthouse.campaigns.api``."""
        function = operation.view_func
        return f"{function.__module__.split('.')[1]}-{function.__name__}".replace("_", "-")

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**options)
        for operations in schema["paths"].values():
            for operation in operations.values():
                for status, response in operation["responses"].items():
                    if status >= 400 and "content" in response:
                        response["content"] = {_PROBLEM: next(iter(response["content"].values()))}
        return schema


api = Api(
    title="Posthouse",
    version="1",
    description="Everything that an account can do in the browser, by HTTP.",
    urls_namespace="api",
    docs=OperationList(),
    auth=ApiKey(),
    throttle=KeyThrottle(RATE),
)
for kind in (Exception, Http404, HttpError, ValidationError):  # all that ninja answers by itself
    api.add_exception_handler(kind, answer)
for feature in (account, audience, campaigns, deliveries, domains, domain_keys, webhooks):
    api.add_router("", feature.router)


def addresses() -> list[URLPattern | URLResolver]:
    """The API's addresses, open to requests without a session."""
    patterns, _, _ = api.urls
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            pattern.callback = _without_session(pattern.callback)
    return patterns


def _without_session(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Lets the key decide instead of a session; a cookie opens nothing here, so no CSRF either."""

    def answered(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        response = view(request, **kwargs)
        if isinstance(response, HttpResponseNotAllowed):
            return method_not_allowed(response.headers["Allow"])
        return response

    answered.csrf_exempt = True  # type: ignore[attr-defined]
    return login_not_required(answered)
