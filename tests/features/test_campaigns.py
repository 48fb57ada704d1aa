"""The verbs on campaigns: written, tested, sent once, stopped; refused with a sentence."""

import threading
from collections.abc import Iterator

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from posthouse.accounts import access
from posthouse.accounts import services as accounts
from posthouse.accounts.actors import SYSTEM, Actor, member_of
from posthouse.accounts.models import Account, AuditRecord, User
from posthouse.accounts.permissions import NotAllowed
from posthouse.audience.models import ListMembership, Subscriber, Suppression
from posthouse.campaigns import errors, services
from posthouse.campaigns.models import Campaign
from posthouse.campaigns.states import State
from posthouse.content.models import ContentVersion
from posthouse.deliveries.models import Delivery, Dispatch
from posthouse.domains.models import SenderDomain
from posthouse.servers.models import Allocation
from tests.campaigns import ATTACKS, make_draft, refusal
from tests.sending import Sending, make_domain, make_list, make_sending


@pytest.fixture
def sending(account: Account) -> Iterator[Sending]:
    with access.across_tenants():
        made = make_sending(account, members=3)
    with access.tenant(account):
        yield made


@pytest.fixture
def draft(sending: Sending) -> Campaign:
    return make_draft(sending)


def refused_at(error: ValidationError, field: str) -> str:
    assert field in error.message_dict, error.message_dict
    return str(error.message_dict[field][0])


def dispatched(campaign: Campaign) -> Dispatch:
    campaign = Campaign.objects.select_related("dispatch").get(pk=campaign.pk)
    assert campaign.dispatch is not None
    return campaign.dispatch


# ---------------------------------------------------------------------------------------- writing


def test_a_draft_may_have_gaps_but_has_a_name(account: Account) -> None:
    with access.tenant(account):
        campaign = services.create(SYSTEM, account, name="Spring")
        assert campaign.state == State.DRAFT
        assert campaign.content.html == ""
        with pytest.raises(ValidationError) as refused:
            services.create(SYSTEM, account)
    assert "Enter a name" in refused_at(refused.value, "name")


def test_a_change_touches_only_what_it_names(draft: Campaign) -> None:
    changed = services.change(SYSTEM, draft, subject="Other")
    assert changed.content.subject == "Other"
    assert changed.content.html == draft.content.html
    assert changed.from_local == "news"
    assert list(changed.lists.all()) == list(draft.lists.all())
    assert changed.revision == draft.revision + 1


def test_a_change_to_the_same_is_none(draft: Campaign) -> None:
    same = services.change(SYSTEM, draft, name=draft.name, html=draft.content.html)
    assert same.revision == draft.revision
    assert not AuditRecord.objects.filter(verb="campaign.change").exists()


def test_a_change_leaves_an_audit_record_with_before_and_after(draft: Campaign) -> None:
    services.change(SYSTEM, draft, name="Summer", lists=[])
    record = AuditRecord.objects.get(verb="campaign.change")
    assert record.before["name"] == draft.name
    assert record.after == {"name": "Summer", "lists": []}


def test_somebody_elses_change_is_not_overwritten(draft: Campaign) -> None:
    services.change(SYSTEM, draft, revision=draft.revision, name="Theirs")
    with pytest.raises(errors.ChangedMeanwhile, match="Theirs"):
        services.change(SYSTEM, draft, revision=draft.revision, name="Mine")
    assert Campaign.objects.get().name == "Theirs"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("from_local", "two words", "before the @"),
        ("from_local", "jürgen", "before the @"),
        ("reply_to", "nobody", "no @"),
        ("from_address", "a@b@example.com", "more than one @"),
        ("from_name", "x" * 201, "200"),
        ("name", "x" * 151, "150"),
        ("name", "   ", "Enter a name"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_field(
    draft: Campaign, field: str, value: str, words: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        services.change(SYSTEM, draft, **{field: value})
    assert words in refused_at(refused.value, field)


def test_all_that_does_not_fit_is_told_at_once(draft: Campaign) -> None:
    with pytest.raises(ValidationError) as refused:
        services.change(SYSTEM, draft, name="", subject="a\nb", reply_to="x")
    assert set(refused.value.message_dict) == {"name", "subject", "reply_to"}
    assert ContentVersion.objects.filter(subject__startswith="a").count() == 0


@pytest.mark.parametrize("field", ["name", "from_name", "from_local", "from_address", "reply_to"])
@pytest.mark.parametrize("attack", list(ATTACKS))
def test_attacks_are_refused_or_kept_as_they_are(draft: Campaign, field: str, attack: str) -> None:
    refused = refusal(lambda: services.change(SYSTEM, draft, **{field: ATTACKS[attack]}))
    if refused is not None:
        assert list(refused.message_dict) == [field]
        return
    kept = Campaign.objects.get()
    assert getattr(kept, field) == ATTACKS[attack]
    assert not set(getattr(kept, field)) & set("\r\n\x00\x85\u2028")


def test_rows_of_another_account_are_refused(draft: Campaign, other_account: Account) -> None:
    with access.across_tenants():
        foreign_list, foreign_domain = make_list(other_account), make_domain(other_account)
    with pytest.raises(ValidationError) as refused:
        services.change(SYSTEM, draft, lists=[foreign_list], sender_domain=foreign_domain)
    assert set(refused.value.message_dict) == {"lists", "sender_domain"}


def test_only_enabled_domains_can_be_chosen(draft: Campaign, account: Account) -> None:
    pending = make_domain(account, status=SenderDomain.Status.PENDING)
    with pytest.raises(ValidationError) as refused:
        services.change(SYSTEM, draft, sender_domain=pending)
    assert "Approval Pending" in refused_at(refused.value, "sender_domain")


def test_a_domain_that_lost_its_status_does_not_block_other_changes(draft: Campaign) -> None:
    SenderDomain.objects.update(status=SenderDomain.Status.DISABLED)
    domain = SenderDomain.objects.get()
    changed = services.change(SYSTEM, draft, sender_domain=domain, subject="Other")
    assert changed.content.subject == "Other"


def test_a_copy_is_a_draft_with_the_same_content_and_lists(draft: Campaign) -> None:
    services.send_now(SYSTEM, draft)
    copy = services.duplicate(SYSTEM, draft)
    assert copy.state == State.DRAFT
    assert copy.name == f"Copy of {draft.name}"
    assert copy.content == draft.content
    assert list(copy.lists.all()) == list(draft.lists.all())
    assert copy.dispatch is None


def test_drafts_are_deleted_and_what_was_sent_is_not(sending: Sending, draft: Campaign) -> None:
    services.delete(SYSTEM, make_draft(sending))
    services.send_now(SYSTEM, draft)
    with pytest.raises(errors.NoDraft, match="Duplicate it"):
        services.delete(SYSTEM, draft)
    with pytest.raises(errors.NoDraft, match="cannot be changed: it is Queued"):
        services.change(SYSTEM, draft, name="Other")
    assert Campaign.objects.get() == draft


def test_viewers_may_neither_write_nor_send(
    draft: Campaign, account: Account, viewer: User
) -> None:
    actor = member_of(viewer, account)
    assert isinstance(actor, Actor)
    for verb in (services.change, services.duplicate, services.delete, services.send_now):
        with pytest.raises(NotAllowed):
            verb(actor, draft)
    for verb in (services.pause, services.resume, services.cancel):
        with pytest.raises(NotAllowed):
            verb(actor, draft)
    with pytest.raises(NotAllowed):
        services.send_test(actor, draft, ["a@example.com"])


# ---------------------------------------------------------------------------------------- sending


def test_a_campaign_goes_to_its_lists_as_it_was_written(sending: Sending, draft: Campaign) -> None:
    campaign = services.send_now(SYSTEM, draft, revision=draft.revision)
    dispatch = dispatched(draft)
    assert campaign.state == State.QUEUED
    assert campaign.expected == 3
    assert campaign.queued_at is not None
    assert dispatch.list_ids == [sending.list.pk]
    assert dispatch.content == draft.content
    assert (dispatch.from_name, dispatch.from_local) == ("Harbour Books", "news")
    assert dispatch.sender_domain == sending.domain
    assert AuditRecord.objects.get(verb="campaign.send").after == {"expected": 3}


def test_it_is_sent_once_however_often_it_is_asked(draft: Campaign) -> None:
    services.send_now(SYSTEM, draft)
    with pytest.raises(errors.MoveRefused, match="cannot be sent: it is Queued"):
        services.send_now(SYSTEM, draft)
    assert Dispatch.objects.count() == 1


def test_it_is_not_sent_other_than_it_was_looked_at(draft: Campaign) -> None:
    services.change(SYSTEM, draft, subject="Other")
    with pytest.raises(errors.ChangedSinceReview, match="Nothing was sent"):
        services.send_now(SYSTEM, draft, revision=draft.revision)
    assert Campaign.objects.get().state == State.DRAFT


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"subject": ""}, "subject", "Write a subject"),
        ({"html": ""}, "html", "Write the message"),
        ({"html": "<p>{{ first_name</p>"}, "html", "Line 1"),
        ({"subject": "{% if %}"}, "subject", "Line 1"),
        ({"lists": []}, "lists", "at least one list"),
        ({"from_local": ""}, "from_local", "before the @"),
        ({"sender_domain": None}, "sender_domain", "Choose the sender domain"),
    ],
)
def test_a_draft_that_is_not_ready_is_refused_at_the_field(
    sending: Sending, values: dict[str, object], field: str, words: str
) -> None:
    campaign = make_draft(sending, **values)
    with pytest.raises(ValidationError) as refused:
        services.send_now(SYSTEM, campaign)
    assert words in refused_at(refused.value, field)
    assert Campaign.objects.get().state == State.DRAFT
    assert not Dispatch.objects.exists()


def test_a_list_without_anybody_is_refused(sending: Sending, account: Account) -> None:
    campaign = make_draft(sending, lists=[make_list(account)])
    with pytest.raises(ValidationError) as refused:
        services.send_now(SYSTEM, campaign)
    assert "Nobody is subscribed" in refused_at(refused.value, "lists")


def test_a_list_of_suppressed_people_is_refused(sending: Sending, draft: Campaign) -> None:
    for person in Subscriber.objects.all():
        Suppression.objects.create(normalised=person.normalised, reason="complained")
    with pytest.raises(ValidationError) as refused:
        services.send_now(SYSTEM, draft)
    assert "suppressed" in refused_at(refused.value, "lists")


def test_a_domain_that_is_not_enabled_any_more_stops_it(draft: Campaign) -> None:
    SenderDomain.objects.update(status=SenderDomain.Status.DISABLED)
    with pytest.raises(ValidationError) as refused:
        services.send_now(SYSTEM, draft)
    assert "Disabled" in refused_at(refused.value, "sender_domain")


def test_without_an_allocated_server_nothing_is_sent(draft: Campaign) -> None:
    Allocation.objects.all().delete()
    with pytest.raises(ValidationError) as refused:
        services.send_now(SYSTEM, draft)
    assert "server" in refused_at(refused.value, "__all__")


def test_with_management_off_the_from_address_is_free(sending: Sending) -> None:
    accounts.change_group(SYSTEM, sending.account.group, sender_domain_management=False)
    campaign = make_draft(sending, from_address="anna@harbour.example", sender_domain=None)
    services.send_now(SYSTEM, campaign)
    dispatch = dispatched(campaign)
    assert dispatch.from_address == "anna@harbour.example"
    assert dispatch.sender_domain is None
    assert dispatch.from_local == ""


def test_management_turned_on_later_wants_a_domain(sending: Sending) -> None:
    accounts.change_group(SYSTEM, sending.account.group, sender_domain_management=False)
    campaign = make_draft(
        sending, from_address="anna@harbour.example", from_local="", sender_domain=None
    )
    accounts.change_group(SYSTEM, sending.account.group, sender_domain_management=True)
    with pytest.raises(ValidationError) as refused:
        services.send_now(SYSTEM, campaign)
    assert "sender domain" in refused_at(refused.value, "sender_domain")


def test_it_is_paused_resumed_and_cancelled_with_its_reasons(draft: Campaign) -> None:
    services.send_now(SYSTEM, draft)
    assert services.pause(SYSTEM, draft).state == State.PAUSED
    assert Campaign.objects.get().reason == "Paused by Posthouse."
    assert dispatched(draft).state == Dispatch.State.PAUSED

    assert services.resume(SYSTEM, draft).state == State.SENDING
    assert Campaign.objects.get().reason == ""

    cancelled = services.cancel(SYSTEM, draft)
    assert cancelled.state == State.CANCELLED
    assert cancelled.finished_at is not None
    assert dispatched(draft).state == Dispatch.State.CANCELLED
    verbs = ["campaign.pause", "campaign.resume", "campaign.cancel"]
    assert list(AuditRecord.objects.filter(verb__in=verbs).values_list("verb", flat=True)) == verbs


def test_it_is_pausing_while_an_engine_still_holds_some(draft: Campaign) -> None:
    services.send_now(SYSTEM, draft)
    Dispatch.objects.update(sending=2)
    assert services.pause(SYSTEM, draft).state == State.PAUSING
    with pytest.raises(errors.MoveRefused, match="cannot be resumed: it is Pausing"):
        services.resume(SYSTEM, draft)
    assert services.cancel(SYSTEM, draft).state == State.CANCELLED


def test_it_is_not_resumed_into_the_same_trouble(draft: Campaign) -> None:
    services.send_now(SYSTEM, draft)
    services.pause(SYSTEM, draft)
    SenderDomain.objects.update(status=SenderDomain.Status.SUSPENDED)
    with pytest.raises(errors.NoRoute, match="Suspended"):
        services.resume(SYSTEM, draft)
    assert Campaign.objects.get().state == State.PAUSED


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel"])
def test_what_has_ended_is_not_stopped(draft: Campaign, verb: str) -> None:
    services.send_now(SYSTEM, draft)
    Dispatch.objects.update(state=Dispatch.State.DONE, fanned_out=True)  # no event was read yet
    with pytest.raises(errors.MoveRefused, match="it is Sent"):
        getattr(services, verb)(SYSTEM, draft)


def test_drafts_are_not_paused(draft: Campaign) -> None:
    with pytest.raises(errors.MoveRefused, match="cannot be paused: it is Draft"):
        services.pause(SYSTEM, draft)


def test_a_cancelled_draft_is_never_sent(draft: Campaign) -> None:
    services.cancel(SYSTEM, draft)
    with pytest.raises(errors.MoveRefused, match="Cancelled"):
        services.send_now(SYSTEM, draft)


# ---------------------------------------------------------------------------------- test messages


def test_a_test_is_the_real_message_with_the_first_persons_values(
    sending: Sending, draft: Campaign
) -> None:
    test = services.send_test(SYSTEM, draft, ["Anna@Example.com", "bo@example.org"])
    rows = Delivery.objects.filter(dispatch=test.dispatch).order_by("id")
    assert [row.address for row in rows] == ["Anna@example.com", "bo@example.org"]
    assert [row.normalised for row in rows] == ["anna@example.com", "bo@example.org"]
    assert rows[0].merge["first_name"] == "Reader 0"
    assert test.dispatch.content == draft.content
    assert test.dispatch.sender_domain == sending.domain
    assert Campaign.objects.get().state == State.DRAFT


def test_a_test_is_filled_in_as_the_chosen_person(draft: Campaign) -> None:
    person = Subscriber.objects.order_by("-id")[0]
    test = services.send_test(SYSTEM, draft, ["a@example.com"], as_subscriber=person)
    assert test.filled_in_as == person.address
    assert Delivery.objects.get().merge["first_name"] == "Reader 2"


def test_a_test_needs_no_lists(sending: Sending) -> None:
    test = services.send_test(SYSTEM, make_draft(sending, lists=[]), ["a@example.com"])
    assert test.filled_in_as == ""
    assert Delivery.objects.get().merge["email"] == "somebody@example.com"


@pytest.mark.parametrize(
    ("addresses", "words"),
    [
        ([], "Enter an address"),
        (["  "], "Enter an address"),
        (["nobody"], "no @"),
        ([f"a{n}@example.com" for n in range(6)], "five at most"),
        (["a@example.com>\r\nRCPT TO:<b@example.com"], "control character"),
    ],
)
def test_wrong_test_addresses_are_refused(
    draft: Campaign, addresses: list[str], words: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        services.send_test(SYSTEM, draft, addresses)
    assert words in refused_at(refused.value, "addresses")
    assert not Dispatch.objects.exists()


def test_one_address_gets_one_test(draft: Campaign) -> None:
    services.send_test(SYSTEM, draft, ["a@example.com", "A@EXAMPLE.com"])
    assert Delivery.objects.count() == 1


def test_suppressed_addresses_get_no_test(draft: Campaign) -> None:
    Suppression.objects.create(normalised="a@example.com", reason="complained")
    with pytest.raises(ValidationError) as refused:
        services.send_test(SYSTEM, draft, ["A@example.com"])
    assert "suppressed" in refused_at(refused.value, "addresses")


def test_tests_are_limited_for_each_account(
    draft: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "TESTS_AT_MOST", 3)
    services.send_test(SYSTEM, draft, ["a@example.com", "b@example.com"])
    with pytest.raises(errors.TooManyTests, match="3 test messages in 60 minutes"):
        services.send_test(SYSTEM, draft, ["a@example.com", "b@example.com"])


# ------------------------------------------------------------------------------- two at one time


@pytest.mark.django_db(transaction=True)
def test_two_people_who_send_at_once_send_one_campaign(account: Account) -> None:
    with access.across_tenants():
        campaign = make_draft(make_sending(account, members=2))
    barrier = threading.Barrier(2)
    outcomes: list[str] = []

    def send() -> None:
        try:
            with access.across_tenants():
                barrier.wait(timeout=30)
                services.send_now(SYSTEM, campaign)
            outcomes.append("sent")
        except errors.MoveRefused:
            outcomes.append("refused")
        finally:
            connection.close()

    people = [threading.Thread(target=send) for _ in range(2)]
    for person in people:
        person.start()
    for person in people:
        person.join(timeout=60)
    assert sorted(outcomes) == ["refused", "sent"]
    with access.across_tenants():
        assert Dispatch.objects.count() == 1
        assert Campaign.objects.get().state == State.QUEUED


def test_a_refused_send_leaves_nothing_behind(draft: Campaign) -> None:
    ListMembership.objects.update(status="unsubscribed")
    with transaction.atomic(), pytest.raises(ValidationError):
        services.send_now(SYSTEM, draft)
    assert not Dispatch.objects.exists()
    assert Campaign.objects.get().queued_at is None
