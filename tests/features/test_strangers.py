"""Nobody reaches another account's rows: at every address, foreign answers like missing (A8)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.http import HttpResponseBase
from django.test import Client

from posthouse.accounts import access
from posthouse.accounts.models import Account, Role, User
from tests import addresses
from tests.forms import PageForm, forms_of
from tests.rows import filled, missing_like, owner_of, parameters_of, rows_of

METHODS = ("get", "head", "post", "put", "patch", "delete")
PAGES = addresses.pages(addresses.ACCOUNT)
OPERATIONS = addresses.operations()
WITH_ROWS = [address for address in PAGES if parameters_of(address)]
WITH_ROWS_API = [one for one in OPERATIONS if parameters_of(one.path)]
# Fields of bodies that name rows, and the parameter that names such a row in addresses.
REFERENCES = {
    "list": "list",
    "lists": "list",
    "sender_domain": "domain",
    "as_subscriber": "subscriber",
}
ROW_NAMES = {name for one in PAGES for name in parameters_of(one)} | {"lists", "server"}
ID = re.compile(r"[a-z]{3}_[0-9a-z]{8,20}")

ApiOf = Callable[..., Client]
Face = tuple[int, str, str, str]


def face(response: HttpResponseBase) -> Face:
    """What a person sees of an answer, but for ids and the tokens that differ every time."""
    body = content_of(response)
    body = re.sub(r'("X-CSRFToken": |name="csrfmiddlewaretoken" value=)"\w+"', "", body)
    headers = response.headers
    return (
        response.status_code,
        ID.sub("ID", body),
        ID.sub("ID", headers.get("Location", "")),
        headers.get("Content-Type", ""),
    )


def content_of(response: HttpResponseBase) -> str:
    """The body, read to its end: a streamed file is closed by that."""
    if response.streaming:
        return b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    return response.content.decode()  # type: ignore[attr-defined, no-any-return]


def picture(account: Account) -> dict[str, list[dict[str, Any]]]:
    """All rows of an account, to see that nothing in them was changed."""
    with access.across_tenants():
        return {
            model.__name__: list(
                model._base_manager.filter(account=account).order_by("pk").values()
            )
            for model in apps.get_models()
            if hasattr(model, "account_id")
        }


def signed_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


@dataclass(frozen=True)
class Sides:
    """Two accounts with the same kinds of rows: our own, and somebody else's."""

    account: Account
    other: Account
    own: dict[str, str]
    foreign: dict[str, str]

    @property
    def ids(self) -> set[str]:
        return set(self.own.values())


@pytest.fixture
def sides(account: Account, other_account: Account) -> Sides:
    return Sides(account, other_account, rows_of(account), rows_of(other_account))


def mixtures(address: str, sides: Sides) -> list[tuple[dict[str, str], dict[str, str]]]:
    """For each parameter: the others our own, this one foreign; and the same with a missing id."""
    own, foreign, found = sides.own, sides.foreign, []
    for parameter in parameters_of(address):
        if parameter not in foreign:
            continue  # filled() says which one, and what to do
        ours = dict(own)
        found.append(
            (
                ours | {parameter: foreign[parameter]},
                ours | {parameter: missing_like(own[parameter])},
            )
        )
    everything = parameters_of(address)
    found.append(
        (
            dict(own) | {name: foreign[name] for name in everything if name in foreign},
            dict(own) | {name: missing_like(own[name]) for name in everything if name in own},
        )
    )
    return found


# --- pages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", WITH_ROWS)
def test_a_foreign_row_looks_like_a_missing_one(
    address: str,
    sides: Sides,
) -> None:
    client = signed_in(owner_of(sides.account))
    before = picture(sides.other)
    for of_other, of_nobody in mixtures(address, sides):
        for method in METHODS:
            answers = [
                face(getattr(client, method)(filled(address, {"slug": sides.account.slug, **ids})))
                for ids in (of_other, of_nobody)
            ]
            assert answers[0] == answers[1]
            assert answers[0][0] in {404, 405}
    assert picture(sides.other) == before


@pytest.mark.parametrize("address", PAGES)
def test_another_accounts_area_looks_like_a_missing_one(address: str, sides: Sides) -> None:
    client = signed_in(owner_of(sides.account))
    before = picture(sides.other)
    for method in METHODS:
        answers = [
            face(getattr(client, method)(filled(address, {"slug": slug, **sides.foreign})))
            for slug in (sides.other.slug, "no-such-account")
        ]
        assert answers[0] == answers[1]
        assert answers[0][0] in {404, 405}
    assert picture(sides.other) == before


@pytest.mark.parametrize("address", PAGES)
def test_the_addresses_that_strangers_are_tried_at_are_real(address: str, sides: Sides) -> None:
    path = filled(address, {"slug": sides.account.slug, **sides.own})
    status = face(signed_in(owner_of(sides.account)).get(path))[0]
    assert status in {200, 286, 302, 405}, f"{path}: {status}"


@pytest.mark.parametrize("address", PAGES)
def test_forms_refuse_foreign_rows_as_they_refuse_missing_ones(
    address: str,
    sides: Sides,
) -> None:
    client = signed_in(owner_of(sides.account))
    path = filled(address, {"slug": sides.account.slug, **sides.own})
    response = client.get(path)
    before = picture(sides.other)
    parameter_of = {own_id: parameter for parameter, own_id in sides.own.items()}
    for form in forms_of(content_of(response), path):
        for name, choices in form.offered.items():
            for own_id in set(choices) & set(parameter_of):
                other_id = sides.foreign[parameter_of[own_id]]
                try_form(client, form, name, other_id, missing_like(own_id))
    assert picture(sides.other) == before


def try_form(client: Client, form: PageForm, name: str, foreign: str, missing: str) -> None:
    """The form, sent with a foreign choice and with one that does not exist."""
    send = client.post if form.method == "post" else client.get
    answers = [
        face(send(form.action, form.values | {name: [value]})) for value in (foreign, missing)
    ]
    assert answers[0] == answers[1], f"{form.action}: {name}"


def test_forms_that_offer_rows_are_found(sides: Sides) -> None:
    """The test above would pass if no form were read; this one would not."""
    client, found = signed_in(owner_of(sides.account)), set()
    for address in PAGES:
        path = filled(address, {"slug": sides.account.slug, **sides.own})
        response = client.get(path)
        for form in forms_of(content_of(response), path):
            found |= {name for name, offers in form.offered.items() if set(offers) & sides.ids}
    assert found >= {"lists", "sender_domain"}


# --- the API -------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", WITH_ROWS_API, ids=lambda one: f"{one.method} {one.path}")
def test_the_api_answers_for_a_foreign_row_as_for_a_missing_one(
    operation: addresses.Operation,
    sides: Sides,
    api_of: ApiOf,
) -> None:
    client = api_of(sides.account, Role.MANAGER)
    before = picture(sides.other)
    for of_other, of_nobody in mixtures(operation.path, sides):
        answers = [
            face(
                call(client, operation, filled(operation.path, ids), body_of(operation, sides.own))
            )
            for ids in (of_other, of_nobody)
        ]
        assert answers[0] == answers[1]
        assert answers[0][0] == 404, answers[0]
    assert picture(sides.other) == before


@pytest.mark.parametrize(
    "operation",
    [one for one in OPERATIONS if set(one.body or ()) & set(REFERENCES)],
    ids=lambda one: f"{one.method} {one.path}",
)
def test_the_api_refuses_foreign_rows_in_bodies_as_missing_ones(
    operation: addresses.Operation,
    sides: Sides,
    api_of: ApiOf,
) -> None:
    client = api_of(sides.account, Role.MANAGER)
    before = picture(sides.other)
    body = body_of(operation, sides.own) or {}
    for name in set(body) & set(REFERENCES):
        parameter = REFERENCES[name]
        answers = []
        for chosen in (sides.foreign[parameter], missing_like(sides.own[parameter])):
            altered = body | {name: [chosen] if isinstance(body[name], list) else chosen}
            path = filled(operation.path, sides.own)
            answers.append(face(call(client, operation, path, altered)))
        assert answers[0] == answers[1], name
        assert answers[0][0] in {404, 422}, (name, answers[0])
    assert picture(sides.other) == before


def body_of(operation: addresses.Operation, own: dict[str, str]) -> dict[str, Any] | None:
    """The operation's example body, with our own rows where it names rows."""
    if operation.body is None:
        return None
    chosen = {
        name: [own[REFERENCES[name]]] if isinstance(value, list) else own[REFERENCES[name]]
        for name, value in operation.body.items()
        if name in REFERENCES
    }
    return operation.body | chosen


def call(
    client: Client, operation: addresses.Operation, path: str, body: dict[str, Any] | None
) -> HttpResponseBase:
    """Calls an operation with a body, if it takes one."""
    if body is None:
        response: HttpResponseBase = getattr(client, operation.method)(path)
    else:
        response = getattr(client, operation.method)(path, body, content_type="application/json")
    return response


def test_fields_that_name_rows_are_known_as_such() -> None:
    """A new field that holds an id must stand in REFERENCES, or nobody tries it."""
    words = {"key"}  # of a custom field: a word for merge fields, not an API key's id
    named = {name for one in OPERATIONS for name in one.body or ()}
    assert named & ROW_NAMES <= set(REFERENCES) | words


def test_lists_show_own_rows_only(sides: Sides, api_of: ApiOf) -> None:
    session, key = signed_in(owner_of(sides.account)), api_of(sides.account, Role.VIEWER)
    plain = [filled(one, {"slug": sides.account.slug}) for one in PAGES if not parameters_of(one)]
    asked = [session.get(path) for path in plain]
    asked += [
        key.get(one.path)
        for one in OPERATIONS
        if one.method == "get" and not parameters_of(one.path)
    ]
    for response in asked:
        shown = response.content.decode()
        assert not [name for name, foreign_id in sides.foreign.items() if foreign_id in shown]


def test_the_operator_area_does_not_exist_for_members(owner: User, sides: Sides) -> None:
    client = signed_in(owner)
    anything = dict.fromkeys(("group", "account", "person", "server", "domain"), "grp_" + "x" * 20)
    for address in addresses.pages(addresses.OPERATOR):
        for method in METHODS:
            response = getattr(client, method)(filled(address, anything | sides.own))
            assert response.status_code in {404, 405}, (method, address)
