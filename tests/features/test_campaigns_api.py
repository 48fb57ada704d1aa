"""Campaigns over the API: the same verbs and refusals as on the pages, as problem details."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from posthouse.accounts import access
from posthouse.accounts.models import Account, Role
from posthouse.audience.models import Subscriber
from posthouse.campaigns import services
from posthouse.campaigns.models import Campaign
from posthouse.deliveries.fan_out import fan_out_next
from posthouse.deliveries.models import Delivery, Dispatch
from tests.campaigns import ATTACKS, HTML, make_draft
from tests.problems import problem_of
from tests.sending import Sending, make_sending

ApiOf = Callable[..., Client]
ROOT = "/api/v1/campaigns"
PARTS = ("subject", "preheader", "html", "text")


@pytest.fixture
def sending(account: Account) -> Iterator[Sending]:
    with access.across_tenants():
        yield make_sending(account, members=3)


@pytest.fixture
def draft(sending: Sending) -> Campaign:
    return make_draft(sending)


@pytest.fixture
def api(account: Account, api_of: ApiOf) -> Client:
    return api_of(account)


def send(api: Client, method: str, path: str, body: Any = None) -> HttpResponse:
    data = "" if body is None else json.dumps(body)
    response = api.generic(method, f"{ROOT}{path}", data=data, content_type="application/json")
    assert isinstance(response, HttpResponse)
    return response


def body_of(response: HttpResponse, status: int = 200) -> dict[str, Any]:
    assert response.status_code == status, response.content
    body: dict[str, Any] = response.json()  # type: ignore[attr-defined]
    return body


def fields_of(response: HttpResponse, status: int = 422) -> dict[str, str]:
    return {one["field"]: one["message"] for one in problem_of(response, status)["fields"]}


def written(sending: Sending) -> dict[str, Any]:
    return {
        "name": "Spring",
        "from_name": "Harbour Books",
        "from_local": "news",
        "sender_domain": sending.domain.public_id,
        "subject": "Hello {{ first_name }}",
        "html": HTML,
        "lists": [sending.list.public_id],
    }


def test_a_campaign_from_its_draft_to_its_end(sending: Sending, api: Client) -> None:
    made = body_of(send(api, "POST", "", written(sending)), 201)
    path = f"/{made['id']}"
    assert made["state"] == "draft"
    assert made["lists"] == [sending.list.public_id]
    assert made["sender_domain"] == sending.domain.public_id

    changed = body_of(send(api, "PATCH", path, {"subject": "Other"}))
    assert (changed["subject"], changed["html"], changed["revision"]) == ("Other", HTML, 2)

    sent = body_of(send(api, "POST", f"{path}/send", {"revision": 2}), 202)
    assert (sent["state"], sent["expected"]) == ("queued", 3)
    while fan_out_next():
        pass
    shown = body_of(send(api, "GET", path))
    assert shown["state"] == "sending"
    assert shown["counts"]["pending"] == 3

    assert body_of(send(api, "POST", f"{path}/pause"))["state"] == "paused"
    assert body_of(send(api, "POST", f"{path}/resume"))["state"] == "sending"
    cancelled = body_of(send(api, "POST", f"{path}/cancel"))
    assert cancelled["state"] == "cancelled"
    assert cancelled["reason"].startswith("Cancelled by key")


def test_a_second_send_is_a_conflict(draft: Campaign, api: Client) -> None:
    body_of(send(api, "POST", f"/{draft.public_id}/send"), 202)
    problem = problem_of(send(api, "POST", f"/{draft.public_id}/send"), 409)
    assert "it is Queued" in problem["detail"]
    assert Dispatch.objects.count() == 1


def test_an_unfinished_draft_is_refused_by_field(sending: Sending, api: Client) -> None:
    made = body_of(send(api, "POST", "", {"name": "Gaps"}), 201)
    wrong = fields_of(send(api, "POST", f"/{made['id']}/send"))
    assert set(wrong) == {"from_local", "sender_domain", "subject", "html", "lists"}


def test_a_stale_revision_changes_and_sends_nothing(draft: Campaign, api: Client) -> None:
    path = f"/{draft.public_id}"
    body_of(send(api, "PATCH", path, {"name": "Theirs", "revision": 1}))
    problem_of(send(api, "PATCH", path, {"name": "Mine", "revision": 1}), 409)
    problem_of(send(api, "POST", f"{path}/send", {"revision": 1}), 409)
    assert Campaign.objects.get().name == "Theirs"


def test_a_domain_is_taken_away_with_null(draft: Campaign, api: Client) -> None:
    changed = body_of(send(api, "PATCH", f"/{draft.public_id}", {"sender_domain": None}))
    assert changed["sender_domain"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "x", "account": "acc_1"}, "account"),
        ({"name": "x", "state": "sent"}, "state"),
        ({"name": "x", "subject": None}, "subject"),
        ({"name": "x", "lists": ["lst_23456789abcdefghjkmn"]}, "lists"),
        ({"name": "x", "sender_domain": "'; DROP"}, "sender_domain"),
        ({"name": 7}, "name"),
        ({"name": "x", "html": "\ud800"}, "html"),
        ({"name": "x", "reply_to": "x@example.org>\r\nRCPT TO:<y@example.org"}, "reply_to"),
    ],
)
def test_what_does_not_fit_is_refused_by_field(
    sending: Sending, api: Client, body: dict[str, Any], field: str
) -> None:
    assert field in fields_of(send(api, "POST", "", body))
    assert not Campaign.objects.exists()


@pytest.mark.parametrize(
    "field",
    ["name", "from_name", "from_local", "from_address", "reply_to", *PARTS],
)
@pytest.mark.parametrize("attack", list(ATTACKS))
def test_attacks_are_refused_by_field_or_kept_as_they_are(
    sending: Sending, api: Client, field: str, attack: str
) -> None:
    text = ATTACKS[attack]
    response = send(api, "POST", "", written(sending) | {field: text})
    if response.status_code == 422:
        assert set(fields_of(response)) == {field}
        return
    kept = body_of(response, 201)[field]
    assert kept == text.replace("\r\n", "\n").replace("\r", "\n")
    if field not in {"html", "text"}:
        assert not set(kept) & set("\r\n\x00\x85\u2028")


def test_the_list_is_paged_newest_first_and_narrowed(
    sending: Sending, draft: Campaign, api: Client
) -> None:
    other = make_draft(sending, name="Autumn")
    first = body_of(send(api, "GET", "?limit=1"))
    assert [one["id"] for one in first["items"]] == [other.public_id]
    assert "html" not in first["items"][0]
    rest = body_of(send(api, "GET", f"?limit=1&cursor={first['next']}"))
    assert [one["id"] for one in rest["items"]] == [draft.public_id]
    assert rest["next"] == ""
    found = body_of(send(api, "GET", "?q=autumn&state=draft"))
    assert [one["name"] for one in found["items"]] == ["Autumn"]
    assert body_of(send(api, "GET", "?state=sent"))["items"] == []
    problem_of(send(api, "GET", "?state=nonsense"), 422)
    problem_of(send(api, "GET", "?cursor=nonsense"), 400)
    problem_of(send(api, "GET", "?q=%00"), 400)


def test_a_test_goes_out_filled_in_as_somebody(draft: Campaign, api: Client) -> None:
    person = Subscriber.objects.order_by("-id")[0]
    body = {"addresses": ["a@example.com"], "as_subscriber": person.public_id}
    sent = body_of(send(api, "POST", f"/{draft.public_id}/test", body), 202)
    assert sent["filled_in_as"] == person.address
    assert [one["address"] for one in sent["deliveries"]] == ["a@example.com"]
    wrong = fields_of(send(api, "POST", f"/{draft.public_id}/test", {"addresses": []}))
    assert "addresses" in wrong
    unknown = body | {"as_subscriber": "sub_23456789abcdefghjkmn"}
    problem_of(send(api, "POST", f"/{draft.public_id}/test", unknown), 404)


def test_too_many_tests_are_told_to_wait(
    draft: Campaign, api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "TESTS_AT_MOST", 0)
    body = {"addresses": ["a@example.com"]}
    problem_of(send(api, "POST", f"/{draft.public_id}/test", body), 429)


def test_deliveries_are_listed_and_one_tells_its_story(draft: Campaign, api: Client) -> None:
    body_of(send(api, "POST", f"/{draft.public_id}/send"), 202)
    while fan_out_next():
        pass
    path = f"/{draft.public_id}/deliveries"
    page = body_of(send(api, "GET", f"{path}?limit=2&state=pending"))
    assert len(page["items"]) == 2
    rest = body_of(send(api, "GET", f"{path}?limit=2&state=pending&cursor={page['next']}"))
    assert len(rest["items"]) == 1
    one = page["items"][0]
    found = body_of(send(api, "GET", f"{path}?q={one['address']}"))
    assert [row["id"] for row in found["items"]] == [one["id"]]
    assert body_of(send(api, "GET", f"{path}/{one['id']}"))["story"] == []
    problem_of(send(api, "GET", f"{path}/dlv_1"), 404)


def test_copies_are_drafts_and_only_drafts_are_deleted(draft: Campaign, api: Client) -> None:
    body_of(send(api, "POST", f"/{draft.public_id}/send"), 202)
    copy = body_of(send(api, "POST", f"/{draft.public_id}/duplicate"), 201)
    assert copy["state"] == "draft"
    assert send(api, "DELETE", f"/{copy['id']}").status_code == 204
    problem_of(send(api, "DELETE", f"/{draft.public_id}"), 409)
    problem_of(send(api, "PATCH", f"/{draft.public_id}", {"name": "x"}), 409)


def test_viewers_read_and_change_nothing(draft: Campaign, account: Account, api_of: ApiOf) -> None:
    api = api_of(account, Role.VIEWER)
    body_of(send(api, "GET", f"/{draft.public_id}"))
    problem_of(send(api, "POST", "", {"name": "x"}), 403)
    for verb in ("send", "pause", "resume", "cancel", "duplicate"):
        problem_of(send(api, "POST", f"/{draft.public_id}/{verb}"), 403)
    problem_of(send(api, "PATCH", f"/{draft.public_id}", {"name": "x"}), 403)
    problem_of(send(api, "DELETE", f"/{draft.public_id}"), 403)


def test_foreign_and_missing_are_answered_alike(
    draft: Campaign, sending: Sending, other_account: Account, api_of: ApiOf
) -> None:
    api = api_of(other_account)
    foreign = problem_of(send(api, "GET", f"/{draft.public_id}"), 404)
    missing = problem_of(send(api, "GET", "/cmp_23456789abcdefghjkmn"), 404)
    swapped = {**missing, "detail": missing["detail"].replace("cmp_23456789abcdefghjkmn", "")}
    assert {**foreign, "detail": foreign["detail"].replace(draft.public_id, "")} == swapped
    assert "lists" in fields_of(
        send(api, "POST", "", {"name": "x", "lists": [sending.list.public_id]})
    )
    assert not Delivery.objects.exists()
