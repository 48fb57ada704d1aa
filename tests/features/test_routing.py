"""Which server and identity mail takes: what is explained is what an engine then does."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client, override_settings
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from posthouse.accounts import access
from posthouse.accounts import services as accounts
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account, User, UserGroup
from posthouse.cli.app import app
from posthouse.core.channels import Channel
from posthouse.deliveries import outbox, turns
from posthouse.deliveries.explaining import Ending, Explanation, explain, explain_dispatch
from posthouse.deliveries.fan_out import fan_out_next
from posthouse.deliveries.models import Dispatch, Quota
from posthouse.deliveries.route import SenderChoice
from posthouse.domains.models import SenderDomain
from posthouse.servers import services
from posthouse.servers.choosing import server_in_rows
from posthouse.servers.errors import ServerInUse
from posthouse.servers.models import DeliveryServer, SendMethod
from posthouse.servers.queries import badges
from tests.sending import make_domain, make_sending, make_server

RELAYS = ("EU relay", "Own IP", "House relay")
MARKETING = Channel.MARKETING

# ------------------------------------------------------------------- the engine does what is said

RELAY = st.sampled_from(RELAYS)
WORLDS = st.fixed_dictionaries(
    {
        "allocations": st.dictionaries(
            st.tuples(st.sampled_from(["group", "account"]), st.sampled_from(list(Channel))), RELAY
        ),
        "send_method": st.sampled_from(["system", "nothing"]) | RELAY,
        "system": st.sampled_from(["", "Nobody's relay"]) | RELAY,
        "paused": st.sets(RELAY, max_size=1),
        "enforced": st.sets(RELAY, max_size=1),
        "whole_address": st.sets(RELAY, max_size=1),
        "domain": st.sampled_from(SenderDomain.Status.values),
        "managed": st.booleans(),
        "suspended": st.sampled_from([False, False, False, True]),
        "used": st.sampled_from([0, 4, 5]),  # of a limit of five recipients
    }
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(world=WORLDS)
def test_an_engine_does_what_the_explanation_says(account: Account, world: dict[str, Any]) -> None:
    with access.across_tenants(), transaction.atomic():
        with override_settings(SYSTEM_SERVER=world["system"]):
            dispatch = _set_up(account, world)
            said = explain_dispatch(dispatch)
            _check(said, outbox.claim_next("engine-1", 1), dispatch)
        transaction.set_rollback(True)


def _set_up(account: Account, world: dict[str, Any]) -> Dispatch:
    sending = make_sending(account, members=1)
    account.allocations.all().delete()
    relays = {name: make_server(name=name, **_quirks(name, world)) for name in RELAYS}
    for (owner, channel), name in world["allocations"].items():
        services.allocate(
            SYSTEM, relays[name], channel, account if owner == "account" else account.group
        )
    method = world["send_method"]
    services.set_send_method(
        SYSTEM, account.group, "server" if method in relays else method, relays.get(method)
    )
    UserGroup.objects.filter(pk=account.group_id).update(sender_domain_management=world["managed"])
    dispatch = sending.dispatch()
    while fan_out_next():
        pass
    accounts.change_account(SYSTEM, account, lifetime_limit=5)
    Quota.objects.create(account=account, kind="lifetime", period="ever", cap=5, used=world["used"])
    SenderDomain.objects.filter(pk=sending.domain.pk).update(status=world["domain"])
    if world["suspended"]:
        Account.objects.filter(pk=account.pk).update(status=Account.Status.SUSPENDED)
    rows = Dispatch.objects.select_related("account__group", "sender_domain")
    return rows.get(pk=dispatch.pk)


def _quirks(name: str, world: dict[str, Any]) -> dict[str, object]:
    tomorrow = timezone.now() + timedelta(days=1)
    return {
        **({"paused_until": tomorrow, "paused_reason": "rest"} if name in world["paused"] else {}),
        **({"enforced_from": "all@house.example"} if name in world["enforced"] else {}),
        **({"mfrom_domain": "box@house.example"} if name in world["whole_address"] else {}),
    }


def _check(said: Explanation, claim: outbox.Claim | None, dispatch: Dispatch) -> None:
    dispatch.refresh_from_db()
    if said.ending is Ending.LEAVES:
        assert claim is not None
        route = claim.route
        assert (said.server, said.from_address, said.return_path) == (
            DeliveryServer.objects.get(pk=route.server_id).name,
            route.identity.from_address,
            route.identity.mfrom,
        )
        assert said.reasons[:-1] == route.reasons
        return
    assert claim is None
    row = Dispatch.objects.annotate(leaves_by=server_in_rows()).get(pk=dispatch.pk)
    if row.leaves_by in turns.resting(()):
        assert dispatch.state == "running"  # engines come to it once its server has rested
        return
    states = {Ending.WAITS: {"running", "held"}, Ending.REFUSED: {"paused", "pausing"}}
    assert dispatch.state in states[said.ending]
    why = re.sub("^Marketing mail (does not leave|waits)[.:] ", "", said.conclusion)
    assert why in dispatch.reason or dispatch.state == "running"  # a rest is not the dispatch's


# ------------------------------------------------------------------------------ the fallback steps


@pytest.fixture
def relays(db: None) -> dict[str, DeliveryServer]:
    return {name: make_server(name=name) for name in RELAYS}


def explained(account: Account) -> Explanation:
    with access.across_tenants():
        domain = SenderDomain.objects.filter(account=account).first() or make_domain(account)
        return explain(account, MARKETING, SenderChoice("", "news", domain))


@pytest.mark.usefixtures("relays")
def test_a_group_without_servers_falls_back_to_the_installations(account: Account) -> None:
    assert explained(account).ending is Ending.REFUSED

    with override_settings(SYSTEM_SERVER="House relay"):
        found = explained(account)
    assert found.server == "House relay"
    assert found.reasons[:4] == (
        "The account names no delivery server for marketing mail.",
        "The user group names no delivery server for marketing mail.",
        "The user group's send method is System, the installation's.",
        "The installation names House relay for mail without one of its own.",
    )


def test_a_wrong_name_in_the_settings_stops_mail_and_says_so(account: Account) -> None:
    with override_settings(SYSTEM_SERVER="Misspelt relay"):
        found = explained(account)
    assert found.ending is Ending.REFUSED
    assert "no longer in use" in found.reasons[-1]


def test_a_groups_send_method_goes_before_the_installations(
    account: Account, relays: dict[str, DeliveryServer]
) -> None:
    services.set_send_method(SYSTEM, account.group, "server", relays["EU relay"])
    with override_settings(SYSTEM_SERVER="House relay"):
        assert explained(account).server == "EU relay"
        services.set_send_method(SYSTEM, account.group, "nothing")
        assert explained(account).ending is Ending.REFUSED
        services.set_send_method(SYSTEM, account.group, "system")
        assert explained(account).server == "House relay"


def test_a_server_that_others_fall_back_to_is_in_use(
    group: UserGroup, relays: dict[str, DeliveryServer]
) -> None:
    services.set_send_method(SYSTEM, group, "server", relays["EU relay"])
    assert badges(relays["EU relay"])[0].words == "Agencies"
    with pytest.raises(ServerInUse, match=r"the group Agencies \(send method\)"):
        services.delete(SYSTEM, relays["EU relay"])
    with override_settings(SYSTEM_SERVER="House relay"):
        with pytest.raises(ServerInUse, match="the installation"):
            services.delete(SYSTEM, relays["House relay"])
        with pytest.raises(ValidationError, match="POSTHOUSE_SYSTEM_SERVER"):
            services.change(SYSTEM, relays["House relay"], name="Another name")


@pytest.mark.usefixtures("relays")
def test_a_method_that_names_no_server_is_refused(group: UserGroup) -> None:
    with pytest.raises(ValidationError, match="Choose the delivery server"):
        services.set_send_method(SYSTEM, group, "server")
    assert not SendMethod.objects.exists()


# ------------------------------------------------------------------------- the same text everywhere


def test_page_api_and_command_say_the_same(
    account: Account,
    boss: User,
    relays: dict[str, DeliveryServer],
    client_of: Callable[[User], Client],
    api_of: Callable[..., Client],
) -> None:
    services.allocate(SYSTEM, relays["Own IP"], MARKETING, account)
    with access.across_tenants():
        domain = make_domain(account, "mail.harbour.example")
    said = explained(account)
    asked = {"from": f"news@{domain.name}", "channel": "marketing"}

    answer = api_of(account).get("/api/v1/route", asked).json()
    assert (answer["ending"], answer["server"]) == ("leaves", "Own IP")
    assert (answer["conclusion"], tuple(answer["reasons"])) == (said.conclusion, said.reasons)

    address = f"/operator/accounts/{account.public_id}/route/"
    page = client_of(boss).get(address, {"sender": asked["from"], "channel": "marketing"})
    for sentence in (*said.reasons, said.conclusion):
        assert sentence.replace("'", "&#x27;") in page.content.decode()
    assert client_of(boss).get(address).context["explanation"] == said

    options = ["explain", "--account", account.slug, "--from", asked["from"]]
    shell = CliRunner().invoke(app, options)
    assert (shell.exit_code, shell.output.strip()) == (0, said.text)
    assert json.loads(CliRunner().invoke(app, [*options, "--json"]).output) == answer


def test_a_foreign_domain_is_not_a_domain_of_the_account(
    account: Account, other_account: Account, api_of: Callable[..., Client]
) -> None:
    with access.across_tenants():
        foreign = make_domain(other_account, "mail.rival.example")
        services.allocate(SYSTEM, make_server(), MARKETING, account)
    answer = api_of(account).get("/api/v1/route", {"from": f"news@{foreign.name}"}).json()
    assert answer["ending"] == "refused"
    assert "Choose an Enabled sender domain" in answer["conclusion"]


def test_a_group_chooses_its_send_method_on_its_page(
    boss: User,
    group: UserGroup,
    relays: dict[str, DeliveryServer],
    client_of: Callable[[User], Client],
) -> None:
    browser, address = client_of(boss), f"/operator/groups/{group.public_id}/routing/"
    chosen = relays["EU relay"].public_id
    assert browser.post(address, {"send_method": chosen}).status_code == 302
    assert SendMethod.objects.get(group=group).server == relays["EU relay"]
    used = browser.get(f"/operator/servers/{chosen}/use/").content.decode()
    assert "Only for the rest" in used
    assert "Not Allocated" not in used
    browser.post(address, {"send_method": "nothing"})
    assert SendMethod.objects.get(group=group).server is None
    assert browser.post(address, {"send_method": "carrier pigeon"}).status_code == 200
