"""The API keeps to its own description, whatever it is sent: no crash, no undeclared answer."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from django.core.cache import caches
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from posthouse.accounts.models import Account
from posthouse.api.api import api
from posthouse.web.wsgi import application
from tests import addresses
from tests.rows import rows_of

EXAMPLES = 200 if os.environ.get("POSTHOUSE_FULL") == "1" else 8
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SCHEMA = schemathesis.openapi.from_dict(dict(api.get_openapi_schema()))
SCHEMA.app = application
# One goes out to the resolvers; the other streams a file that the tool does not close.
LEFT_OUT = ("/verify", "/rejected")


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Requests share the test's connection, as those of Django's own test client do."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.usefixtures("one_connection")
@pytest.mark.parametrize(
    "operation",
    [one for one in addresses.operations() if not one.path.endswith(LEFT_OUT)],
    ids=lambda one: f"{one.method} {one.path}",
)
def test_it_answers_as_it_says(
    operation: addresses.Operation, account: Account, api_key_of: Callable[..., str]
) -> None:
    own, key = rows_of(account), api_key_of(account)
    headers = {"Authorization": f"Bearer {key}", "Host": "testserver"}
    described = SCHEMA[operation.path][operation.method.upper()]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=described.as_strategy())
    def attack(case: "schemathesis.Case[Any]") -> None:
        caches["process"].clear()
        case.path_parameters |= {name: own[name] for name in case.path_parameters if name in own}
        case.call_and_validate(headers=headers, checks=CHECKS)

    attack()
