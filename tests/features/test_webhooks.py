"""Webhooks: every event reaches each webhook that wants it, signed, or the page says why."""

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import time_machine
from standardwebhooks import Webhook, WebhookVerificationError

from posthouse.accounts import access, audit
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account, Event, Notice, User
from posthouse.core.routing.quotas import Level
from posthouse.housekeeping import events
from posthouse.webhooks import claims, schedule, sending, services
from posthouse.webhooks.errors import StillWaiting, SwitchedOff
from posthouse.webhooks.kinds import KINDS, TEST
from posthouse.webhooks.models import Call, CallAttempt, Endpoint
from tests import factories
from tests.fakes.receiver import Receiver, Reply, Request, closed_port

pytest_plugins = ["tests.features.receivers"]
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
KIND = "list.deleted"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def inside(db: None, settings: Any) -> Iterator[None]:
    """The receivers of these tests are inside, and the worker reaches every account."""
    settings.WEBHOOKS_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    with access.across_tenants():
        yield


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def webhook(account: Account, url: str, *kinds: str) -> tuple[Endpoint, str]:
    return services.create(SYSTEM, account, url=url, kinds=kinds or [KIND])


def happens(account: Account, kind: str = KIND, **payload: Any) -> None:
    audit.announce(kind, account, **(payload or {"list": "lst_x"}))
    while events.handle_some():
        pass


def only_call() -> Call:
    return Call.objects.get()


def verified(request: Request, secret: str) -> Any:
    return Webhook(secret).verify(request.body, dict(request.headers))


def test_what_is_offered_and_documented_is_what_features_announce() -> None:
    root = Path(__file__).parents[2]
    sources = [path.read_text() for path in (root / "src").rglob("*.py")]
    named = {
        name
        for text in sources
        for name in re.findall(r'announce\(\s*f?"([a-z]+\.[a-z{][^"]*)"', text)
    }
    inner = {name for name in named if name.startswith("dispatch.")}
    ends = {
        "import.{row.state}": {"import.done", "import.failed"},
        "limit.{Level(row.level)}": {f"limit.{level}" for level in Level},
    }
    announced = {kind for name in named - inner for kind in ends.get(name, {name})}
    page = (root / "docs" / "developer" / "webhooks.md").read_text()

    assert announced == set(KINDS)
    assert set(re.findall(r"^\| `([a-z]+\.[a-z]+)` \|", page, re.MULTILINE)) == {*KINDS, TEST}


# --- what is sent --------------------------------------------------------------------------------


def test_an_event_is_one_signed_call_for_each_webhook_that_wants_its_kind(
    account: Account, receiver: Receiver
) -> None:
    _, secret = webhook(account, receiver.url("/one"))
    webhook(account, receiver.url("/two"), "import.done", KIND)
    webhook(account, receiver.url("/three"), "import.done")
    webhook(factories.make_account(), receiver.url("/stranger"))
    happens(account)
    assert sending.send_due()
    assert not sending.send_due()

    assert [len(receiver.at(path)) for path in ("/one", "/two", "/three", "/stranger")] == [
        1,
        1,
        0,
        0,
    ]
    (request,) = receiver.at("/one")
    told = verified(request, secret)
    assert told["type"] == KIND
    assert told["data"] == {"list": "lst_x"}
    assert datetime.fromisoformat(told["timestamp"]) <= datetime.now(tz=UTC)
    call = Call.objects.get(endpoint__url=receiver.url("/one"))
    assert request.headers["webhook-id"] == call.public_id
    assert request.body == call.body.encode()
    assert (call.state, call.status, call.attempts) == ("delivered", 200, 1)
    with pytest.raises(WebhookVerificationError):
        verified(request, services.create(SYSTEM, account, url=receiver.url(), kinds=[KIND])[1])


def test_handling_an_event_twice_makes_no_second_call(account: Account, receiver: Receiver) -> None:
    webhook(account, receiver.url())
    happens(account)
    Event.objects.update(handled_at=None)
    while events.handle_some():
        pass
    assert Call.objects.count() == 1


def test_letters_of_any_script_are_signed_as_they_are_sent(
    account: Account, receiver: Receiver
) -> None:
    _, secret = webhook(account, receiver.url(), "campaign.status")
    name = "Größe – 東京 🚀 </script>\u2028"
    happens(account, "campaign.status", campaign={"id": "cmp_x", "name": name})
    sending.send_due()

    assert verified(receiver.requests[0], secret)["data"]["campaign"]["name"] == name


def test_after_a_rotation_both_secrets_sign_for_a_day(
    account: Account, receiver: Receiver, clock: time_machine.Traveller
) -> None:
    endpoint, old = webhook(account, receiver.url())
    _, new = services.rotate_secret(SYSTEM, endpoint)
    happens(account)
    sending.send_due()
    verified(receiver.requests[0], old)
    verified(receiver.requests[0], new)

    clock.shift(DAY)
    happens(account)
    sending.send_due()
    verified(receiver.requests[1], new)
    with pytest.raises(WebhookVerificationError):
        verified(receiver.requests[1], old)


def test_a_secret_is_sealed_and_bound_to_its_webhook(account: Account, receiver: Receiver) -> None:
    endpoint, secret = webhook(account, receiver.url("/one"))
    other, _ = webhook(account, receiver.url("/two"))
    assert secret not in endpoint.secret
    Endpoint.objects.filter(pk=other.pk).update(secret=endpoint.secret)
    happens(account)
    sending.send_due()

    assert len(receiver.at("/one")) == 1
    assert not receiver.at("/two")
    assert "secret cannot be opened" in Call.objects.get(endpoint=other).problem


def test_cookies_of_one_tenants_receiver_are_not_carried_to_another(
    account: Account, receiver: Receiver
) -> None:
    receiver.replies["/"] = Reply(headers={"Set-Cookie": "who=harbour; Path=/"})
    webhook(account, receiver.url())
    for _ in range(4):
        happens(account)
    sending.send_due()

    assert len(receiver.requests) == 4
    assert not any("Cookie" in request.headers for request in receiver.requests)


# --- when it fails -------------------------------------------------------------------------------


def test_a_failed_call_is_made_again_with_growing_delays_for_a_day_and_the_same_id(
    account: Account, receiver: Receiver, clock: time_machine.Traveller
) -> None:
    receiver.replies["/"] = Reply(500, body=b"it hurts")
    endpoint, secret = webhook(account, receiver.url())
    happens(account)
    delays = []
    while sending.send_due():
        verified(receiver.requests[-1], secret)
        call = only_call()
        if call.next_attempt_at is None:
            break
        delays.append(call.next_attempt_at - datetime.now(tz=UTC))
        assert not sending.send_due()
        clock.move_to(call.next_attempt_at)

    planned = zip(schedule.DELAYS, delays, strict=True)
    assert all(at_least <= delay <= at_least * 1.1 for at_least, delay in planned)
    assert DAY < sum(delays, timedelta()) < 32 * HOUR
    assert {(one.headers["webhook-id"], one.body) for one in receiver.requests} == {
        (call.public_id, call.body.encode())
    }
    assert (call.state, call.attempts, call.status) == ("failed", 8, 500)
    assert CallAttempt.objects.filter(excerpt="it hurts").count() == 8
    endpoint.refresh_from_db()
    assert endpoint.is_on
    assert endpoint.failing_since == NOON


@pytest.mark.parametrize(
    ("header", "at_least"),
    [
        ("3600", HOUR),
        ("Sun, 22 Nov 2026 14:00:00 GMT", 2 * HOUR),
        ("999999999999", schedule.LONGEST_WISH),
        ("0", schedule.DELAYS[0]),
        ("Sun, 22 Nov 2020 14:00:00 GMT", schedule.DELAYS[0]),
        ("soon", schedule.DELAYS[0]),
    ],
)
def test_retry_after_is_honoured_within_bounds(
    account: Account,
    receiver: Receiver,
    clock: time_machine.Traveller,
    header: str,
    at_least: timedelta,
) -> None:
    receiver.replies["/"] = Reply(429, headers={"Retry-After": header})
    webhook(account, receiver.url())
    happens(account)
    sending.send_due()

    again = only_call().next_attempt_at
    assert again is not None
    assert at_least <= again - NOON <= at_least * 1.1


def test_a_success_ends_the_failing(
    account: Account, receiver: Receiver, clock: time_machine.Traveller
) -> None:
    receiver.replies["/"] = Reply(503)
    endpoint, _ = webhook(account, receiver.url())
    happens(account)
    sending.send_due()
    receiver.replies.clear()
    clock.shift(timedelta(minutes=1))
    sending.send_due()

    endpoint.refresh_from_db()
    assert endpoint.failing_since is None
    assert endpoint.answer == "It answered 200."
    assert only_call().state == "delivered"


def test_after_three_days_of_failures_it_is_switched_off_and_its_people_are_told(
    account: Account, owner: User, clock: time_machine.Traveller
) -> None:
    endpoint, _ = webhook(account, f"http://127.0.0.1:{closed_port()}/")
    hours = 0
    while endpoint.is_on:
        if hours % 6 == 0:
            happens(account)
        while sending.send_due():
            pass
        clock.shift(HOUR)
        hours += 1
        endpoint.refresh_from_db()
        assert hours < 120

    assert 72 <= hours <= 84
    assert not Call.objects.filter(state="pending").exists()
    notice = Notice.objects.get()
    assert notice.subject == "A webhook of Harbour Books was switched off"
    assert endpoint.url in notice.text
    assert f"/settings/webhooks/{endpoint.public_id}/" in notice.text
    calls = Call.objects.count()
    happens(account)
    assert Call.objects.count() == calls


def test_gone_switches_it_off_at_once(account: Account, owner: User, receiver: Receiver) -> None:
    receiver.replies["/"] = Reply(410)
    endpoint, _ = webhook(account, receiver.url())
    for _ in range(3):
        happens(account)
    sending.send_due()

    endpoint.refresh_from_db()
    assert not endpoint.is_on
    assert "410" in endpoint.reason
    assert set(Call.objects.values_list("state", flat=True)) == {"failed"}
    assert Notice.objects.count() == 1


def test_a_redirect_is_not_followed(account: Account, receiver: Receiver) -> None:
    receiver.replies["/"] = Reply(302, headers={"Location": receiver.url("/elsewhere")})
    webhook(account, receiver.url())
    happens(account)
    sending.send_due()

    assert not receiver.at("/elsewhere")
    assert "not followed" in only_call().problem


def test_of_a_huge_answer_little_is_read_and_no_control_character_kept(
    account: Account, receiver: Receiver
) -> None:
    receiver.replies["/"] = Reply(200, body=b"\x00\x1b[31mred\xff" + b"x" * 10_000_000)
    webhook(account, receiver.url())
    happens(account)
    sending.send_due()

    attempt = CallAttempt.objects.get()
    assert only_call().state == "delivered"
    assert attempt.excerpt.startswith(" [31mred�xxx")
    assert len(attempt.excerpt) == 1000


def test_who_said_200_and_then_dawdles_has_taken_it(
    account: Account, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("posthouse.webhooks.posting._BODY_SECONDS", 0.1)
    end = threading.Event()
    receiver.replies["/"] = Reply(200, body=b"well", after=end.wait)
    webhook(account, receiver.url())
    happens(account)
    sending.send_due()
    end.set()

    assert only_call().state == "delivered"
    assert CallAttempt.objects.get().excerpt == "well"


@pytest.mark.parametrize("kind_of_trouble", ["nobody listens", "not HTTP", "a late answer"])
def test_trouble_is_told_in_words(
    account: Account,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    kind_of_trouble: str,
) -> None:
    end = threading.Event()
    url, words = {
        "nobody listens": (f"http://127.0.0.1:{closed_port()}/", "No connection"),
        "not HTTP": (receiver.url("/odd"), "It did not speak HTTP"),
        "a late answer": (receiver.url("/late"), "No answer within 0 seconds."),
    }[kind_of_trouble]
    receiver.replies["/odd"] = Reply(headers={"Content-Length": "x\r\n\r\n", "A\x00": "b"})
    if kind_of_trouble == "a late answer":
        receiver.replies["/late"] = Reply(before=end.wait)
        monkeypatch.setattr("posthouse.webhooks.posting.SECONDS", 0.2)
    webhook(account, url)
    happens(account)
    sending.send_due()
    end.set()

    assert only_call().problem.startswith(words)
    assert only_call().state == "pending"


# --- F18 -----------------------------------------------------------------------------------------


def test_a_slow_webhook_delays_no_other(account: Account, receiver: Receiver) -> None:
    """The slow ones hang until the fast ones have been told of everything."""
    told = threading.Event()
    receiver.replies["/slow"] = Reply(before=lambda: told.wait(20))
    webhook(account, receiver.url("/slow"))
    fast, _ = webhook(factories.make_account(), receiver.url("/fast"))
    for _ in range(300):
        happens(account)  # a backlog that is due before all others
    for _ in range(20):
        happens(fast.account)

    def release() -> None:
        receiver.wait_for("/fast", 20)
        told.set()

    waiter = threading.Thread(target=release)
    waiter.start()
    sending.send_due(lambda: not told.is_set())
    waiter.join()

    assert len(receiver.at("/fast")) == 20
    assert len(receiver.at("/slow")) == claims.OF_ENDPOINT


def test_one_account_does_not_take_all_the_room(account: Account) -> None:
    for number in range(10):
        webhook(account, f"http://127.0.0.1/{number}")
    other, _ = webhook(factories.make_account(), "http://127.0.0.1/other")
    for _ in range(30):
        happens(account)
    happens(other.account)
    taken = claims.take(())

    assert sum(one.account == account.pk for one in taken) == claims.OF_ACCOUNT
    assert sum(one.account == other.account.pk for one in taken) == 1
    assert claims.take(taken) == []


# --- workers that die ----------------------------------------------------------------------------


def test_a_worker_that_dies_leaves_its_calls_due_again_and_its_late_answer_counts_for_nothing(
    account: Account, receiver: Receiver, clock: time_machine.Traveller
) -> None:
    from posthouse.webhooks.posting import Answer
    from posthouse.webhooks.settling import settle

    webhook(account, receiver.url())
    happens(account)
    (lost,) = claims.take(())
    assert claims.take(()) == []
    assert not sending.send_due()
    clock.shift(claims.LEASE)
    assert sending.send_due()
    settle(lost, Answer(5, status=500))

    assert (only_call().state, only_call().attempts) == ("delivered", 2)
    assert [one.headers["webhook-id"] for one in receiver.requests] == [lost.message_id]
    assert CallAttempt.objects.count() == 1


def test_when_it_is_told_to_stop_what_is_under_way_comes_to_its_end(
    account: Account, receiver: Receiver
) -> None:
    webhook(account, receiver.url())
    for _ in range(5):
        happens(account)
    assert sending.send_due(lambda: False)

    assert Call.objects.filter(state="delivered").count() == claims.OF_ENDPOINT
    assert Call.objects.filter(state="pending", attempts=0).count() == 5 - claims.OF_ENDPOINT


# --- a person's part -----------------------------------------------------------------------------


def test_a_call_that_ended_is_made_again_with_the_same_id_and_a_waiting_one_is_not(
    account: Account, receiver: Receiver
) -> None:
    endpoint, _ = webhook(account, receiver.url())
    happens(account)
    with pytest.raises(StillWaiting):
        services.redeliver(SYSTEM, only_call())
    sending.send_due()
    services.redeliver(SYSTEM, only_call())
    sending.send_due()
    assert len({one.headers["webhook-id"] for one in receiver.requests}) == 1
    assert len(receiver.requests) == 2

    services.switch_off(SYSTEM, endpoint)
    with pytest.raises(SwitchedOff):
        services.redeliver(SYSTEM, only_call())
    with pytest.raises(SwitchedOff):
        services.send_test(SYSTEM, endpoint)


def test_a_test_is_tried_once(account: Account, receiver: Receiver) -> None:
    receiver.replies["/"] = Reply(500)
    endpoint, secret = webhook(account, receiver.url())
    services.send_test(SYSTEM, endpoint)
    sending.send_due()

    assert verified(receiver.requests[0], secret)["data"] == {"webhook": endpoint.public_id}
    assert only_call().state == "failed"


def test_what_failed_while_it_was_down_is_sent_again_all_at_once(
    account: Account, receiver: Receiver
) -> None:
    endpoint, _ = webhook(account, receiver.url())
    for number in range(3):
        happens(account, list=f"lst_{number}")
    services.switch_off(SYSTEM, endpoint)
    services.switch_on(SYSTEM, endpoint)
    assert services.redeliver_failed(SYSTEM, endpoint) == 3
    sending.send_due()

    lists = {json.loads(one.body)["data"]["list"] for one in receiver.requests}
    assert lists == {"lst_0", "lst_1", "lst_2"}


def test_the_history_is_kept_for_thirty_days(
    account: Account, receiver: Receiver, clock: time_machine.Traveller
) -> None:
    webhook(account, receiver.url())
    happens(account)
    sending.send_due()
    assert not sending.forget_old()
    clock.shift(sending.KEPT_FOR + HOUR)
    assert sending.forget_old()
    assert not CallAttempt.objects.exists()
