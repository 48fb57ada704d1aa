"""The API's door: keys, problem details for every refusal, its description, its limits."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from posthouse.accounts import keys as account_keys
from posthouse.accounts import standing
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account, ApiKey, Role
from posthouse.api import keys
from posthouse.api.api import api
from tests.problems import problem_of

ApiOf = Callable[..., Client]


def test_a_key_shows_its_account(account: Account, api_of: ApiOf) -> None:
    shown = api_of(account, Role.VIEWER).get("/api/v1/account").json()
    assert shown["id"] == account.public_id
    assert shown["key"]["role"] == "viewer"


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ph_wrong", "Basic cGg6eA=="])
def test_without_a_valid_key_the_answer_is_401(
    db: None, client: Client, authorization: str
) -> None:
    response = client.get("/api/v1/account", headers={"Authorization": authorization})
    problem = problem_of(response, 401)
    assert "Bearer" in problem["detail"]
    assert response["WWW-Authenticate"] == "Bearer"


def test_a_browser_session_opens_nothing(
    account: Account, owner: Any, client_of: Callable[..., Client]
) -> None:
    problem_of(client_of(owner).get("/api/v1/account"), 401)


def test_a_revoked_key_opens_nothing(account: Account, api_of: ApiOf) -> None:
    client = api_of(account)
    key = ApiKey.objects.model._base_manager.get(account=account)
    account_keys.revoke_api_key(SYSTEM, key)
    problem_of(client.get("/api/v1/account"), 401)


def test_a_key_of_a_suspended_account_opens_nothing(account: Account, api_of: ApiOf) -> None:
    client = api_of(account)
    standing.change(SYSTEM, account, Account.Status.SUSPENDED, "Unpaid")
    problem_of(client.get("/api/v1/account"), 401)


@pytest.mark.parametrize("path", ["/api/", "/api/v1/", "/api/v1/nothing", "/api/v2/account"])
def test_unknown_addresses_answer_with_problem_details(db: None, client: Client, path: str) -> None:
    problem_of(client.get(path), 404)


def test_a_wrong_method_says_which_are_right(account: Account, api_of: ApiOf) -> None:
    response = api_of(account).delete("/api/v1/account")
    assert "GET" in problem_of(response, 405)["detail"]
    assert response["Allow"] == "GET"


def test_a_key_that_asks_too_fast_is_told_when_to_come_back(
    account: Account, api_of: ApiOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    caches["process"].clear()
    throttle = api.throttle
    assert isinstance(throttle, keys.KeyThrottle)
    monkeypatch.setattr(throttle, "num_requests", 3)
    client, other = api_of(account), api_of(account)
    assert [client.get("/api/v1/account").status_code for _ in range(3)] == [200] * 3
    response = client.get("/api/v1/account")
    problem_of(response, 429)
    assert int(response["Retry-After"]) > 0
    assert other.get("/api/v1/account").status_code == 200


def test_an_unexpected_error_tells_nothing_of_the_inside(
    account: Account, api_of: ApiOf, caplog: pytest.LogCaptureFixture
) -> None:
    client = api_of(account)
    operation = next(iter(api._get_bound_routers()[1].path_operations.values())).operations[0]

    def fail(request: object) -> None:
        raise ZeroDivisionError("secret of the inside")

    view = operation.view_func
    operation.view_func = fail
    try:
        response = client.get("/api/v1/account")
    finally:
        operation.view_func = view
    assert "secret" not in problem_of(response, 500)["detail"]
    assert "secret of the inside" in caplog.text


def test_every_operation_declares_what_can_go_wrong(db: None, client: Client) -> None:
    schema = client.get("/api/v1/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert "401" in operation["responses"], f"{method} {path} does not declare 401"
            for status, response in operation["responses"].items():
                if status >= "400":
                    assert list(response["content"]) == ["application/problem+json"]


def test_the_list_of_operations_loads_nothing_from_elsewhere(db: None, client: Client) -> None:
    page = client.get("/api/v1/docs").content.decode()
    assert "<code>/api/v1/account</code>" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


def test_health_and_robots_need_no_session(db: None, client: Client) -> None:
    assert client.get("/healthz").json() == {"database": "ok"}
    assert "Disallow: /" in client.get("/robots.txt").content.decode()
