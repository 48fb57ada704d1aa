"""The audience over the API: what programs can do with it, and what they are refused."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account, Role
from posthouse.audience import imports, services
from posthouse.audience.models import Import, ListMembership, Suppression
from tests.problems import problem_of

ApiOf = Callable[..., Client]
API = "/api/v1"


@pytest.fixture
def api(account: Account, api_of: ApiOf) -> Client:
    return api_of(account)


def post(api: Client, path: str, body: object) -> Any:
    return api.post(f"{API}{path}", body, content_type="application/json")


def patch(api: Client, path: str, body: object) -> Any:
    return api.patch(f"{API}{path}", body, content_type="application/json")


def made(api: Client, path: str, body: object) -> dict[str, Any]:
    response = post(api, path, body)
    assert response.status_code == 201, response.content
    created: dict[str, Any] = response.json()
    return created


def told(response: Any, status: int = 422) -> dict[str, str]:
    """The fields that were refused, with the sentences."""
    return {one["field"]: one["message"] for one in problem_of(response, status)["fields"]}


def test_lists_are_created_changed_counted_and_deleted(api: Client) -> None:
    row = made(api, "/lists", {"name": "News"})
    path = f"/lists/{row['id']}"
    made(api, f"{path}/memberships", {"address": "a@example.com"})

    assert patch(api, path, {"sender_name": "Anna"}).json()["name"] == "News"
    shown = api.get(f"{API}{path}").json()
    assert (shown["sender_name"], shown["subscribed"], shown["unsubscribed"]) == ("Anna", 1, 0)
    assert [one["id"] for one in api.get(f"{API}/lists").json()["items"]] == [row["id"]]
    assert api.delete(f"{API}{path}").status_code == 204
    problem_of(api.get(f"{API}{path}"), 404)


def test_a_refused_list_names_the_field_and_the_rule(api: Client) -> None:
    made(api, "/lists", {"name": "News"})

    assert "already" in told(post(api, "/lists", {"name": "News"}))["name"]
    assert told(post(api, "/lists", {"name": ""}))["name"] == "This field must not be empty."
    assert told(post(api, "/lists", {"name": "x", "colour": 1}))["colour"]
    assert "control character" in told(post(api, "/lists", {"name": "a\u0000b"}))["name"]
    assert told(post(api, "/lists", {"name": "x", "sender_address": "x"}))["sender_address"]


def test_a_person_is_created_then_filled_by_address(api: Client) -> None:
    for label, kind in (("First name", "text"), ("Age", "number"), ("Member", "yes-no")):
        made(api, "/fields", {"label": label, "kind": kind})
    row = made(api, "/subscribers", {"address": "Anna@Example.com", "fields": {"age": 41}})

    again = post(
        api,
        "/subscribers",
        {"address": "anna@example.COM", "fields": {"first_name": "Anna", "member": True}},
    )

    assert again.status_code == 200
    assert again.json()["id"] == row["id"]
    assert again.json()["address"] == "Anna@example.com"
    assert again.json()["fields"] == {"age": 41, "first_name": "Anna", "member": True}
    cleared = patch(api, f"/subscribers/{row['id']}", {"fields": {"age": None}}).json()
    assert cleared["fields"] == {"first_name": "Anna", "member": True}


def test_values_that_do_not_fit_their_fields_are_named(api: Client) -> None:
    made(api, "/fields", {"label": "Age", "kind": "number"})
    made(api, "/fields", {"label": "Born", "kind": "date"})
    bad = {"age": "old", "born": True, "hat": "x"}

    fields = told(post(api, "/subscribers", {"address": "a@example.com", "fields": bad}))

    assert fields.keys() == {"fields.age", "fields.born", "fields.hat"}
    assert "no custom field with this key" in fields["fields.hat"]
    assert api.get(f"{API}/subscribers").json()["items"] == []


def test_memberships_follow_who_left(api: Client) -> None:
    row = made(api, "/lists", {"name": "News"})
    path = f"/lists/{row['id']}/memberships"
    member = made(api, path, {"address": "a@example.com", "consent": "Form"})

    assert member["consent"]["text"] == "Form"
    assert api.delete(f"{API}{path}/{member['subscriber']}").status_code == 204
    assert "left the list" in told(post(api, path, {"address": "A@example.com"}))["address"]
    left = api.get(f"{API}{path}?status=unsubscribed").json()["items"]
    assert [one["address"] for one in left] == ["a@example.com"]
    made(api, path, {"address": "a@example.com", "asked_again": True})
    assert api.get(f"{API}{path}?status=unsubscribed").json()["items"] == []
    standing = api.get(f"{API}/subscribers/{member['subscriber']}/memberships").json()
    assert [(one["list_name"], one["status"]) for one in standing] == [("News", "subscribed")]


def test_people_are_paged_by_cursor(api: Client, account: Account) -> None:
    with access.tenant(account):
        for number in range(5):
            services.save_subscriber(SYSTEM, account, address=f"p{number}@example.com")

    seen, cursor = [], ""
    for _ in range(3):
        answer = api.get(f"{API}/subscribers?limit=2&cursor={cursor}").json()
        seen += [one["address"] for one in answer["items"]]
        cursor = answer["next"]

    assert seen == [f"p{number}@example.com" for number in (4, 3, 2, 1, 0)]
    assert cursor == ""
    problem_of(api.get(f"{API}/subscribers?cursor=nonsense"), 400)


def test_suppressions_are_added_seen_and_lifted(api: Client, account: Account) -> None:
    made(api, "/subscribers", {"address": "a@example.com"})
    row = made(api, "/suppressions", {"address": "A@example.com"})

    assert post(api, "/suppressions", {"address": "a@example.com"}).status_code == 200
    assert api.get(f"{API}/subscribers").json()["items"][0]["suppressed"] is True
    assert api.delete(f"{API}/suppressions/{row['id']}").status_code == 204
    complaint = Suppression.objects.create(
        account=account, normalised="b@example.com", reason=Suppression.Reason.COMPLAINED
    )
    refused = api.delete(f"{API}/suppressions/{complaint.public_id}")
    assert "Ask your operator" in problem_of(refused, 409)["detail"]


@pytest.mark.django_db(transaction=True)
def test_a_file_is_imported_and_its_rejected_rows_fetched(api: Client, account: Account) -> None:
    file = SimpleUploadedFile("p.csv", b"email,city\na@example.com,Ulm\nbad,\n")
    response = api.post(f"{API}/imports", {"file": file, "new_list": "News", "consent": "Shop"})
    assert response.status_code == 201, response.content
    path = f"{API}/imports/{response.json()['id']}"
    assert response.json()["state"] == "queued"
    problem_of(api.get(f"{path}/rejected"), 404)

    assert imports.run_next()

    done = api.get(path).json()
    assert (done["state"], done["added"], done["rejected"]) == ("done", 1, 1)
    rejected = b"".join(api.get(f"{path}/rejected").streaming_content).decode("utf-8-sig")
    assert rejected.splitlines()[1].startswith('"bad","","Line 3: ')
    with access.tenant(account):
        assert ListMembership.objects.get().consent["text"] == "Shop"
    assert api.delete(path).status_code == 204


def test_a_file_that_cannot_be_imported_is_told_at_the_field(api: Client, account: Account) -> None:
    def upload(content: bytes, **values: str) -> dict[str, str]:
        file = SimpleUploadedFile("p.csv", content)
        return told(api.post(f"{API}/imports", {"file": file, **values}))

    assert "no e-mail column" in upload(b"name\nAnna\n", new_list="News")["file"]
    assert "not UTF-8" in upload("email\nJörg\n".encode("latin-1"), new_list="News")["file"]
    assert "either a list" in upload(b"email\na@example.com\n")["list"]
    assert upload(b"email\na@example.com\n", new_list=" ")["new_list"]
    with access.tenant(account):
        assert not Import.objects.exists()


def test_a_viewer_key_reads_only(account: Account, api_of: ApiOf) -> None:
    api = api_of(account, Role.VIEWER)

    assert api.get(f"{API}/lists").status_code == 200
    problem_of(post(api, "/lists", {"name": "x"}), 403)
    problem_of(post(api, "/subscribers", {"address": "a@example.com"}), 403)
    problem_of(post(api, "/suppressions", {"address": "a@example.com"}), 403)
    problem_of(post(api, "/fields", {"label": "x"}), 403)
    file = SimpleUploadedFile("p.csv", b"email\na@example.com\n")
    problem_of(api.post(f"{API}/imports", {"file": file, "new_list": "x"}), 403)


def test_rows_of_another_account_are_not_there(
    api: Client, other_account: Account, api_of: ApiOf
) -> None:
    other = api_of(other_account)
    row = made(other, "/lists", {"name": "News"})
    person = made(other, f"/lists/{row['id']}/memberships", {"address": "a@example.com"})
    field = made(other, "/fields", {"label": "City"})
    suppression = made(other, "/suppressions", {"address": "b@example.com"})
    addresses = [
        f"/lists/{row['id']}",
        f"/lists/{row['id']}/memberships",
        f"/subscribers/{person['subscriber']}",
        f"/fields/{field['id']}",
        f"/suppressions/{suppression['id']}",
    ]

    for address in addresses:
        problem_of(api.get(f"{API}{address}"), 404)
    for address in addresses[:1] + addresses[2:]:
        problem_of(api.delete(f"{API}{address}"), 404)
    problem_of(post(api, f"/lists/{row['id']}/memberships", {"address": "x@example.com"}), 404)
    file = SimpleUploadedFile("p.csv", b"email\na@example.com\n")
    problem_of(api.post(f"{API}/imports", {"file": file, "list": row["id"]}), 404)
