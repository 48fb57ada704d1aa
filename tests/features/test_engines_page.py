"""The operator's page of engines and queue: states, what waits, what is in motion."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from posthouse.accounts import access
from posthouse.accounts.models import Account, User
from posthouse.deliveries import engines, queries
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.engines import GONE_AFTER
from posthouse.deliveries.fan_out import fan_out_next
from posthouse.deliveries.models import Batch, Dispatch, Engine
from posthouse.operations.queries import standing
from tests.sending import make_sending

pytestmark = pytest.mark.django_db


def engine(name: str, *, silent: timedelta = timedelta(), **values: object) -> None:
    """An engine that said so much of itself, so long ago."""
    engines.register(name, "mail-1", 4321)
    moment = database_now() - silent
    Engine.objects.filter(name=name).update(heartbeat_at=moment, **values)


def page_of(client: Client) -> str:
    return text_of(client, reverse("operator-operations:engines"))


def text_of(client: Client, address: str) -> str:
    """The words of a page as a person sees them."""
    html = client.get(address).content.decode().partition("<main")[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


def test_each_engine_shows_the_state_that_it_is_really_in(
    boss: User, client_of: Callable[[User], Client]
) -> None:
    engine("a-runs", workers=3, rate=120.0, memory=50_000_000)
    engine("b-drains", state=Engine.State.DRAINING)
    engine("c-stopped", state=Engine.State.STOPPED, silent=2 * GONE_AFTER)
    engine("d-silent", silent=GONE_AFTER + timedelta(seconds=1), rate=99.0)
    states = {line.engine.name: line.state for line in queries.engines()}
    assert states == {
        "a-runs": "running",
        "b-drains": "draining",
        "c-stopped": "stopped",
        "d-silent": "not answering",
    }
    text = page_of(client_of(boss))
    assert "mail-1, process 4321" in text
    assert "120 msg/s" in text
    assert "50.0 MB" in text
    assert "99 msg/s" not in text  # the last words of the dead are no news
    for word in ("Running", "Draining", "Stopped", "Not answering"):
        assert word in text


def test_engines_in_trouble_stand_on_the_overview(
    boss: User, client_of: Callable[[User], Client]
) -> None:
    engine("well")
    engine("weak", last_error="421 4.7.0 Try again later")
    engine("gone", silent=2 * GONE_AFTER)
    text = text_of(client_of(boss), reverse("operator-home"))
    assert "421 4.7.0 Try again later" in text
    assert "gone mail-1" in text
    assert "well mail-1" not in text


def test_the_queue_counts_what_waits_in_each_channel(account: Account) -> None:
    with access.across_tenants():
        dispatch = make_sending(account, members=7).dispatch()
        fan_out_next()
        Batch.objects.update(created_at=database_now() - timedelta(minutes=5))
        Dispatch.objects.update(pending=4, sending=2, deferred=1)
        marketing, transactional, _ = queries.queue()
        assert marketing.channel == "marketing"
        assert (marketing.batches, marketing.pending) == (1, 4)
        assert (marketing.sending, marketing.deferred) == (2, 1)
        assert marketing.waited is not None
        assert timedelta(minutes=5) <= marketing.waited < timedelta(minutes=6)
        assert (transactional.batches, transactional.waited) == (0, None)
        Dispatch.objects.filter(pk=dispatch.pk).update(state=Dispatch.State.PAUSED)
        assert queries.queue()[0].batches == 0


def test_what_is_in_motion_is_named_with_its_account(
    account: Account, boss: User, client_of: Callable[[User], Client]
) -> None:
    with access.across_tenants():
        dispatch = make_sending(account, members=3).dispatch()
        fan_out_next()
        assert standing().in_motion == 1
    text = page_of(client_of(boss))
    assert f"{dispatch}" in text
    assert account.name in text
    assert "Waiting 3" in text


def test_an_installation_without_engines_is_told_what_to_do(
    boss: User, client_of: Callable[[User], Client]
) -> None:
    text = page_of(client_of(boss))
    assert "No engine has shown itself yet" in text
    assert "./run up --engines 2" in text
    assert "Nothing is being sent" in text


def test_the_moving_part_is_always_asked_for_again(
    boss: User, client_of: Callable[[User], Client]
) -> None:
    response = client_of(boss).get(reverse("operator-operations:engines-now"))
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert b"<html" not in response.content
