"""A server in use is not deleted, and says by what; it retires, and its mail moves or stops."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client, override_settings
from django.urls import reverse

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account, AuditRecord, User, UserGroup
from posthouse.core.channels import Channel
from posthouse.deliveries import outbox
from posthouse.deliveries.explaining import Ending, Explanation, explain
from posthouse.deliveries.fan_out import fan_out_next
from posthouse.deliveries.models import Dispatch
from posthouse.deliveries.route import SenderChoice
from posthouse.operations import facts
from posthouse.operations.facts import routed
from posthouse.servers import services
from posthouse.servers.errors import ServerInUse, ServerRetired
from posthouse.servers.models import DeliveryServer, SendMethod
from posthouse.servers.queries import badges, routing_of
from posthouse.web import queries as pages
from tests.sending import Sending, make_sending, make_server

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client_of: Callable[[User], Client], boss: User) -> Client:
    return client_of(boss)


@pytest.fixture
def sending(account: Account) -> Sending:
    with access.across_tenants():
        return make_sending(account, 10)


def begin(sending: Sending) -> tuple[Dispatch, outbox.Claim]:
    """A dispatch whose only batch an engine holds."""
    with access.across_tenants():
        dispatch = sending.dispatch()
        while fan_out_next():
            pass
        claim = outbox.claim_next("e1", 1)
    assert claim is not None
    return dispatch, claim


def explained(sending: Sending) -> Explanation:
    """What would become of the account's campaigns now."""
    with access.across_tenants():
        choice = SenderChoice(from_local="news", sender_domain=sending.domain)
        return explain(sending.account, Channel.MARKETING, choice)


def page(browser: Client, name: str, server: DeliveryServer, **typed: str) -> str:
    url = reverse(f"operator-servers:{name}", kwargs={"server": server.public_id})
    answer = browser.post(url, typed, follow=True) if typed else browser.get(url, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_server_that_only_a_running_dispatch_names_is_not_deleted(
    browser: Client, sending: Sending
) -> None:
    dispatch, _ = begin(sending)
    services.deallocate(SYSTEM, Channel.MARKETING, sending.account)
    assert "what Harbour Books is sending" in page(browser, "delete", sending.server)
    assert "What Harbour Books is sending" in page(browser, "use", sending.server)
    with pytest.raises(ServerInUse, match="what Harbour Books is sending"):
        services.delete(SYSTEM, sending.server)

    with access.across_tenants():
        Dispatch.objects.filter(pk=dispatch.pk).update(state=Dispatch.State.DONE)
    services.delete(SYSTEM, sending.server)
    assert not DeliveryServer.objects.exists()


def test_it_retires_to_another_server_and_mail_under_way_goes_on_there(
    browser: Client, sending: Sending
) -> None:
    dispatch, claim = begin(sending)
    other = make_server(name="The other relay")
    assert "The other relay (never tested)" in page(browser, "retire", sending.server)
    said = page(browser, "retire", sending.server, to=other.public_id)
    assert "What used it goes through The other relay now." in said
    assert "cannot be allocated" in said
    with access.across_tenants():
        assert not outbox.watch(claim, claim.parcels).go_on
        outbox.release(claim.token)
        again = outbox.claim_next("e1", 2)
        assert again is not None
        assert (again.route.server_id, len(again.parcels)) == (other.pk, 10)
        dispatch.refresh_from_db()
        assert dispatch.server_id == other.pk
    services.delete(SYSTEM, sending.server)
    assert AuditRecord.objects.get(verb="server.retire").after == {
        "moved_to": "The other relay",
        "allocations": 1,
        "send_methods": 0,
    }


def test_it_retires_to_nowhere_and_mail_under_way_pauses_with_the_reason(
    browser: Client, sending: Sending
) -> None:
    dispatch, claim = begin(sending)
    page(browser, "retire", sending.server, to="")
    with access.across_tenants():
        outbox.release(claim.token)
        assert outbox.claim_next("e1", 2) is None
        dispatch.refresh_from_db()
    assert dispatch.state in {Dispatch.State.PAUSING, Dispatch.State.PAUSED}
    assert "no longer in use" in dispatch.reason


def test_retired_to_nowhere_it_is_not_skipped_and_comes_back_to_who_names_it(
    browser: Client, sending: Sending
) -> None:
    services.allocate(SYSTEM, make_server(), Channel.MARKETING, sending.account.group)
    own = make_server(name="Its own relay")
    services.allocate(SYSTEM, own, Channel.MARKETING, sending.account)
    page(browser, "retire", own, to="")
    said = explained(sending)
    assert (said.ending, len(said.reasons)) == (Ending.REFUSED, 1)
    assert "that is no longer in use" in said.reasons[0]
    assert "does not leave" in page(browser, "use", own)
    with pytest.raises(ServerInUse, match="Harbour Books"):
        services.delete(SYSTEM, own)

    services.bring_back(SYSTEM, own)
    assert explained(sending).server == "Its own relay"


def test_what_groups_fall_back_to_moves_with_it(browser: Client, group: UserGroup) -> None:
    old, other = make_server(name="The old relay"), make_server(name="The other relay")
    services.set_send_method(SYSTEM, group, "server", old)
    assert "the group Agencies (send method)" in page(browser, "retire", old)
    said = page(browser, "retire", old, to=other.public_id)
    assert "What used it goes through The other relay now." in said
    assert SendMethod.objects.get(group=group).server == other
    assert [badge.words for badge in badges(other)] == ["Agencies"]
    with pytest.raises(ServerRetired):
        services.set_send_method(SYSTEM, group, "server", old)


def test_the_installations_server_does_not_retire(browser: Client, sending: Sending) -> None:
    server = sending.server
    services.deallocate(SYSTEM, Channel.MARKETING, sending.account)
    with override_settings(SYSTEM_SERVER=server.name):
        assert explained(sending).server == server.name
        for said in (page(browser, "retire", server), page(browser, "retire", server, to="")):
            assert f"POSTHOUSE_SYSTEM_SERVER names {server.name}, so it cannot retire" in said
        server.refresh_from_db()
        assert server.retired_at is None

    services.retire(SYSTEM, server)
    with override_settings(SYSTEM_SERVER=server.name):  # named afterwards: not passed over either
        assert "that is no longer in use" in explained(sending).reasons[-1]


def test_the_start_pages_ask_whether_mail_has_a_server_in_use(sending: Sending) -> None:
    account, server = sending.account, sending.server
    services.deallocate(SYSTEM, Channel.MARKETING, account)
    services.allocate(SYSTEM, server, Channel.MARKETING, account.group)

    def known() -> tuple[bool, bool, bool]:
        with access.across_tenants():
            ready = pages.readiness(account).server
            of_group = routed(facts.read(), account.group, Channel.MARKETING)
        return ready, of_group, server in pages.servers_in_trouble()

    services.pause(server, services.FOREVER, "maintenance")
    assert known() == (True, True, True)
    services.retire(SYSTEM, server)
    assert known() == (False, False, False)

    services.bring_back(SYSTEM, server)
    services.deallocate(SYSTEM, Channel.MARKETING, account.group)
    assert known()[:2] == (False, False)
    services.set_send_method(SYSTEM, account.group, "server", server)
    assert known()[:2] == (True, True)
    services.set_send_method(SYSTEM, account.group, "system")
    with override_settings(SYSTEM_SERVER=server.name):
        assert known()[:2] == (True, True)


def test_a_groups_page_keeps_and_tells_of_a_retired_server(
    browser: Client, group: UserGroup
) -> None:
    retired, other = make_server(name="The old relay"), make_server(name="The other relay")
    services.allocate(SYSTEM, retired, Channel.MARKETING, group)
    services.set_send_method(SYSTEM, group, "server", retired)
    services.retire(SYSTEM, retired)
    url = reverse("operator-servers:routing", kwargs={"group": group.public_id})
    said = browser.get(url).content.decode()
    assert "The old relay is retired: mail for which it is chosen here does not leave." in said
    assert said.count("The old relay (retired)") == 2  # where it is chosen, and nowhere else

    kept = {"marketing": retired.public_id, "send_method": retired.public_id}
    browser.post(url, {**kept, "transactional": other.public_id})
    assert routing_of(group) == {Channel.MARKETING: retired, Channel.TRANSACTIONAL: other}
    assert SendMethod.objects.get(group=group).server == retired
    assert "bring it back" not in browser.post(url, kept).content.decode()


def test_a_retired_server_is_not_offered_not_allocated_and_not_moved_to(
    browser: Client, group: UserGroup
) -> None:
    retired, other = make_server(name="The old relay"), make_server()
    services.retire(SYSTEM, retired)
    with pytest.raises(ServerRetired):
        services.allocate(SYSTEM, retired, Channel.MARKETING, group)
    url = reverse("operator-servers:routing", kwargs={"group": group.public_id})
    assert "The old relay" not in browser.get(url).content.decode()
    answer = page(browser, "retire", other, to=retired.public_id)
    assert "Select a valid choice" in answer
    said = page(browser, "use", retired, group=group.public_id, channels="marketing")
    assert "bring it back before" in said
    assert "Retired" in browser.get(reverse("operator-servers:list")).content.decode()


def test_a_retired_server_is_brought_back_by_post(browser: Client, group: UserGroup) -> None:
    server = make_server()
    services.retire(SYSTEM, server)
    url = reverse("operator-servers:bring-back", kwargs={"server": server.public_id})
    assert browser.get(url).status_code == 405
    assert "can be used again" in browser.post(url, follow=True).content.decode()
    services.allocate(SYSTEM, server, Channel.MARKETING, group)


def test_what_is_retired_under_another_operators_hands_is_refused(sending: Sending) -> None:
    other = make_server()
    stale = DeliveryServer.objects.get(pk=other.pk)
    services.retire(SYSTEM, other)
    with pytest.raises(ValidationError, match="in use"):
        services.retire(SYSTEM, sending.server, stale)
