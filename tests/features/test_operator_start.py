"""The operator's start page and ``posthouse check``: what is there, missing, moving, broken."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from typer.testing import CliRunner

from posthouse.accounts import access
from posthouse.accounts.models import Account, Notice, User, UserGroup
from posthouse.cli.app import app
from posthouse.core.channels import Channel
from posthouse.deliveries import engines, volume
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.fan_out import fan_out_next
from posthouse.deliveries.models import Dispatch, Engine, Quota
from posthouse.domains.models import DomainRecord, MasterCheck, SenderDomain
from posthouse.housekeeping import leases
from posthouse.http.live import STOP_ASKING
from posthouse.operations.checking import check
from posthouse.operations.checks import Check, Mark
from posthouse.servers.models import Allocation, DeliveryServer
from tests.factories import make_account, make_group, make_user
from tests.sending import Sending, make_domain, make_sending, make_server

PAGE_QUERIES, MOTION_QUERIES = 50, 20


@pytest.fixture(autouse=True)
def everywhere(db: None, settings: Any) -> Iterator[None]:
    settings.EMAIL_FILE_PATH = None
    with access.across_tenants():
        yield


@pytest.fixture
def browser(boss: User, client_of: Callable[[User], Client]) -> Client:
    return client_of(boss)


@pytest.fixture
def running(account: Account) -> Sending:
    """An installation that has sent, and that nothing is wrong with."""
    UserGroup.objects.update(daily_limit=1_000)
    sending = make_sending(account, members=3)
    DeliveryServer.objects.update(test_state=DeliveryServer.TestState.OK)
    Allocation.objects.create(group=account.group, channel=Channel.MARKETING, server=sending.server)
    MasterCheck.objects.create(findings=[{"check": "SPF", "state": "ok"}])
    engines.register("engine-1", "mail-1", 4321)
    leases.hold(leases.HOUSEKEEPING, "mail-1:1", seconds=3_600)
    dispatch = sending.dispatch()
    Dispatch.objects.filter(pk=dispatch.pk).update(state="done", fanned_out=True, accepted=3)
    return sending


def found(key: str) -> list[Check]:
    findings = check()
    return [one for one in (*findings.steps, *findings.others) if one.key == key]


def test_an_empty_installation_is_told_all_seven_steps(browser: Client) -> None:
    findings = check()
    text = browser.get(reverse("operator-home")).content.decode()

    assert [step.mark for step in findings.steps] == [Mark.FINE] + [Mark.MISSING] * 6
    assert findings.next_step is findings.steps[1]
    assert not findings.can_send
    assert all(step.sentence in text.replace("&#x27;", "'") for step in findings.steps[1:])
    assert text.count('aria-current="step"') == 1


def test_every_check_leads_to_a_page_that_is_there(browser: Client, running: Sending) -> None:
    break_everything(running)
    findings = check()
    pages = {one.url for one in (*findings.steps, *findings.others)}

    assert len(findings.attention) >= 12
    assert {browser.get(page).status_code for page in pages} == {200}


def test_where_all_is_well_nothing_is_asked_of_anybody(browser: Client, running: Sending) -> None:
    findings = check()
    text = browser.get(reverse("operator-home")).content.decode()

    assert findings.attention == []
    assert findings.can_send
    assert all(step.mark is Mark.FINE for step in findings.steps)
    assert "The first send" not in text
    assert "0 to look at" not in text


def break_everything(sending: Sending) -> None:
    """A trouble of every kind, one upon the other."""
    for trouble, _, _, _ in TROUBLES:
        trouble(sending)


def server(**values: object) -> Callable[[Sending], object]:
    return lambda sending: DeliveryServer.objects.filter(pk=sending.server.pk).update(**values)


def _waiting_notice(sending: Sending) -> object:
    return Notice.objects.create(
        account=sending.account, user=make_user(), due_at=database_now(), problem="550 no"
    )


def _broken_domain(sending: Sending) -> object:
    domain = make_domain(sending.account, status=SenderDomain.Status.PENDING)
    return DomainRecord.objects.create(
        account=sending.account,
        domain=domain,
        position=1,
        host=domain.name,
        type="TXT",
        value="v=spf1 -all",
        required=True,
        state=DomainRecord.State.WRONG,
    )


def _pending_domain(sending: Sending) -> object:
    return make_domain(sending.account, status=SenderDomain.Status.PENDING)


def _limit(sending: Sending) -> object:
    return Quota.objects.create(
        account=sending.account, kind="daily", period="d", cap=10, used=10, level="exceeded"
    )


def _shared(sending: Sending) -> object:
    return Allocation.objects.create(
        group=sending.account.group, channel=Channel.TRANSACTIONAL, server=sending.server
    )


def _templateless(_: Sending) -> object:
    return UserGroup.objects.update(campaign_dns_template="Gone")


def _unrouted(_: Sending) -> object:
    return make_account("Without a way out", make_group("Unrouted", daily_limit=5))


FAR = datetime(2099, 1, 1, tzinfo=UTC)
TROUBLES: list[tuple[Callable[[Sending], object], str, Mark, str]] = [
    (server(test_state="failed"), "server-test", Mark.TROUBLE, "failed its last"),
    (
        lambda _: make_server(encryption="starttls"),
        "server-use",
        Mark.ADVICE,
        "Not Allocated",
    ),
    (
        lambda _: make_server(encryption="starttls", verify_certificate=False),
        "encryption",
        Mark.ADVICE,
        "certificate is not checked",
    ),
    (
        lambda _: make_server(encryption="none", host="relay.example.net"),
        "encryption",
        Mark.ADVICE,
        "TLS is off",
    ),
    (
        server(paused_until=FAR, paused_reason="421 Too many connections"),
        "server-pause",
        Mark.TROUBLE,
        "421 Too many",
    ),
    (server(signing="here"), "signing-key", Mark.TROUBLE, "POSTHOUSE_DKIM_PRIVATE_KEY"),
    (_shared, "one-server-for-all", Mark.ADVICE, "shares a server"),
    (_unrouted, "group-routing", Mark.TROUBLE, "Unrouted has no delivery server"),
    (_templateless, "group-template", Mark.TROUBLE, "“Gone”"),
    (lambda _: UserGroup.objects.update(daily_limit=0), "high-limits", Mark.ADVICE, "no sending"),
    (_limit, "at-limit", Mark.TROUBLE, "held"),
    (_broken_domain, "domains-broken", Mark.TROUBLE, "1 wrong"),
    (_pending_domain, "domains-pending", Mark.ADVICE, "Approval Pending"),
    (_waiting_notice, "system-mail", Mark.TROUBLE, "550 no"),
    (
        lambda _: Engine.objects.update(last_error="421 4.7.0 Later"),
        "engine",
        Mark.TROUBLE,
        "421 4.7.0",
    ),
    (lambda _: Engine.objects.update(state="stopped"), "engines", Mark.TROUBLE, "nothing is deliv"),
    (
        lambda _: leases.let_go(leases.HOUSEKEEPING, "mail-1:1"),
        "engines",
        Mark.TROUBLE,
        "worker does not run",
    ),
    (
        lambda _: MasterCheck.objects.update(findings=[{"check": "DMARC", "state": "wrong"}]),
        "master-domain",
        Mark.TROUBLE,
        "DMARC",
    ),
    (
        server(retired_at=datetime(2026, 1, 1, tzinfo=UTC)),
        "server-use",
        Mark.TROUBLE,
        "is retired, but",
    ),
]


@pytest.mark.parametrize(("trouble", "key", "mark", "words"), TROUBLES)
def test_each_trouble_is_named_with_what_it_does(
    running: Sending, trouble: Callable[[Sending], object], key: str, mark: Mark, words: str
) -> None:
    trouble(running)

    assert any(one.mark is mark and words in one.sentence for one in found(key)), found(key)
    assert check().can_send == (mark is Mark.ADVICE)


def test_mail_into_a_folder_is_named(settings: Any, running: Sending) -> None:
    settings.EMAIL_FILE_PATH = "/var/posthouse/system-mail"
    assert "/var/posthouse/system-mail" in found("system-mail")[0].sentence


def test_the_page_asks_as_many_questions_however_much_there_is(
    browser: Client, running: Sending
) -> None:
    def asked(name: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            browser.get(reverse(name))
        return len(queries)

    before = {name: asked(name) for name in ("operator-home", "operator-motion")}
    for number in range(30):
        account = make_account(group=make_group(daily_limit=5))
        make_domain(account, status=SenderDomain.Status.PENDING)
        row = make_server()
        Allocation.objects.create(account=account, channel=Channel.MARKETING, server=row)
        engines.register(f"e{number}", "mail-1", number)
    after = {name: asked(name) for name in before}

    assert after == before
    assert after["operator-home"] <= PAGE_QUERIES
    assert after["operator-motion"] <= MOTION_QUERIES


def test_the_page_stops_asking_when_nothing_moves(browser: Client, running: Sending) -> None:
    address = reverse("operator-motion")
    assert browser.get(address).status_code == STOP_ASKING
    running.dispatch()
    fan_out_next()

    assert browser.get(address).status_code == 200


def test_volume_is_drawn_and_its_rows_are_a_click_away(browser: Client, running: Sending) -> None:
    for minutes in (0, 3, 30):
        moment = database_now() - timedelta(minutes=minutes)
        volume.count("engine-1", [("sending", "accepted", 1_234)], moment)
    text = browser.get(reverse("operator-home")).content.decode()
    page = browser.get(reverse("operator-operations:volume")).content.decode()

    assert "<polyline" in text
    assert "3,702" in text
    assert reverse("operator-operations:volume") in text
    assert "1,234" in page


def test_the_shell_says_the_same(browser: Client, running: Sending) -> None:
    runner = CliRunner()
    assert runner.invoke(app, ["check"]).exit_code == 0
    DeliveryServer.objects.update(test_state="failed")
    text = runner.invoke(app, ["check"])
    as_json = runner.invoke(app, ["check", "--json"])

    assert text.exit_code == as_json.exit_code == 1
    assert found("server-test")[0].sentence in text.output
    assert '"can_send": false' in as_json.output
