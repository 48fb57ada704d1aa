"""Imports in the browser and by the worker: what becomes of each row, and of killed workers."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account, AuditRecord, Event, User
from posthouse.audience import fields, imports, services, storage
from posthouse.audience.errors import FileRefused, StartedAlready, StillRunning
from posthouse.audience.models import (
    CustomField,
    Import,
    ListMembership,
    Subscriber,
    SubscriberList,
    Suppression,
)

# Committed for real: files go when the commit is done, and other processes see the rows.
pytestmark = pytest.mark.django_db(transaction=True)

SignIn = Callable[[User], Client]


@pytest.fixture
def browser(client_of: SignIn, manager: User) -> Client:
    return client_of(manager)


@pytest.fixture
def inside(account: Account) -> Iterator[Account]:
    with access.tenant(account):
        yield account


@pytest.fixture
def newsletter(inside: Account) -> SubscriberList:
    return services.create_list(SYSTEM, inside, name="Newsletter")


def started(account: Account, into: SubscriberList | str, content: str, **how: str) -> Import:
    chunks = [content.encode()]
    return imports.take_in(SYSTEM, account, "people.csv", chunks, into=into, **how)


def imported(account: Account, into: SubscriberList | str, content: str, **how: str) -> Import:
    row = started(account, into, content, **how)
    assert imports.run_next()
    row.refresh_from_db()
    return row


def counts(row: Import) -> tuple[int, int, int, int]:
    """Rows read, added, updated, rejected; and they add up."""
    assert row.rows_read == row.added + row.updated + row.rejected
    return row.rows_read, row.added, row.updated, row.rejected


def rejects(row: Import) -> list[list[str]]:
    text = storage.rejects_of(row).read_text(encoding="utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def people() -> dict[str, dict[str, object]]:
    return dict(Subscriber.objects.values_list("address", "fields"))


def files_of(account: Account) -> list[str]:
    folder = Path(settings.HOME) / "imports" / account.public_id
    return sorted(path.name for path in folder.glob("*"))


def numbered(count: int) -> str:
    return "email,n\n" + "".join(f"p{n}@example.com,{n}\n" for n in range(count))


# --- in the browser ------------------------------------------------------------------------------
def test_a_person_uploads_says_what_columns_mean_and_gets_the_rest_back(
    browser: Client, account: Account
) -> None:
    base = f"/a/{account.slug}/imports/"
    content = "Name;E-Mail;Stadt\nÄnne;anne@example.com;Köln\n=Bob;bob@;Ulm\n李;LI@example.com;\n"
    file = SimpleUploadedFile("../leute.csv", content.encode())

    mapping = browser.post(f"{base}new/", {"file": file}, follow=True)
    assert "Start import" in mapping.content.decode()
    assert "Köln" in mapping.content.decode()
    form = mapping.context["form"]
    assert form.initial == {}
    assert [form[f"column_{i}"].initial for i in range(3)] == ["+", "-", "+"]

    (page,) = mapping.redirect_chain[0][:1]
    answers = {"into": "+", "email": "1", "column_0": "+", "column_2": "-", "consent": "Fair"}
    unnamed = browser.post(page, answers)
    assert unnamed.context["form"].errors["new_list"] == ["This field must not be empty."]
    waiting = browser.post(page, answers | {"new_list": "Leute"}, follow=True).content.decode()
    assert "It starts as soon as a worker is free." in waiting
    assert browser.get(f"{page}progress/").status_code == 200

    assert imports.run_next()

    done = browser.get(f"{page}progress/")
    assert done.status_code == 286  # the page stops asking
    assert "All 3 rows were read." in done.content.decode()
    with access.tenant(account):
        assert people() == {"anne@example.com": {"name": "Änne"}, "LI@example.com": {"name": "李"}}
        row = ListMembership.objects.get(subscriber__normalised="li@example.com")
        assert row.list.name == "Leute"
        assert row.consent["text"] == "Fair"
        assert Import.objects.get().file_name == "leute.csv"
    response = browser.get(f"{page}rejected/")
    body = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert 'filename="leute-rejected.csv"' in response["Content-Disposition"]
    assert list(csv.reader(io.StringIO(body))) == [
        ["Name", "E-Mail", "Stadt", "reason"],
        ["'=Bob", "bob@", "Ulm", body.split('","')[-1].rstrip('"\r\n')],
    ]
    assert "Line 3: “bob@” cannot be used" in body


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("email,name\na@example.com,Jörg\n".encode("latin-1"), "Line 2 is not UTF-8 text"),
        (b"Name,City\nAnna,Ulm\n", "There is no e-mail column; the columns are “Name”, “City”"),
        (b"", "The file is empty."),
        (b"x" * 200_000, "The line is longer than 65,536 characters."),
    ],
)
def test_a_file_that_cannot_be_imported_is_refused_whole(
    browser: Client, account: Account, content: bytes, sentence: str
) -> None:
    file = SimpleUploadedFile("people.csv", content)

    response = browser.post(f"/a/{account.slug}/imports/new/", {"file": file})

    assert sentence in response.context["form"].errors["file"][0]
    with access.tenant(account):
        assert not Import.objects.exists()
    assert files_of(account) == []


def test_two_columns_for_one_field_are_told_beside_the_second(
    browser: Client, account: Account, newsletter: SubscriberList
) -> None:
    fields.create_field(SYSTEM, account, label="City")
    row = imports.receive(SYSTEM, account, "x.csv", [b"email,City,Town\na@example.com,1,2\n"])

    response = browser.post(
        f"/a/{account.slug}/imports/{row.public_id}/",
        {"into": newsletter.public_id, "email": "0", "column_1": "city", "column_2": "city"},
    )

    assert "“City” fills City already" in response.context["form"].errors["column_2"][0]
    row.refresh_from_db()
    assert row.state == Import.State.UPLOADED


def test_a_file_is_discarded_with_its_import(browser: Client, account: Account) -> None:
    with access.tenant(account):
        row = imports.receive(SYSTEM, account, "x.csv", [b"email\na@example.com\n"])
    assert len(files_of(account)) == 1

    browser.post(f"/a/{account.slug}/imports/{row.public_id}/remove/")

    with access.tenant(account):
        assert not Import.objects.exists()
    assert files_of(account) == []


def test_a_stranger_finds_neither_import_nor_rejected_rows_nor_list(
    client_of: SignIn, stranger: User, other_account: Account, newsletter: SubscriberList
) -> None:
    row = imported(newsletter.account, newsletter, "email\nbad\n")
    browser = client_of(stranger)
    base = f"/a/{other_account.slug}/imports/"

    for path in ("", "progress/", "rejected/", "remove/"):
        assert browser.get(f"{base}{row.public_id}/{path}").status_code == 404
    assert browser.get(f"{base}new/?list={newsletter.public_id}").status_code == 404
    with access.tenant(other_account):
        own = imports.receive(SYSTEM, other_account, "x.csv", [b"email\na@example.com\n"])
    answers = {"into": newsletter.public_id, "email": "0"}
    response = browser.post(f"{base}{own.public_id}/", answers)
    assert "into" in response.context["form"].errors


# --- rows ----------------------------------------------------------------------------------------
def test_one_address_in_any_letter_case_is_one_person(newsletter: SubscriberList) -> None:
    services.save_subscriber(SYSTEM, newsletter.account, address="Old@Example.com")
    row = imported(
        newsletter.account,
        newsletter,
        "email,name,city\nA@example.com,First,Ulm\nold@EXAMPLE.com,Old,\n"
        'a@EXAMPLE.COM,Second,\n"a@example.com ",,\n',
    )

    assert counts(row) == (4, 2, 2, 0)
    assert people() == {
        "Old@example.com": {"name": "Old"},
        "A@example.com": {"name": "Second", "city": "Ulm"},
    }


def test_later_rows_fill_and_replace_but_never_blank(newsletter: SubscriberList) -> None:
    imported(newsletter.account, newsletter, "email,name,city\na@example.com,Anna,Ulm\n")

    row = imported(newsletter.account, newsletter, "email,city,name\na@example.com,Bonn,\n")

    assert counts(row) == (1, 0, 1, 0)
    assert people() == {"a@example.com": {"name": "Anna", "city": "Bonn"}}
    assert CustomField.objects.count() == 2


def test_who_left_or_is_suppressed_stays_so_and_is_counted(newsletter: SubscriberList) -> None:
    account = newsletter.account
    left = services.add_person(SYSTEM, account, newsletter, address="left@example.com")
    services.remove_from_list(SYSTEM, left)
    services.suppress(SYSTEM, account, address="never@example.com")
    Suppression.objects.create(account=None, normalised="nobody@example.com", reason="complained")

    row = imported(
        account,
        newsletter,
        "email\nLEFT@example.com\nnever@example.com\nnobody@example.com\nnew@example.com\n",
    )

    assert counts(row) == (4, 3, 1, 0)
    assert row.kept_out == 3
    left.refresh_from_db()
    assert left.status == "unsubscribed"
    assert Suppression.objects.count() == 2


def test_bad_rows_come_back_with_reasons_and_good_ones_are_imported(
    newsletter: SubscriberList,
) -> None:
    account = newsletter.account
    fields.create_field(SYSTEM, account, label="Born", kind="date")
    fields.create_field(SYSTEM, account, label="Age", kind="number")
    row = imported(
        account,
        newsletter,
        "email,born,age,note\n"
        "a@example.com,1990-05-03,12.5,fine\n"
        "no address,,,\n"
        ",,,lost\n"
        "b@example.com,3.5.1990,,\n"
        "c@example.com,,old,\n"
        "d@example.com,,,x,y,z\n"
        "e@example.com,,,a\x00b\n"
        f"f@example.com,,,{'x' * 10_001}\n"
        'g@example.com,,,"never closed\n'
        "h@example.com\n"
        "i@example.com,,,',\n",
    )

    assert counts(row) == (11, 3, 0, 8)
    assert people()["a@example.com"] == {"born": "1990-05-03", "age": 12.5, "note": "fine"}
    reasons = {line[0]: line[4] for line in rejects(row)[1:]}
    assert [reason.partition(":")[0] for reason in reasons.values()] == [
        f"Line {n}" for n in (3, 4, 5, 6, 7, 8, 9, 10)
    ]
    assert "has no @" in reasons["no address"]
    assert "Enter an e-mail address" in reasons[""]
    assert "born: “3.5.1990” is not a date" in reasons["b@example.com"]
    assert "age: “old” is not a number" in reasons["c@example.com"]
    assert "6 values for 4 columns" in reasons["d@example.com"]
    assert "control character U+0000" in reasons["e@example.com"]
    assert "10,000 is the limit" in reasons["f@example.com"]
    assert "opened and not closed" in reasons['g@example.com,,,"never closed']


def test_mended_rejects_are_imported_without_the_reason(newsletter: SubscriberList) -> None:
    account = newsletter.account
    row = imported(account, newsletter, "email,name\nbad,=Anna\n")
    text = storage.rejects_of(row).read_text(encoding="utf-8-sig")

    again = imported(account, newsletter, text.replace('"bad"', '"anna@example.com"'))

    assert counts(again) == (1, 1, 0, 0)
    assert people() == {"anna@example.com": {"name": "=Anna"}}
    assert not CustomField.objects.filter(key="reason").exists()


def test_an_import_is_told_of_and_its_upload_forgotten(newsletter: SubscriberList) -> None:
    row = imported(newsletter.account, newsletter, "email\na@example.com\n", consent="Shop")

    assert row.state == Import.State.DONE
    assert row.bytes_read == row.bytes_total
    assert files_of(newsletter.account) == []
    done = AuditRecord.objects.get(verb="import.done")
    assert done.after == {"added": 1, "updated": 0, "rejected": 0, "problem": ""}
    assert Event.objects.filter(kind="import.done", payload={"import": row.public_id}).exists()


def test_nothing_is_kept_of_what_cannot_be_started(inside: Account) -> None:
    with pytest.raises(ValidationError):
        started(inside, " ", "email\na@example.com\n")
    with pytest.raises(FileRefused):
        started(inside, "Newsletter", "name\nAnna\n")

    assert not Import.objects.exists()
    assert not SubscriberList.objects.exists()
    assert files_of(inside) == []


# --- workers -------------------------------------------------------------------------------------
class Killed(BaseException):
    """The worker is gone in this moment."""


def killed_after(batches: int, row: Import) -> None:
    """Runs an import as a worker does that dies, and is missed only later."""
    left = [batches]

    def die() -> bool:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return True

    with pytest.raises(Killed):
        imports.run_next(keep_going=die)
    row.refresh_from_db()
    assert row.state == Import.State.RUNNING


def test_nothing_waits(inside: Account) -> None:
    assert not imports.run_next()


def test_a_dead_workers_import_goes_on_and_counts_nothing_twice(
    newsletter: SubscriberList,
) -> None:
    content = re.sub(r"p(\d*[37])@", r"p\1 @", numbered(3_500))  # a fifth is bad, all over the file
    row = started(newsletter.account, newsletter, content)
    killed_after(2, row)

    assert row.rows_read == 2_000
    assert not imports.run_next()  # it may only be slow
    Import.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=3))
    assert imports.run_next()

    row.refresh_from_db()
    assert counts(row) == (3_500, 2_800, 0, 700)
    assert row.state == Import.State.DONE
    assert ListMembership.objects.count() == 2_800
    assert len(rejects(row)) == 701
    assert files_of(newsletter.account) == [f"{row.public_id}-rejected.csv"]


def test_a_worker_that_was_taken_for_dead_writes_nothing_more(newsletter: SubscriberList) -> None:
    row = started(newsletter.account, newsletter, numbered(2_500))
    taken = []

    def fall_asleep() -> bool:
        if not taken and Import.objects.get().rows_read:
            Import.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=3))
            taken.append(imports.run_next())  # another worker takes over, and finishes
        return True

    assert imports.run_next(keep_going=fall_asleep)

    assert taken == [True]
    row.refresh_from_db()
    assert counts(row) == (2_500, 2_500, 0, 0)
    assert AuditRecord.objects.filter(verb="import.done").count() == 1


def test_a_stopping_worker_leaves_the_import_to_the_next(newsletter: SubscriberList) -> None:
    row = started(newsletter.account, newsletter, numbered(2_500))
    answers = iter([True, False])

    assert imports.run_next(keep_going=lambda: next(answers))
    row.refresh_from_db()
    assert (row.state, row.rows_read) == (Import.State.QUEUED, 1_000)
    assert imports.run_next()

    row.refresh_from_db()
    assert counts(row) == (2_500, 2_500, 0, 0)


def test_an_import_that_keeps_killing_workers_is_given_up(newsletter: SubscriberList) -> None:
    row = started(newsletter.account, newsletter, numbered(10))
    for _ in range(5):
        killed_after(0, row)
        Import.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=3))

    assert imports.run_next()

    row.refresh_from_db()
    assert row.state == Import.State.FAILED
    assert "begun 5 times" in row.problem
    assert not imports.run_next()


def test_a_lost_upload_fails_with_what_to_do(newsletter: SubscriberList) -> None:
    row = started(newsletter.account, newsletter, numbered(10))
    storage.file_of(row).unlink()

    assert imports.run_next()

    row.refresh_from_db()
    assert (row.state, row.problem) == (
        Import.State.FAILED,
        "The uploaded file is gone from the disk. Upload it again.",
    )


def test_an_import_is_started_once_and_not_removed_while_it_waits(
    newsletter: SubscriberList,
) -> None:
    row = started(newsletter.account, newsletter, numbered(10))

    with pytest.raises(StartedAlready):
        imports.start(SYSTEM, row, into=newsletter)
    with pytest.raises(StillRunning):
        imports.remove(SYSTEM, row)


def test_an_upload_that_nobody_starts_is_forgotten_after_a_week(inside: Account) -> None:
    imports.receive(SYSTEM, inside, "x.csv", [b"email\na@example.com\n"])

    assert not imports.forget_abandoned()
    Import.objects.update(created_at=timezone.now() - timedelta(days=8))
    assert imports.forget_abandoned()

    assert not Import.objects.exists()
    assert files_of(inside) == []


def test_a_batch_costs_a_handful_of_statements(
    newsletter: SubscriberList, django_assert_max_num_queries: Callable[..., object]
) -> None:
    """SQLite takes a thousand rows in several INSERTs, for it takes 999 values in one."""
    started(newsletter.account, newsletter, numbered(3_000))

    with django_assert_max_num_queries(3 * 25 + 12):  # type: ignore[attr-defined]
        imports.run_next()
