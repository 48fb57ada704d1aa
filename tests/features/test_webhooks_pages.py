"""Webhooks on pages and over the API; and a domain that goes wrong, told on all three ways."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone
from standardwebhooks import Webhook

from posthouse.accounts import access, audit, notices
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account, AuditRecord, Notice, Role, User
from posthouse.domains import services as domains
from posthouse.housekeeping import events
from posthouse.webhooks import sending, services
from posthouse.webhooks.models import Call, Endpoint
from tests.fakes.receiver import Receiver, Reply
from tests.features.test_domain_sweep import enabled, swept
from tests.features.test_domains import KEY, MASTER, published

if TYPE_CHECKING:
    from tests.fakes.system_mail import SystemMail
    from tests.features.dns_servers import DnsWorld

pytest_plugins = [
    "tests.fakes.system_mail",
    "tests.features.dns_servers",
    "tests.features.receivers",
]
URL = "https://hooks.example.com/in"


@pytest.fixture
def base(account: Account) -> str:
    return f"/a/{account.slug}/settings/webhooks/"


@pytest.fixture
def client(manager: User, client_of: Callable[[User], Client]) -> Client:
    return client_of(manager)


@pytest.fixture
def owned(owner: User, client_of: Callable[[User], Client]) -> Client:
    """The owner's browser."""
    return client_of(owner)


@pytest.fixture
def world(dns_world: "DnsWorld", settings: Any) -> "DnsWorld":
    """A master domain that is right; receivers may be inside."""
    settings.DNS_RESOLVERS = (f"127.0.0.1:{dns_world.resolver[1]}",)
    settings.DNS_AUTHORITY_PORT = dns_world.authority[1]
    settings.WEBHOOKS_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    dns_world.set_zone("example.net", [*MASTER, KEY])
    return dns_world


def text(response: Any) -> str:
    return str(response.content.decode())


def worker() -> None:
    """What housekeeping does with events and calls."""
    with access.across_tenants():
        while events.handle_some():
            pass
        sending.send_due()


def test_from_the_form_to_a_call_and_its_story(
    account: Account, client: Client, base: str, receiver: Receiver, settings: Any
) -> None:
    settings.WEBHOOKS_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    assert "No webhooks yet" in text(client.get(base))
    made = client.post(f"{base}new/", {"url": receiver.url(), "kinds": ["list.deleted"]})
    (secret,) = set(re.findall(r"whsec_[\w+/=]+", text(made)))
    assert made["Cache-Control"] == "no-store"
    with access.tenant(account):
        page = f"{base}{Endpoint.objects.get().public_id}/"
    assert secret not in text(client.get(page))

    waiting = client.post(f"{page}test/", follow=True)
    call_page = waiting.redirect_chain[-1][0]
    assert "Not sent yet" in text(waiting)
    assert "hx-get" in text(waiting)
    receiver.replies["/"] = Reply(418, body=b"<script>alert(1)</script> teapot")
    worker()
    Webhook(secret).verify(receiver.requests[0].body, dict(receiver.requests[0].headers))
    story = text(client.get(call_page))
    assert "It answered 418." in story
    assert "&lt;script&gt;alert(1)&lt;/script&gt; teapot" in story
    assert "webhook.test" in story
    assert client.get(f"{call_page}standing/").status_code == 286

    receiver.replies.clear()
    client.post(f"{call_page}again/")
    worker()
    assert "Delivered" in text(client.get(call_page))
    assert "Delivered" in text(client.get(f"{page}?state=delivered"))
    assert "None fits" in text(client.get(f"{page}?state=delivered&q=nothing"))
    verbs = set(
        AuditRecord.objects.filter(verb__startswith="webhook").values_list("verb", flat=True)
    )
    assert verbs == {"webhook.create", "webhook.test", "webhook.redeliver"}
    assert secret not in str(list(AuditRecord.objects.values()))


def test_errors_stand_beside_the_field_and_what_was_typed_stays(client: Client, base: str) -> None:
    typed = {"url": "https://10.0.0.1/x", "description": "CRM", "kinds": ["list.left"]}
    page = text(client.post(f"{base}new/", typed))
    assert "10.0.0.1 is not a public address (a private network)." in page
    assert 'value="CRM"' in page
    page = text(client.post(f"{base}new/", {"url": URL}))
    assert "This field is required." in page


def test_it_is_edited_switched_rotated_and_deleted(
    account: Account, client: Client, base: str
) -> None:
    with access.tenant(account):
        endpoint, first = services.create(SYSTEM, account, url=URL, kinds=["list.left"])
        services.send_test(SYSTEM, endpoint)
    page = f"{base}{endpoint.public_id}/"
    client.post(f"{page}edit/", {"url": f"{URL}/2", "kinds": ["import.done", "list.left"]})
    rotated = text(client.post(f"{page}secret/"))
    assert "24 hours" in text(client.get(f"{page}secret/"))
    client.post(f"{page}switch/")
    assert "Switched off by manager@harbour.example." in text(client.get(page))
    assert "is off" in text(client.post(f"{page}test/", follow=True))
    with access.tenant(account):
        endpoint.refresh_from_db()
        assert Call.objects.get().problem == "The webhook was switched off."
    assert (endpoint.url, endpoint.kinds) == (f"{URL}/2", ["list.left", "import.done"])
    assert first not in rotated
    assert "whsec_" in rotated

    client.post(f"{page}switch/", {"to": "on"})
    assert "1 call is made again" in text(client.post(f"{page}again/", follow=True))
    client.post(f"{page}delete/")
    assert client.get(page).status_code == 404
    with access.tenant(account):
        assert not Call.objects.exists()


def test_looking_and_pressing_the_wrong_way_changes_nothing(
    account: Account, client: Client, base: str
) -> None:
    with access.tenant(account):
        endpoint, _ = services.create(SYSTEM, account, url=URL, kinds=["list.left"])
    page = f"{base}{endpoint.public_id}/"
    records = AuditRecord.objects.count()
    for part in ("", "edit/", "secret/", "switch/", "delete/", "test/", "again/"):
        assert client.get(f"{page}{part}").status_code in {200, 405}
    assert AuditRecord.objects.count() == records


def test_viewers_see_neither_pages_nor_entries(
    account: Account,
    viewer: User,
    base: str,
    client_of: Callable[[User], Client],
    api_of: Callable[..., Client],
) -> None:
    client = client_of(viewer)
    assert client.get(base).status_code == 403
    assert base not in text(client.get(f"/a/{account.slug}/"))
    assert api_of(account, Role.VIEWER).get("/api/v1/webhooks").status_code == 403


def test_an_account_has_so_many_and_no_more(account: Account, client: Client, base: str) -> None:
    with access.tenant(account):
        for _ in range(services.MOST):
            services.create(SYSTEM, account, url=URL, kinds=["list.left"])
    answer = client.post(f"{base}new/", {"url": URL, "kinds": ["list.left"]})
    assert "has 20 webhooks already" in text(answer)


def test_the_api_does_what_the_pages_do(account: Account, api_of: Callable[..., Client]) -> None:
    api = api_of(account)
    path = "/api/v1/webhooks"

    def send(method: str, address: str, **body: Any) -> Any:
        return getattr(api, method)(address, body, content_type="application/json")

    made = send("post", path, url=URL, kinds=["domain.status"])
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    one = f"{path}/{made.json()['id']}"
    assert "secret" not in api.get(one).json()
    assert [row["id"] for row in api.get(path).json()["items"]] == [made.json()["id"]]
    assert send("patch", one, description="CRM").json()["description"] == "CRM"
    assert send("post", f"{one}/secret").json()["secret"] != made.json()["secret"]
    tested = send("post", f"{one}/test")
    assert tested.status_code == 201
    call = f"{one}/calls/{tested.json()['id']}"
    assert send("post", f"{call}/redeliver").status_code == 409
    assert api.get(call).json()["body"].startswith('{"type": "webhook.test"')
    assert len(api.get(f"{one}/calls?state=pending").json()["items"]) == 1
    assert send("patch", one, state="off").json()["reason"]
    assert send("post", f"{one}/test").status_code == 409
    assert api.get(f"{one}/calls?state=failed").json()["items"][0]["problem"]
    refused = send("patch", one, url="http://10.0.0.1/", kinds=["list.left"])
    assert refused.status_code == 422
    assert refused.json()["fields"][0]["field"] == "url"
    assert send("post", path, url=URL, kinds=["no.such"]).status_code == 422
    assert send("patch", one, colour="red").status_code == 422
    assert api.delete(one).status_code == 204
    assert api.get(one).status_code == 404


def test_a_domain_that_goes_wrong_is_told_on_its_page_by_mail_and_by_webhook(
    account: Account,
    owned: Client,
    world: "DnsWorld",
    receiver: Receiver,
    system_mail: "SystemMail",
) -> None:
    """The way of issue 3: three failed checks, each told; a storm of failing servers, nothing."""
    domain = enabled(account, world, "going.example.com")
    worker()
    with access.tenant(account):
        _, secret = services.create(
            SYSTEM, account, url=receiver.url(), kinds=["domain.warning", "domain.status"]
        )

    world.break_zone("going.example.com")
    swept(domain)
    worker()
    with access.tenant(account):
        assert (receiver.requests, Notice.objects.count()) == ([], 0)

    world.set_zone("going.example.com", published(domain)[1:])
    for step in (1, 2, 3):
        swept(domain)
        worker()
        an_hour_passes()
        page = text(owned.get(f"/a/{account.slug}/settings/domains/{domain.public_id}/"))
        assert "did not pass the last check" in page
        assert len(system_mail.received) == step

    subjects = [message["Subject"] for _, message in system_mail.received]
    assert subjects == [
        "mail.going.example.com: check 1 of 3 failed",
        "mail.going.example.com: check 2 of 3 failed",
        "mail.going.example.com is back to Approval Pending: nothing is sent from it",
    ]
    body = system_mail.received[0][1].get_content()
    assert "sl.mail.going.example.com" in body
    assert f"/settings/domains/{domain.public_id}/" in body
    told = [Webhook(secret).verify(one.body, dict(one.headers)) for one in receiver.requests]
    warnings = [one["data"] for one in told if one["type"] == "domain.warning"]
    assert [(one["failures"], one["limit"]) for one in warnings] == [(1, 3), (2, 3), (3, 3)]
    named = {"id": domain.public_id, "name": domain.name}
    (status,) = [one["data"] for one in told if one["type"] == "domain.status"]
    assert status == {"domain": named, "before": "enabled", "after": "approval_pending"}


def test_the_operators_suspension_is_told_by_mail_and_what_one_does_oneself_is_not(
    account: Account, owner: User, world: "DnsWorld"
) -> None:
    domain = enabled(account, world, "halted.example.com")
    with access.tenant(account):
        domains.disable(SYSTEM, domain)
        domains.enable(SYSTEM, domain)
        worker()
        assert not Notice.objects.exists()
        domains.suspend(SYSTEM, domain)
        worker()
        assert Notice.objects.get().subject == "mail.halted.example.com was suspended"


def test_records_that_the_operator_changed_are_told(
    account: Account, owner: User, world: "DnsWorld"
) -> None:
    domain = enabled(account, world, "other.example.com")
    with access.tenant(account):
        services.create(SYSTEM, account, url=URL, kinds=["domain.records"])
        audit.announce("domain.records", account, domain=domain.pk, added=2, removed=1)
    with access.across_tenants():
        while events.handle_some():
            pass
        notice, call = Notice.objects.get(), Call.objects.get()

    assert notice.subject == "mail.other.example.com has other DNS records"
    assert "2 to publish, 1 no longer needed. Mail leaves as before." in notice.text
    named = {"id": domain.public_id, "name": domain.name}
    assert json.loads(call.body)["data"] == {"domain": named, "added": 2, "removed": 1}


def an_hour_passes() -> None:
    """What waits to be mailed goes, and an hour later another mail may."""
    with access.across_tenants():
        Notice.objects.filter(state="waiting").update(due_at=timezone.now())
        while notices.send_next():
            pass
        Notice.objects.filter(state="sent").update(ended_at=timezone.now() - timedelta(hours=1))
