"""The campaign pages through the front door: list, writing, preview, test, sending, progress."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from html import escape
from typing import Any
from urllib.parse import quote

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from posthouse.accounts import access
from posthouse.accounts import services as accounts
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account, User
from posthouse.audience.models import CustomField, Subscriber
from posthouse.campaigns import services
from posthouse.campaigns.models import Campaign
from posthouse.campaigns.states import State
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.fan_out import fan_out_next
from posthouse.deliveries.models import Attempt, Delivery, Dispatch
from posthouse.domains.models import SenderDomain
from posthouse.servers.models import Allocation
from tests.campaigns import ATTACKS, HTML, make_draft
from tests.sending import Sending, make_sending

ClientOf = Callable[[User], Client]


@pytest.fixture
def sending(account: Account) -> Iterator[Sending]:
    with access.across_tenants():
        yield make_sending(account, members=3)


@pytest.fixture
def draft(sending: Sending) -> Campaign:
    return make_draft(sending)


@pytest.fixture
def sent(draft: Campaign) -> Campaign:
    """A campaign whose deliveries were made: one accepted, one failed, one waiting."""
    services.send_now(SYSTEM, draft)
    while fan_out_next():
        pass
    rows = list(Delivery.objects.order_by("id"))
    said = "550 5.1.1 <reader@example.org> unknown"
    Delivery.objects.filter(pk=rows[0].pk).update(state="accepted", said="250 2.0.0 Ok")
    Delivery.objects.filter(pk=rows[1].pk).update(state="failed", said=said, attempts=1)
    Dispatch.objects.update(pending=1, accepted=1, failed=1)
    Attempt.objects.create(
        account=draft.account,
        delivery_id=rows[1].pk,
        at=database_now(),
        result="failed",
        stage="rcpt",
        code=550,
        enhanced="5.1.1",
        text="<reader@example.org> unknown",
        engine="engine-1",
    )
    return services.queries.find(draft.public_id)


@pytest.fixture
def browser(manager: User, client_of: ClientOf) -> Client:
    return client_of(manager)


def address(row: Campaign | Account, name: str, **more: str) -> str:
    if isinstance(row, Account):
        return reverse(f"campaigns:{name}", kwargs={"slug": row.slug})
    known = {"slug": row.account.slug, "campaign": row.public_id}
    return reverse(f"campaigns:{name}", kwargs=known | more)


def text_of(response: HttpResponse, status: int = 200) -> str:
    assert response.status_code == status, response.content.decode()[:2000]
    return response.content.decode()


def typed(sending: Sending, **changed: Any) -> dict[str, Any]:
    """What a person types into the page."""
    return {
        "name": "Spring",
        "from_name": "Harbour Books",
        "from_local": "news",
        "sender_domain": sending.domain.public_id,
        "reply_to": "",
        "lists": [sending.list.public_id],
        "subject": "Hello {{ first_name }}",
        "preheader": "",
        "html": HTML,
        "text": "",
        **changed,
    }


def fresh(campaign: Campaign) -> Campaign:
    return services.queries.find(campaign.public_id)


# ------------------------------------------------------------------------------------------- list


def test_an_empty_list_says_what_campaigns_are(account: Account, browser: Client) -> None:
    page = text_of(browser.get(address(account, "list")))
    assert "No campaign yet" in page
    assert address(account, "create") in page


def test_the_list_shows_states_with_tabs_and_finds_words(
    account: Account, sending: Sending, sent: Campaign, browser: Client
) -> None:
    other = make_draft(sending, name="Autumn")
    page = text_of(browser.get(address(account, "list")))
    assert sent.name in page
    assert "Autumn" in page
    assert "Sending" in page

    drafts = text_of(browser.get(address(account, "list"), {"state": "draft"}))
    assert other.name in drafts
    assert sent.name not in drafts
    assert "None fits" in text_of(browser.get(address(account, "list"), {"q": "no such"}))


@pytest.mark.parametrize("asked", [{"state": "\x01"}, {"state": "nonsense"}])
def test_odd_addresses_of_the_list_are_no_wish(
    account: Account, draft: Campaign, browser: Client, asked: dict[str, str]
) -> None:
    assert draft.name in text_of(browser.get(address(account, "list"), asked))


def test_the_rows_stop_asking_when_nothing_moves(
    account: Account, sent: Campaign, browser: Client
) -> None:
    htmx = {"HX-Request": "true"}
    moving = browser.get(address(account, "list"), headers=htmx)
    assert moving.status_code == 200
    assert b"<html" not in moving.content
    Campaign.objects.update(state=State.SENT)
    assert browser.get(address(account, "list"), headers=htmx).status_code == 286


# ---------------------------------------------------------------------------------------- writing


def test_a_campaign_is_written_on_one_page(
    account: Account, sending: Sending, browser: Client
) -> None:
    page = text_of(browser.get(address(account, "create")))
    assert f"{sending.list.name} (3)" in page
    assert "{{ first_name }}" not in page  # no such field was made yet
    assert "{{ email }}" in page

    response = browser.post(address(account, "create"), typed(sending))
    campaign = Campaign.objects.get()
    assert response["Location"] == address(campaign, "edit")
    assert campaign.content.subject == "Hello {{ first_name }}"
    assert campaign.content.html == HTML
    assert [one.pk for one in campaign.lists.all()] == [sending.list.pk]
    assert campaign.sender_domain == sending.domain


@pytest.mark.parametrize("then", ["preview", "test", "send"])
def test_each_button_saves_and_leads_on(
    account: Account, sending: Sending, browser: Client, then: str
) -> None:
    response = browser.post(address(account, "create"), typed(sending, then=then))
    assert response["Location"] == address(Campaign.objects.get(), then)


def test_an_edit_shows_and_changes_what_is_there(
    sending: Sending, draft: Campaign, browser: Client
) -> None:
    page = text_of(browser.get(address(draft, "edit")))
    assert escape(HTML) in page
    response = browser.post(
        address(draft, "edit"), typed(sending, subject="Other", revision=draft.revision)
    )
    assert response.status_code == 302
    assert fresh(draft).content.subject == "Other"


def test_what_does_not_fit_stands_at_its_field_and_what_was_typed_stays(
    sending: Sending, draft: Campaign, browser: Client
) -> None:
    values = typed(sending, reply_to="nobody", subject="Typed so far")
    page = text_of(browser.post(address(draft, "edit"), values))
    assert 'id="id_reply_to_error"' in page
    assert "no @" in page
    assert "Typed so far" in page
    assert fresh(draft).content.subject != "Typed so far"


def test_two_writers_are_told_of_each_other(
    sending: Sending, draft: Campaign, browser: Client
) -> None:
    services.change(SYSTEM, draft, name="Theirs")
    mine = typed(sending, name="Mine", revision=draft.revision)
    page = text_of(browser.post(address(draft, "edit"), mine))
    assert "Somebody changed Theirs" in page
    assert fresh(draft).name == "Theirs"
    again = typed(sending, name="Mine", revision=fresh(draft).revision)
    assert f'value="{fresh(draft).revision}"' in page
    browser.post(address(draft, "edit"), again)
    assert fresh(draft).name == "Mine"


def test_the_checks_follow_what_is_typed_and_keep_nothing(
    account: Account, sending: Sending, browser: Client
) -> None:
    page = text_of(browser.post(address(account, "check"), typed(sending)))
    assert '<strong class="num">3</strong> people' in page
    assert "SPF cannot be told" in page
    assert "Write a subject" not in page
    empty = text_of(browser.post(address(account, "check"), typed(sending, subject="")))
    assert "Write a subject." in empty
    assert not Campaign.objects.exists()
    assert browser.get(address(account, "check")).status_code == 405


def test_the_checks_name_fields_that_are_empty_for_some(
    account: Account, sending: Sending, browser: Client
) -> None:
    CustomField.objects.create(account=account, key="first_name", label="First name")
    person = Subscriber.objects.all()[0]
    Subscriber.objects.filter(pk=person.pk).update(fields={})
    page = text_of(browser.post(address(account, "check"), typed(sending)))
    assert "“first_name” is empty for 1 of 3 people" in page


def test_with_management_off_the_from_address_is_free_text(
    account: Account, sending: Sending, browser: Client
) -> None:
    accounts.change_group(SYSTEM, account.group, sender_domain_management=False)
    page = text_of(browser.get(address(account, "create")))
    assert 'name="from_address"' in page
    assert 'name="from_local"' not in page
    browser.post(address(account, "create"), typed(sending, from_address="a@harbour.example"))
    campaign = Campaign.objects.get()
    assert campaign.from_address == "a@harbour.example"
    assert campaign.sender_domain is None


def test_without_an_enabled_domain_the_page_says_what_to_do(
    account: Account, sending: Sending, browser: Client
) -> None:
    SenderDomain.objects.update(status=SenderDomain.Status.PENDING)
    assert "No sender domain is Enabled yet" in text_of(browser.get(address(account, "create")))


def test_a_domain_that_lost_its_status_stays_visible(draft: Campaign, browser: Client) -> None:
    SenderDomain.objects.update(status=SenderDomain.Status.DISABLED)
    page = text_of(browser.get(address(draft, "edit")))
    assert "(Disabled)</option>" in page
    assert "is Disabled; only an Enabled domain may send" in page


@pytest.mark.parametrize("field", ["name", "from_name", "from_local", "reply_to", "subject"])
@pytest.mark.parametrize("attack", list(ATTACKS))
def test_attacks_in_lines_are_refused_or_shown_as_text(
    account: Account, sending: Sending, browser: Client, field: str, attack: str
) -> None:
    text = ATTACKS[attack]
    response = browser.post(address(account, "create"), typed(sending, **{field: text}))
    if response.status_code == 200:  # refused, at its field
        assert f'id="id_{field}_error"' in text_of(response)
        assert not Campaign.objects.exists()
        return
    campaign = Campaign.objects.get()
    for name in ("edit", "preview", "show"):
        page = text_of(browser.get(address(campaign, name), follow=True))
        assert "<script>alert" not in page
        assert 'onfocus="alert' not in page
    assert "<script>alert" not in text_of(browser.get(address(account, "list")))


@pytest.mark.parametrize("field", ["html", "text", "preheader"])
@pytest.mark.parametrize("attack", list(ATTACKS))
def test_attacks_in_the_content_are_refused_or_kept_apart(
    account: Account, sending: Sending, browser: Client, field: str, attack: str
) -> None:
    text = ATTACKS[attack]
    response = browser.post(address(account, "create"), typed(sending, **{field: text}))
    if response.status_code == 200:
        assert f'id="id_{field}_error"' in text_of(response)
        return
    campaign = Campaign.objects.get()
    for name in ("edit", "preview", "send"):
        page = text_of(browser.get(address(campaign, name), follow=True))
        assert "<script>alert" not in page
    assert browser.get(address(campaign, "html")).status_code == 200


def test_braces_in_a_name_are_no_template(
    sending: Sending, browser: Client, account: Account
) -> None:
    name = "{{ request.user.password }}{% debug %}"
    campaign = make_draft(sending, name=name, from_name=name, subject=name.replace("%", ""))
    for page in ("edit", "test", "show", "preview"):
        assert escape(name) in text_of(browser.get(address(campaign, page), follow=True))
    assert escape(name) in text_of(browser.get(address(account, "list")))


# -------------------------------------------------------------------------------- preview and test


def test_the_preview_is_filled_in_as_the_first_recipient(draft: Campaign, browser: Client) -> None:
    page = text_of(browser.get(address(draft, "preview")))
    assert "Hello Reader 0" in page
    assert "Dear Reader 0," in page  # the text part, made from the HTML
    assert "Harbour Books &lt;news@" in page


def test_the_preview_is_filled_in_as_whom_one_asks_for(
    draft: Campaign, sending: Sending, browser: Client
) -> None:
    last = Subscriber.objects.order_by("-id")[0]
    page = text_of(browser.get(address(draft, "preview"), {"as": last.address.upper()}))
    assert "Hello Reader 2" in page
    assert f"?as={quote(last.address, safe='')}" in page
    framed = text_of(browser.get(address(draft, "html"), {"as": last.address}))
    assert "Dear Reader 2," in framed
    unknown = text_of(browser.get(address(draft, "preview"), {"as": "x\x01@example.com"}))
    assert "No subscriber of this account has this address" in unknown


def test_the_frame_can_do_nothing_but_show(draft: Campaign, browser: Client) -> None:
    services.change(SYSTEM, draft, html="<script>alert(1)</script><p>Hi</p>")
    response = browser.get(address(draft, "html"))
    policy = response["Content-Security-Policy"]
    assert policy.startswith("sandbox;")
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "allow-scripts" not in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    page = text_of(browser.get(address(draft, "preview")))
    assert " sandbox " in page
    assert "<script>alert" not in page


def test_a_preview_of_an_unfinished_draft_says_what_is_wrong(
    sending: Sending, browser: Client
) -> None:
    broken = make_draft(sending, html="<p>{{ first_name</p>", sender_domain=None)
    assert "Line 1" in text_of(browser.get(address(broken, "preview")))
    assert text_of(browser.get(address(broken, "html"))) == ""
    empty = make_draft(sending, html="", lists=[])
    assert "neither an HTML nor a text part" in text_of(browser.get(address(empty, "preview")))


def test_a_test_is_sent_and_its_end_is_shown(draft: Campaign, browser: Client) -> None:
    values = {"addresses": "a@example.com, b@example.com", "filled_in_as": ""}
    response = browser.post(address(draft, "test"), values, follow=True)
    page = text_of(response)
    assert "The test goes to 2 addresses now." in page
    assert "a@example.com" in page
    assert browser.get(address(draft, "tests")).status_code == 200
    Delivery.objects.update(state="failed", said="550 5.7.1 Go away")
    Dispatch.objects.update(state=Dispatch.State.DONE)
    live = browser.get(address(draft, "tests"))
    assert live.status_code == 286
    assert "550 5.7.1 Go away" in live.content.decode()


def test_a_refused_test_says_why_at_the_field(draft: Campaign, browser: Client) -> None:
    page = text_of(browser.post(address(draft, "test"), {"addresses": "nobody"}))
    assert 'id="id_addresses_error"' in page
    page = text_of(
        browser.post(
            address(draft, "test"), {"addresses": "a@example.com", "filled_in_as": "x@example.com"}
        )
    )
    assert 'id="id_filled_in_as_error"' in page
    services.change(SYSTEM, draft, subject="")
    page = text_of(browser.post(address(draft, "test"), {"addresses": "a@example.com"}))
    assert "Write a subject." in page
    assert not Dispatch.objects.exists()


# ---------------------------------------------------------------------------------------- sending


def test_before_sending_the_page_says_whom_from_and_how(
    sending: Sending, draft: Campaign, browser: Client
) -> None:
    page = text_of(browser.get(address(draft, "send")))
    assert "Send to 3 people now" in page
    assert f"news@{sending.domain.name}" in page
    assert sending.server.name in page
    assert sending.domain.mfrom_host in page
    assert "is an Enabled sender domain of this account" in page
    assert fresh(draft).is_draft


def test_sending_leads_to_the_progress_page(draft: Campaign, browser: Client) -> None:
    response = browser.post(address(draft, "send"), {"revision": draft.revision}, follow=True)
    assert response.redirect_chain[-1][0] == address(draft, "show")
    assert "on its way to 3 people" in text_of(response)
    assert fresh(draft).state == State.QUEUED


def test_a_double_click_sends_once(draft: Campaign, browser: Client) -> None:
    for _ in range(2):
        browser.post(address(draft, "send"), {"revision": draft.revision})
    assert Dispatch.objects.count() == 1


@pytest.mark.parametrize("revision", ["", "1.5", "-1", "99999999999999999999", "²", "x"])
def test_without_the_revision_that_was_seen_nothing_is_sent(
    draft: Campaign, browser: Client, revision: str
) -> None:
    response = browser.post(address(draft, "send"), {"revision": revision}, follow=True)
    assert "Nothing was sent" in text_of(response)
    assert fresh(draft).is_draft


def test_an_unfinished_draft_leads_back_to_its_fields(sending: Sending, browser: Client) -> None:
    campaign = make_draft(sending, subject="", lists=[], html="{{ x")
    for response in (
        browser.get(address(campaign, "send"), follow=True),
        browser.post(address(campaign, "send"), {"revision": campaign.revision}, follow=True),
    ):
        page = text_of(response)
        for field in ("subject", "lists", "html"):
            assert f'id="id_{field}_error"' in page
        assert "Choose at least one list." in page
    assert fresh(campaign).is_draft


def test_without_a_server_the_reason_stands_on_top(draft: Campaign, browser: Client) -> None:
    Allocation.objects.all().delete()
    page = text_of(browser.get(address(draft, "send"), follow=True))
    assert "The operator allocates a delivery server" in page


# ------------------------------------------------------------------------------------- on its way


def test_progress_shows_counts_and_reasons(sent: Campaign, browser: Client) -> None:
    page = text_of(browser.get(address(sent, "show")))
    assert "<strong>2</strong> of <strong>3</strong> done" in page
    assert "550 5.1.1 &lt;address&gt; unknown" in page
    assert "reader@example.org" not in page
    live = browser.get(address(sent, "standing"))
    assert live.status_code == 200
    assert live["Cache-Control"] == "no-store"


def test_progress_stops_asking_at_the_end(sent: Campaign, browser: Client) -> None:
    now = timezone.now()
    Campaign.objects.update(
        state=State.SENT, queued_at=now, finished_at=now + timedelta(seconds=125)
    )
    live = browser.get(address(sent, "standing"))
    assert live.status_code == 286
    assert "accepted in 2 min 5 s" in live.content.decode()


def test_a_campaign_is_paused_resumed_and_cancelled_by_buttons(
    sent: Campaign, browser: Client
) -> None:
    assert address(sent, "pause") in text_of(browser.get(address(sent, "show")))
    page = text_of(browser.post(address(sent, "pause"), follow=True))
    assert f"{sent.name} is Paused now." in page
    assert "Nothing is sent until you resume it" in page
    assert address(sent, "pause") not in page

    assert "is Sending now" in text_of(browser.post(address(sent, "resume"), follow=True))

    question = text_of(browser.get(address(sent, "cancel")))
    assert f"Cancel {sent.name}" in question
    assert "1 people" not in question
    assert fresh(sent).state == State.SENDING
    page = text_of(browser.post(address(sent, "cancel"), follow=True))
    assert "Cancelled by manager@harbour.example." in page
    assert fresh(sent).state == State.CANCELLED
    again = text_of(browser.post(address(sent, "resume"), follow=True))
    assert "cannot be resumed: it is Cancelled" in again


def test_deliveries_are_narrowed_by_state_and_address(sent: Campaign, browser: Client) -> None:
    page = text_of(browser.get(address(sent, "deliveries")))
    assert page.count("@example.org</a>") == 3
    failed = text_of(browser.get(address(sent, "deliveries"), {"state": "failed"}))
    assert failed.count("@example.org</a>") == 1
    assert "550 5.1.1" in failed
    found = text_of(browser.get(address(sent, "deliveries"), {"q": "-0@EXAMPLE"}))
    assert found.count("@example.org</a>") == 1
    assert "None fits" in text_of(browser.get(address(sent, "deliveries"), {"q": "nobody"}))


def test_one_delivery_tells_its_story(sent: Campaign, browser: Client) -> None:
    failed = Delivery.objects.get(state="failed")
    page = text_of(browser.get(address(sent, "delivery", delivery=failed.public_id)))
    assert "550 5.1.1 &lt;reader@example.org&gt; unknown" in page
    assert "engine-1" in page
    waiting = Delivery.objects.get(state="pending")
    page = text_of(browser.get(address(sent, "delivery", delivery=waiting.public_id)))
    assert "No engine has taken it up so far" in page


def test_a_servers_words_are_shown_as_words(sent: Campaign, browser: Client) -> None:
    Attempt.objects.update(text="<script>alert(1)</script>")
    Delivery.objects.update(said="550 <script>alert(1)</script>")
    failed = Delivery.objects.get(state="failed")
    for page in (
        address(sent, "show"),
        address(sent, "deliveries"),
        address(sent, "delivery", delivery=failed.public_id),
    ):
        assert "<script>alert" not in text_of(browser.get(page))


@pytest.mark.parametrize("name", ["dlv_1", "dlv_zz", "dlv_" + "f" * 16, "x", "dlv_" + "7" * 40])
def test_a_delivery_that_is_not_there_is_missing(
    sent: Campaign, browser: Client, name: str
) -> None:
    assert browser.get(address(sent, "delivery", delivery=name)).status_code == 404


def test_a_delivery_of_another_campaign_is_missing_here(
    sending: Sending, sent: Campaign, browser: Client
) -> None:
    other = make_draft(sending)
    row = Delivery.objects.all()[0]
    assert browser.get(address(other, "delivery", delivery=row.public_id)).status_code == 404


# -------------------------------------------------------------------------------------- who may


def test_copying_and_deleting(draft: Campaign, browser: Client) -> None:
    response = browser.post(address(draft, "duplicate"))
    copy = Campaign.objects.exclude(pk=draft.pk).get()
    assert response["Location"] == address(copy, "edit")
    assert "Delete Copy of" in text_of(browser.get(address(copy, "delete")))
    browser.post(address(copy, "delete"))
    assert Campaign.objects.get() == draft


def test_viewers_see_and_do_nothing(
    draft: Campaign, sent: Campaign, viewer: User, client_of: ClientOf
) -> None:
    browser = client_of(viewer)
    page = text_of(browser.get(address(sent, "show")))
    assert address(sent, "pause") not in page
    assert "New campaign" not in text_of(browser.get(address(sent.account, "list")))
    for name in ("edit", "test", "send", "cancel", "delete"):
        assert browser.get(address(sent, name)).status_code == 403
    for name in ("pause", "resume", "duplicate", "send"):
        assert browser.post(address(sent, name)).status_code == 403


def test_strangers_find_nothing(
    sent: Campaign, stranger: User, other_account: Account, client_of: ClientOf
) -> None:
    browser = client_of(stranger)
    row = Delivery.objects.all()[0]
    names = ("show", "standing", "edit", "preview", "html", "test", "tests", "send", "deliveries")
    for slug in (sent.account.slug, other_account.slug):
        for name in names:
            url = reverse(f"campaigns:{name}", args=[slug, sent.public_id])
            assert browser.get(url).status_code == 404
        url = reverse("campaigns:delivery", args=[slug, sent.public_id, row.public_id])
        assert browser.get(url).status_code == 404
        for name in ("pause", "resume", "cancel", "delete", "duplicate", "send", "edit", "test"):
            url = reverse(f"campaigns:{name}", args=[slug, sent.public_id])
            assert browser.post(url, {"addresses": "a@example.com"}).status_code == 404
    check = reverse("campaigns:check", args=[other_account.slug])
    assert browser.post(check, {"campaign": sent.public_id}).status_code == 404


def test_viewers_may_look_at_a_draft(
    draft: Campaign, account: Account, client_of: ClientOf, viewer: User
) -> None:
    page = text_of(client_of(viewer).get(address(draft, "show")))
    assert "Not sent yet." in page
