"""Whose turn it is: fair shares between accounts, and nobody waits behind what cannot leave now."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from posthouse.accounts import access
from posthouse.accounts.models import Account
from posthouse.core.channels import Channel
from posthouse.deliveries import outbox, turns
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.fan_out import fan_out_next
from posthouse.deliveries.models import Batch, Dispatch
from posthouse.deliveries.route import RouteRefused, resolve
from posthouse.servers import pauses
from posthouse.servers.choosing import server_in_rows
from posthouse.servers.models import Allocation, DeliveryServer, SendMethod
from tests.factories import make_account
from tests.sending import Sending, make_sending, make_server


@pytest.fixture(autouse=True)
def everywhere(settings: pytest.FixtureRequest, db: None) -> Iterator[None]:
    settings.BATCH_SIZE = 2
    with access.across_tenants():
        yield


def fan_out() -> None:
    while fan_out_next():
        pass


def claimed_accounts(count: int, busy: tuple[int, ...] = ()) -> list[int]:
    claims = [outbox.claim_next("engine-1", token, busy) for token in range(1, count + 1)]
    return [claim.account_id for claim in claims if claim]


def backlog(sending: Sending, dispatches: int) -> None:
    """So many dispatches of one message each, ready to be claimed, in three statements."""
    first = sending.dispatch()
    fan_out()
    rows = Dispatch.objects.bulk_create(
        Dispatch(
            account=sending.account,
            channel=first.channel,
            origin=first.origin,
            content=first.content,
            from_local=first.from_local,
            sender_domain=first.sender_domain,
            list_ids=first.list_ids,
            fanned_out=True,
        )
        for _ in range(dispatches - 1)
    )
    Batch.objects.bulk_create(Batch(account=sending.account, dispatch=row, size=1) for row in rows)


def test_one_dispatch_is_not_starved_by_an_account_with_a_thousand(account: Account) -> None:
    backlog(make_sending(account, members=2), 1_000)
    other = make_sending(make_account(group=account.group), members=20)
    other.dispatch()
    fan_out()
    order = claimed_accounts(20)

    assert Counter(order) == {account.pk: 10, other.account.pk: 10}
    assert all(one != next_one for one, next_one in pairwise(order))


def test_three_accounts_share_evenly_however_many_dispatches_each_has(account: Account) -> None:
    accounts = [account, *(make_account(group=account.group) for _ in range(2))]
    for each, dispatches in zip(accounts, (1, 3, 9), strict=True):
        sending = make_sending(each, members=20)
        for _ in range(dispatches):
            sending.dispatch()
    fan_out()

    assert Counter(claimed_accounts(18)) == {each.pk: 6 for each in accounts}


def test_what_goes_first_goes_first_whoever_had_a_turn(account: Account) -> None:
    sending = make_sending(account, members=4)
    other = make_sending(make_account(group=account.group), members=4)
    other.dispatch()
    urgent = sending.dispatch()
    Dispatch.objects.filter(pk=urgent.pk).update(priority=20)
    fan_out()

    assert claimed_accounts(4) == [account.pk, account.pk, other.account.pk, other.account.pk]


@pytest.mark.parametrize("why", ["paused", "busy"])
def test_hundreds_that_wait_for_a_server_hide_nobody(account: Account, why: str) -> None:
    waiting = make_sending(account, members=2)
    backlog(waiting, 150)
    other = make_sending(make_account(group=account.group), members=2)
    other.dispatch()
    fan_out()
    if why == "paused":
        pauses.pause(waiting.server.pk, "421 Too many connections", database_now())
    busy = (waiting.server.pk,) if why == "busy" else ()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        claim = outbox.claim_next("engine-1", 1, busy)

    assert claim is not None
    assert claim.account_id == other.account.pk
    assert (
        sum("EXISTS" in query["sql"] and "last_claim_at" in query["sql"] for query in queries) < 4
    )
    assert claimed_accounts(3, busy) == [other.account.pk]  # the same token: its batch again
    assert Dispatch.objects.filter(account=account, state="running").count() == 150


def test_a_server_that_others_share_may_rest_while_a_dedicated_one_works(account: Account) -> None:
    theirs, ours = make_sending(account, 2), make_sending(make_account(group=account.group), 2)
    Allocation.objects.filter(account=ours.account).delete()
    Allocation.objects.create(group=account.group, channel=Channel.MARKETING, server=ours.server)
    theirs.dispatch()
    ours.dispatch()
    fan_out()
    pauses.pause(ours.server.pk, "421 Too many connections", database_now())

    assert claimed_accounts(2) == [account.pk]


def test_an_account_that_can_send_nothing_keeps_nobody_waiting(account: Account) -> None:
    """Its dispatches pause with the reason, some in each claim, after everybody else was served."""
    backlog(make_sending(account, members=2), 120)
    Account.objects.filter(pk=account.pk).update(status=Account.Status.SUSPENDED)
    other = make_sending(make_account(group=account.group), members=4)
    other.dispatch()
    fan_out()

    assert claimed_accounts(2) == [other.account.pk] * 2
    for token in range(3, 7):
        assert outbox.claim_next("engine-1", token) is None
    theirs = Dispatch.objects.filter(account=account)
    assert theirs.filter(state="paused", reason__contains="suspended").count() == 120


def test_a_retired_server_pauses_its_mail_also_while_another_one_rests(account: Account) -> None:
    sending = make_sending(account, members=2)
    DeliveryServer.objects.update(retired_at=database_now())
    resting = make_server(paused_until=database_now().replace(year=2999))
    dispatch = sending.dispatch()
    fan_out()
    assert turns.resting(()) == {resting.pk}

    assert claimed_accounts(1) == []
    dispatch.refresh_from_db()
    assert dispatch.state == Dispatch.State.PAUSED
    assert "no longer in use" in dispatch.reason


def test_a_full_account_keeps_nobody_waiting_and_tries_again_who_counts(account: Account) -> None:
    """At its limit by claims that are not settled: its thousand wait, its retries do not."""
    Account.objects.filter(pk=account.pk).update(daily_limit=2)
    account.refresh_from_db()
    sending = make_sending(account, members=2)
    sending.dispatch()
    fan_out()
    held = outbox.claim_next("engine-1", 99)
    assert held is not None
    assert len(held.parcels) == 2
    for _ in range(60):
        sending.dispatch()
    other = make_sending(make_account(group=account.group), members=2)
    other.dispatch()
    fan_out()
    with CaptureQueriesContext(connection) as queries:
        found = outbox.claim_next("engine-1", 1)

    assert found is not None
    assert found.account_id == other.account.pk
    assert len(queries) < 60
    assert outbox.claim_next("engine-1", 2) is None
    assert Dispatch.objects.filter(account=account, state="running").count() == 61


@pytest.mark.parametrize("channel", list(Channel))
def test_rows_and_route_choose_the_same_server(account: Account, channel: Channel) -> None:
    sending = make_sending(account, members=1)
    shared = make_server()
    Allocation.objects.create(group=account.group, channel=Channel.MARKETING, server=shared)
    Allocation.objects.create(group=account.group, channel=Channel.TRANSACTIONAL, server=shared)
    dispatch = sending.dispatch()
    Dispatch.objects.filter(pk=dispatch.pk).update(channel=channel)
    row = Dispatch.objects.annotate(leaves_by=server_in_rows()).get(pk=dispatch.pk)
    try:
        chosen = resolve(row).server_id
    except RouteRefused:
        chosen = None

    assert row.leaves_by == chosen
    assert (chosen is None) == (channel == Channel.AUTORESPONDER)


@pytest.mark.parametrize("method", [None, *SendMethod.Method])
@pytest.mark.parametrize("system", ["", "System relay"])
def test_rows_and_route_take_the_same_send_method(
    account: Account, settings: LazySettings, method: SendMethod.Method | None, system: str
) -> None:
    settings.SYSTEM_SERVER = system
    dispatch = make_sending(account, members=1).dispatch()
    Allocation.objects.all().delete()
    of_system, of_group = (make_server(name=name) for name in ("System relay", "Group relay"))
    if method:
        server = of_group if method == SendMethod.Method.SERVER else None
        SendMethod.objects.create(group=account.group, method=method, server=server)
    row = Dispatch.objects.annotate(leaves_by=server_in_rows()).get(pk=dispatch.pk)
    by_system = of_system.pk if system else None

    try:
        chosen = resolve(row).server_id
    except RouteRefused:
        chosen = None
    assert row.leaves_by == chosen
    assert chosen == {"server": of_group.pk, "nothing": None}.get(str(method), by_system)
