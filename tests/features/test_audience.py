"""Lists, subscribers, custom fields and suppressions in the browser."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.test import Client

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM, Actor
from posthouse.accounts.models import Account, AuditRecord, Role, User
from posthouse.audience import fields, imports, queries, services
from posthouse.audience.errors import ListBusy
from posthouse.audience.models import (
    CustomField,
    Import,
    ListMembership,
    Subscriber,
    SubscriberList,
    Suppression,
)

SignIn = Callable[[User], Client]
ADDRESS = "Anna.Bell@Example.com"


@pytest.fixture
def browser(client_of: SignIn, manager: User) -> Client:
    return client_of(manager)


@pytest.fixture
def newsletter(account: Account) -> SubscriberList:
    with access.tenant(account):
        return services.create_list(SYSTEM, account, name="Newsletter")


@pytest.fixture
def anna(account: Account, newsletter: SubscriberList) -> Subscriber:
    """Subscribed to the newsletter."""
    with access.tenant(account):
        return services.add_person(SYSTEM, account, newsletter, address=ADDRESS).subscriber


def at(account: Account, path: str) -> str:
    return f"/a/{account.slug}/{path}"


def errors(response: HttpResponse) -> dict[str, list[str]]:
    form = response.context["form"]  # type: ignore[attr-defined]
    return {field: list(found) for field, found in form.errors.items()}


def text(response: HttpResponse) -> str:
    return response.content.decode()


# --- lists ---------------------------------------------------------------------------------------
def test_a_person_creates_a_list_and_sees_it(browser: Client, account: Account) -> None:
    assert "No list yet" in text(browser.get(at(account, "lists/")))

    response = browser.post(at(account, "lists/new/"), {"name": " Friends "}, follow=True)

    assert "Nobody is on this list yet" in text(response)
    assert "Friends" in text(browser.get(at(account, "lists/")))


def test_two_lists_cannot_have_one_name(
    browser: Client, account: Account, newsletter: SubscriberList
) -> None:
    response = browser.post(at(account, "lists/new/"), {"name": "Newsletter", "sender_name": "Me"})

    assert "There is a list “Newsletter” already" in errors(response)["name"][0]
    assert 'value="Me"' in text(response)  # what was typed is kept


def test_a_list_is_renamed_and_its_sender_checked(
    browser: Client, account: Account, newsletter: SubscriberList
) -> None:
    path = at(account, f"lists/{newsletter.public_id}/edit/")

    refused = browser.post(path, {"name": "News", "sender_address": "nobody"})
    browser.post(path, {"name": "News", "sender_address": "news@EXAMPLE.com"})

    assert "has no @" in errors(refused)["sender_address"][0]
    newsletter.refresh_from_db()
    assert (newsletter.name, newsletter.sender_address) == ("News", "news@example.com")


def test_deleting_a_list_says_what_goes_and_keeps_the_people(
    browser: Client, account: Account, newsletter: SubscriberList, anna: Subscriber
) -> None:
    path = at(account, f"lists/{newsletter.public_id}/delete/")

    asked = browser.get(path)
    assert "What goes: 1 membership." in text(asked)
    browser.post(path)

    with access.tenant(account):
        assert not SubscriberList.objects.exists()
        assert Subscriber.objects.get() == anna


def test_a_list_is_not_deleted_under_a_running_import(
    account: Account, newsletter: SubscriberList
) -> None:
    with access.tenant(account):
        Import.objects.create(
            account=account, list=newsletter, file_name="x.csv", state=Import.State.RUNNING
        )
        with pytest.raises(ListBusy):
            services.delete_list(SYSTEM, newsletter)


def test_lists_show_counts_by_status(
    browser: Client, account: Account, newsletter: SubscriberList, anna: Subscriber
) -> None:
    with access.tenant(account):
        for number in range(3):
            row = services.add_person(SYSTEM, account, newsletter, address=f"p{number}@example.com")
        services.remove_from_list(SYSTEM, row)
        counts = queries.counts_of([newsletter])[newsletter.pk]

    assert (counts.subscribed, counts.unsubscribed) == (3, 1)
    only_left = text(browser.get(at(account, f"lists/{newsletter.public_id}/?status=unsubscribed")))
    assert "p2@example.com" in only_left
    assert "p1@example.com" not in only_left


def test_a_long_list_is_paged_and_searched(
    browser: Client, account: Account, newsletter: SubscriberList
) -> None:
    path = at(account, f"lists/{newsletter.public_id}/")
    with access.tenant(account):
        for number in range(51):
            services.add_person(SYSTEM, account, newsletter, address=f"p{number}@example.com")

    first = browser.get(path)
    second = browser.get(path, {"cursor": first.context["page"].next})

    assert len(first.context["standings"]) == 50
    assert [row.subscriber.address for row, _ in second.context["standings"]] == ["p0@example.com"]
    found = browser.get(path, {"q": "P44@"})
    assert [row.subscriber.address for row, _ in found.context["standings"]] == ["p44@example.com"]
    assert "No address here contains “nobody”" in text(browser.get(path, {"q": "nobody"}))


def test_a_viewer_reads_and_changes_nothing(
    client_of: SignIn, viewer: User, account: Account, newsletter: SubscriberList
) -> None:
    browser = client_of(viewer)

    assert browser.get(at(account, "lists/")).status_code == 200
    assert browser.get(at(account, "lists/new/")).status_code == 403
    assert browser.post(at(account, "fields/"), {"label": "x", "kind": "text"}).status_code == 403
    assert browser.post(at(account, "suppressions/"), {"address": ADDRESS}).status_code == 403
    delete = at(account, f"lists/{newsletter.public_id}/delete/")
    assert browser.post(delete).status_code == 403


def test_the_list_of_another_account_is_not_there(
    client_of: SignIn, stranger: User, other_account: Account, newsletter: SubscriberList
) -> None:
    browser = client_of(stranger)

    for path in ("", "edit/", "delete/", "add/"):
        answer = browser.get(at(other_account, f"lists/{newsletter.public_id}/{path}"))
        assert answer.status_code == 404


HOSTILE = "\"'><script>alert(1)</script>{{ 7 }}"


def test_what_people_type_stays_text_on_every_page(
    browser: Client, account: Account, newsletter: SubscriberList, anna: Subscriber
) -> None:
    with access.tenant(account):
        services.change_list(SYSTEM, newsletter, name=HOSTILE)
        field = fields.create_field(SYSTEM, account, label=HOSTILE, key="x")
        services.change_subscriber(SYSTEM, anna, fields={"x": HOSTILE})
        content = f'email,"{HOSTILE.replace(chr(34), chr(34) * 2)}"\na@example.com,{HOSTILE}\n'
        row = imports.receive(SYSTEM, account, f"{HOSTILE}.csv", [content.encode()])
    in_list = f"lists/{newsletter.public_id}/"
    paths = ["lists/", "subscribers/", "fields/", "imports/", "suppressions/", in_list]
    paths += [f"{in_list}{page}/" for page in ("edit", "delete", "add")]
    paths += [f"{in_list}subscribers/{anna.public_id}/remove/", f"{in_list}?q={HOSTILE}"]
    paths += [f"fields/{field.public_id}/", f"fields/{field.public_id}/delete/"]
    paths += [f"subscribers/{anna.public_id}/", f"imports/{row.public_id}/"]
    paths += [f"imports/{row.public_id}/remove/", f"imports/new/?list={newsletter.public_id}"]

    for path in paths:
        response = browser.get(at(account, path))
        assert response.status_code == 200, path
        assert "<script>alert" not in text(response), path
        assert "\"'><" not in text(response), path


# --- one person on a list ------------------------------------------------------------------------
def test_a_person_is_added_by_hand_with_fields_and_consent(
    browser: Client, account: Account, newsletter: SubscriberList
) -> None:
    with access.tenant(account):
        fields.create_field(SYSTEM, account, label="Born", kind="date")
        fields.create_field(SYSTEM, account, label="Member", kind="yes-no")
    path = at(account, f"lists/{newsletter.public_id}/add/")
    typed = {"address": ADDRESS, "fields.member": "yes", "consent": "Stall at the fair"}

    refused = browser.post(path, typed | {"fields.born": "3.5.1990"})
    browser.post(path, typed | {"fields.born": "1990-05-03"})

    assert "“3.5.1990” is not a date" in errors(refused)["fields.born"][0]
    with access.tenant(account):
        row = ListMembership.objects.get()
        assert row.subscriber.address == "Anna.Bell@example.com"
        assert row.subscriber.normalised == "anna.bell@example.com"
        assert row.subscriber.fields == {"born": "1990-05-03", "member": True}
        assert row.consent["text"] == "Stall at the fair"


@pytest.mark.parametrize("typed", ["", "anna", "a@b@example.com", "anna@localhost", "a\x00@x.com"])
def test_what_is_no_address_is_told_beside_the_field(
    browser: Client, account: Account, newsletter: SubscriberList, typed: str
) -> None:
    path = at(account, f"lists/{newsletter.public_id}/add/")

    assert errors(browser.post(path, {"address": typed}))["address"]


def test_letter_case_makes_no_second_person(
    account: Account, newsletter: SubscriberList, anna: Subscriber
) -> None:
    with access.tenant(account):
        again = services.add_person(SYSTEM, account, newsletter, address=ADDRESS.upper())

        assert again.subscriber == anna
        assert again.subscriber.address == "Anna.Bell@example.com"
        assert ListMembership.objects.count() == 1


def test_who_left_comes_back_only_when_they_asked(
    browser: Client, account: Account, newsletter: SubscriberList, anna: Subscriber
) -> None:
    base = at(account, f"lists/{newsletter.public_id}/")
    browser.post(f"{base}subscribers/{anna.public_id}/remove/")

    refused = browser.post(f"{base}add/", {"address": ADDRESS})
    with access.tenant(account):
        assert ListMembership.objects.get().status == "unsubscribed"
    browser.post(f"{base}add/", {"address": ADDRESS, "asked_again": "on"})

    assert "left the list Newsletter" in errors(refused)["address"][0]
    assert "They left this list, and asked" in text(refused)
    with access.tenant(account):
        assert ListMembership.objects.get().status == "subscribed"


def test_a_suppressed_person_is_added_with_a_warning(
    browser: Client, account: Account, newsletter: SubscriberList
) -> None:
    with access.tenant(account):
        services.suppress(SYSTEM, account, address=ADDRESS)

    path = at(account, f"lists/{newsletter.public_id}/add/")
    response = browser.post(path, {"address": ADDRESS}, follow=True)

    assert "is suppressed and gets no mail" in text(response)
    assert "Suppressed" in text(response)


# --- one person ----------------------------------------------------------------------------------
def test_a_persons_page_shows_lists_and_changes_fields(
    browser: Client, account: Account, anna: Subscriber
) -> None:
    with access.tenant(account):
        fields.create_field(SYSTEM, account, label="First name")
        fields.create_field(SYSTEM, account, label="Age", kind="number")
    path = at(account, f"subscribers/{anna.public_id}/")

    assert "Newsletter" in text(browser.get(path))
    browser.post(path, {"fields.first_name": "Anna <b>", "fields.age": "41"})
    refused = browser.post(path, {"fields.first_name": "Anna", "fields.age": "old"})
    browser.post(path, {"fields.first_name": "Anna <b>", "fields.age": ""})

    assert "“old” is not a number" in errors(refused)["fields.age"][0]
    anna.refresh_from_db()
    assert anna.fields == {"first_name": "Anna <b>"}
    assert "Anna &lt;b&gt;" in text(browser.get(path))


def test_deleting_who_left_keeps_them_from_being_mailed_again(
    browser: Client, account: Account, newsletter: SubscriberList, anna: Subscriber
) -> None:
    with access.tenant(account):
        services.remove_from_list(SYSTEM, anna.memberships.get())

    browser.post(at(account, f"subscribers/{anna.public_id}/delete/"))

    with access.tenant(account):
        assert not Subscriber.objects.exists()
        key = "anna.bell@example.com"
        assert queries.suppressed(account, [key], newsletter) == {key}
        assert queries.suppressed(account, [key]) == set()
        with pytest.raises(ValidationError, match="left the list"):
            services.add_person(SYSTEM, account, newsletter, address=ADDRESS)
        services.add_person(SYSTEM, account, newsletter, address=ADDRESS, asked_again=True)
        assert queries.suppressed(account, [key], newsletter) == set()


def test_everybody_is_searched_by_address(
    browser: Client, account: Account, anna: Subscriber
) -> None:
    path = at(account, "subscribers/")

    assert "Anna.Bell@example.com" in text(browser.get(path, {"q": "bell"}))
    assert "Anna.Bell@example.com" in text(browser.get(path, {"q": ADDRESS}))
    assert "Anna.Bell@example.com" not in text(browser.get(path, {"q": "anna@example.com"}))


# --- custom fields -------------------------------------------------------------------------------
def test_a_field_is_created_relabelled_and_deleted_with_its_values(
    browser: Client, account: Account, anna: Subscriber
) -> None:
    browser.post(at(account, "fields/"), {"label": "First name", "kind": "text"})
    browser.post(at(account, "fields/"), {"label": "City", "key": "town", "kind": "text"})
    with access.tenant(account):
        services.change_subscriber(SYSTEM, anna, fields={"first_name": "A", "town": "Köln"})
        town = CustomField.objects.get(key="town")

    browser.post(at(account, f"fields/{town.public_id}/"), {"label": "Town"})
    assert "Town" in text(browser.get(at(account, "fields/")))
    asked = browser.get(at(account, f"fields/{town.public_id}/delete/"))
    browser.post(at(account, f"fields/{town.public_id}/delete/"))

    assert "lose what is kept in it: 1." in text(asked)
    anna.refresh_from_db()
    assert anna.fields == {"first_name": "A"}


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"label": "", "kind": "text"}, "label"),
        ({"label": "Имя", "kind": "text"}, "key"),  # nothing of it can stand in a key
        ({"label": "E-mail", "key": "email", "kind": "text"}, "key"),
        ({"label": "x", "key": "Not a key", "kind": "text"}, "key"),
        ({"label": "x", "kind": "colour"}, "kind"),
        ({"label": "First name", "kind": "number"}, "key"),  # taken
    ],
)
def test_a_field_that_cannot_be_is_told_beside_its_input(
    browser: Client, account: Account, typed: dict[str, str], field: str
) -> None:
    with access.tenant(account):
        fields.create_field(SYSTEM, account, label="First name")

    assert errors(browser.post(at(account, "fields/"), typed)).keys() == {field}


def test_an_account_has_a_limited_number_of_fields(account: Account) -> None:
    with access.tenant(account):
        for number in range(100):
            fields.create_field(SYSTEM, account, label=f"Field {number}")
        with pytest.raises(ValidationError, match="100 custom fields, which is the limit"):
            fields.create_field(SYSTEM, account, label="One more")


# --- suppressions --------------------------------------------------------------------------------
def test_an_address_is_suppressed_and_lifted_and_both_are_recorded(
    browser: Client, account: Account
) -> None:
    path = at(account, "suppressions/")
    browser.post(path, {"address": ADDRESS})
    again = browser.post(path, {"address": ADDRESS.upper()}, follow=True)
    row = Suppression.objects.get(account=account)

    assert "was suppressed already" in text(again)
    assert "anna.bell@example.com" in text(browser.get(path))
    asked = browser.get(at(account, f"suppressions/{row.public_id}/lift/"))
    assert "gets mail again" in text(asked)
    browser.post(at(account, f"suppressions/{row.public_id}/lift/"))

    assert not Suppression.objects.exists()
    verbs = AuditRecord.objects.filter(object_kind="suppression").values_list("verb", flat=True)
    assert list(verbs) == ["suppression.add", "suppression.lift"]


def test_a_complaint_is_not_the_accounts_to_lift(browser: Client, account: Account) -> None:
    row = Suppression.objects.create(
        account=account, normalised="a@example.com", reason=Suppression.Reason.COMPLAINED
    )
    path = at(account, f"suppressions/{row.public_id}/lift/")

    response = browser.post(path, follow=True)

    assert "cannot be lifted here" in text(response)
    assert Suppression.objects.filter(pk=row.pk).exists()
    with access.tenant(account):
        services.lift(Actor(kind="operator", name="boss", role=Role.OWNER), row)
    assert not Suppression.objects.exists()


def test_suppressions_of_others_are_neither_shown_nor_lifted(
    browser: Client, account: Account, other_account: Account
) -> None:
    others = [
        Suppression.objects.create(account=owner, normalised="x@example.com", reason="manual")
        for owner in (None, other_account)
    ]

    assert "x@example.com" not in text(browser.get(at(account, "suppressions/")))
    for row in others:
        path = at(account, f"suppressions/{row.public_id}/lift/")
        assert browser.post(path).status_code == 404
    assert Suppression.objects.count() == 2
