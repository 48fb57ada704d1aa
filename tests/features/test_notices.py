"""Notices by mail: to whom, when, how often, and what happens while the mail server is down."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.test import Client

from posthouse.accounts import access, notices, people
from posthouse.accounts.actors import SYSTEM, member_of
from posthouse.accounts.models import Account, AuditRecord, Membership, Notice, User
from posthouse.accounts.permissions import NotAllowed
from posthouse.demo.faults import parse_fault

if TYPE_CHECKING:
    from tests.fakes.system_mail import SystemMail

pytest_plugins = ["tests.fakes.system_mail"]
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def across(db: None) -> Iterator[None]:
    with access.across_tenants():
        yield


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def people_of_account(owner: User, manager: User, viewer: User) -> tuple[User, User]:
    """Those who are told; the viewer is not."""
    return owner, manager


def tell(account: Account, word: str) -> None:
    notices.tell(account, f"{word} failed", f"The check of {word} failed.", "/a/page/")


def send_all() -> int:
    mails = 0
    while notices.send_next():
        mails += 1
    return mails


def test_owners_and_managers_are_told_once_and_viewers_are_not(
    account: Account,
    people_of_account: tuple[User, User],
    stranger: User,
    clock: time_machine.Traveller,
    system_mail: "SystemMail",
) -> None:
    owner, manager = people_of_account
    tell(account, "mail.example.com")
    assert send_all() == 0  # what else goes wrong just now is told with it
    clock.shift(MINUTE)
    assert send_all() == 2
    assert send_all() == 0

    assert {to for to, _ in system_mail.received} == {owner.email, manager.email}
    _, message = system_mail.received[0]
    assert message["Subject"] == "mail.example.com failed"
    assert message["Auto-Submitted"] == "auto-generated"
    text = message.get_content().replace("\r\n", "\n")
    assert "The check of mail.example.com failed.\n\nhttp://127.0.0.1:8000/a/page/" in text
    assert f"/a/{account.slug}/settings/profile/" in text


def test_what_goes_wrong_together_is_one_mail_and_the_next_comes_an_hour_later(
    account: Account, owner: User, clock: time_machine.Traveller, system_mail: "SystemMail"
) -> None:
    for number in range(25):
        tell(account, f"mail-{number}.example.com")
    clock.shift(MINUTE)
    assert send_all() == 1
    for number in range(30):
        clock.shift(MINUTE)
        tell(account, f"late-{number}.example.com")
        assert send_all() == 0
    clock.shift(HOUR)
    assert send_all() == 1

    first, second = (message for _, message in system_mail.received)
    assert first["Subject"] == "25 notices about Harbour Books"
    assert "mail-19.example.com failed" in first.get_content()
    assert "And 5 more" in first.get_content()
    assert second["Subject"] == "30 notices about Harbour Books"


def test_what_flaps_is_told_once_a_day(
    account: Account, owner: User, clock: time_machine.Traveller
) -> None:
    for _ in range(25):
        tell(account, "mail.example.com")
        clock.shift(HOUR)

    assert Notice.objects.count() == 2


def test_accounts_do_not_share_a_mail(
    account: Account,
    other_account: Account,
    owner: User,
    clock: time_machine.Traveller,
    system_mail: "SystemMail",
) -> None:
    people.add_member(SYSTEM, other_account, owner, "owner")  # type: ignore[arg-type]
    tell(account, "one.example.com")
    tell(other_account, "two.example.com")
    clock.shift(MINUTE)

    assert send_all() == 2
    assert "two" not in system_mail.received[0][1].get_content()


def test_while_the_mail_server_is_down_nothing_is_lost_and_the_same_mail_is_sent_later(
    account: Account, owner: User, clock: time_machine.Traveller, system_mail: "SystemMail"
) -> None:
    system_mail.sink.state.faults.append(parse_fault("1*end:*:drop"))
    tell(account, "first.example.com")
    clock.shift(MINUTE)
    assert send_all() == 1  # the answer was lost: the message may have arrived
    tell(account, "second.example.com")
    clock.shift(MINUTE)
    send_all()
    clock.shift(HOUR)
    send_all()

    assert not Notice.objects.filter(state="waiting").exists()
    messages = [message for _, message in system_mail.received]
    about_the_first = [one for one in messages if one["Subject"] == "first.example.com failed"]
    assert len(about_the_first) == 2  # taken, answer lost, and once more
    assert len({one["Message-ID"] for one in about_the_first}) == 1
    assert len({one["Message-ID"] for one in messages}) == 2


def test_after_two_days_a_mail_is_given_up_and_the_row_says_why(
    account: Account, owner: User, clock: time_machine.Traveller, settings: pytest.FixtureRequest
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    tell(account, "mail.example.com")
    attempts = 0
    while Notice.objects.filter(state="waiting").exists():
        clock.shift(HOUR)
        attempts += send_all()
        assert attempts < 20

    notice = Notice.objects.get()
    assert (notice.state, attempts) == ("failed", 8)
    assert "refused" in notice.problem


def test_a_worker_that_dies_while_it_sends_leaves_the_mail_due_again(
    account: Account, owner: User, clock: time_machine.Traveller, system_mail: "SystemMail"
) -> None:
    tell(account, "mail.example.com")
    clock.shift(MINUTE)
    taken = notices._take()  # and then it is killed
    assert send_all() == 0
    clock.shift(10 * MINUTE)
    assert send_all() == 1

    ((_, message),) = system_mail.received
    assert taken[0].mail in message["Message-ID"]


def test_whoever_has_left_the_team_is_told_no_more(
    account: Account,
    owner: User,
    manager: User,
    clock: time_machine.Traveller,
    system_mail: "SystemMail",
) -> None:
    tell(account, "mail.example.com")
    people.remove_member(SYSTEM, account, manager)
    clock.shift(MINUTE)
    send_all()

    assert [to for to, _ in system_mail.received] == [owner.email]
    assert Notice.objects.count() == 1


def test_a_name_with_line_breaks_adds_no_header(
    account: Account, owner: User, clock: time_machine.Traveller, system_mail: "SystemMail"
) -> None:
    Account.objects.filter(pk=account.pk).update(name="Harbour\r\nBcc: spy@example.net")
    account.refresh_from_db()
    for word in ("a\r\nBcc: spy@example.net\r\n\r\nbody", "b\nX-Evil: 1"):
        tell(account, word)
    clock.shift(MINUTE)
    send_all()

    ((to, message),) = system_mail.received
    assert to == owner.email
    assert message["Bcc"] is None
    assert message["X-Evil"] is None


def test_people_switch_the_mails_off_in_their_profile(
    account: Account, owner: User, viewer: User, client_of: Callable[[User], Client]
) -> None:
    page = f"/a/{account.slug}/settings/profile/"
    client = client_of(owner)
    assert 'name="notices_by_mail"' in client.get(page).content.decode()
    client.post(page, {"name": "Olive"})
    tell(account, "mail.example.com")

    assert not Notice.objects.exists()
    assert Membership.objects.get(user=owner).user.name == "Olive"
    assert AuditRecord.objects.filter(verb="member.notices").count() == 1
    client.post(page, {"name": "Olive", "notices_by_mail": "on"})
    tell(account, "mail.example.com")
    assert Notice.objects.count() == 1
    assert 'name="notices_by_mail"' not in client_of(viewer).get(page).content.decode()


def test_nobody_decides_for_another_person(account: Account, owner: User, manager: User) -> None:
    actor = member_of(owner, account)
    assert actor
    theirs = Membership.objects.get(user=manager, account=account)
    with pytest.raises(NotAllowed):
        people.change_own(actor, theirs, notices_by_mail=False)


def test_old_notices_are_forgotten(
    account: Account, owner: User, clock: time_machine.Traveller, system_mail: "SystemMail"
) -> None:
    tell(account, "mail.example.com")
    clock.shift(MINUTE)
    send_all()
    assert not notices.forget_old()
    clock.shift(notices.KEPT_FOR + HOUR)
    assert notices.forget_old()
    assert not Notice.objects.exists()
