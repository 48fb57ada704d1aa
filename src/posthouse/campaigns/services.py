"""The verbs on campaigns: write, copy, test, send, pause, resume, cancel."""

from datetime import timedelta
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from posthouse.accounts import audit
from posthouse.accounts.actors import Actor
from posthouse.accounts.models import Account
from posthouse.accounts.permissions import demand
from posthouse.audience.models import Subscriber
from posthouse.campaigns import queries, reviews, validation
from posthouse.campaigns.errors import (
    ChangedMeanwhile,
    ChangedSinceReview,
    MoveRefused,
    NoDraft,
    NoRoute,
    TooManyTests,
)
from posthouse.campaigns.following import announce, follow, locked
from posthouse.campaigns.models import Campaign, CampaignTest
from posthouse.campaigns.states import Move, State, allows
from posthouse.content.parts import PART_NAMES
from posthouse.content.services import save_version
from posthouse.core.channels import Channel
from posthouse.deliveries import services as deliveries
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.quotas import LimitReached, demand_room
from posthouse.deliveries.route import RouteRefused
from posthouse.deliveries.services import Addressee, DispatchRefused

CHANNEL: Final = Channel.MARKETING
TESTS_AT_MOST: Final = 60  # test messages of an account in TESTS_PER
TESTS_PER: Final = timedelta(hours=1)

FIELDS: Final = (
    "name",
    "from_name",
    "from_local",
    "sender_domain",
    "from_address",
    "reply_to",
    "goes_on_by_itself",
)

# ---------------------------------------------------------------------------------------- writing


@transaction.atomic
def create(actor: Actor, account: Account, **values: Any) -> Campaign:
    """A new draft. ``values`` are FIELDS, the parts of the content, and ``lists`` (rows)."""
    demand(actor, "edit")
    campaign = Campaign(account=account, created_by=actor.user)
    _fill(actor, campaign, {"name": "", **values}, is_new=True)
    audit.record(actor, "campaign.create", campaign, account=account)
    return campaign


@transaction.atomic
def change(
    actor: Actor, campaign: Campaign, *, revision: int | None = None, **values: Any
) -> Campaign:
    """Changes the named fields of a draft and leaves the others; returns the row as it now is.

    With the ``revision`` that the person saw, a change by somebody else since is not overwritten.
    """
    demand(actor, "edit")
    row = _draft(campaign, "changed")
    if revision is not None and row.revision != revision:
        raise ChangedMeanwhile(row.name)
    before, after = _fill(actor, row, values)
    if after:
        audit.record(actor, "campaign.change", row, account=row.account, before=before, after=after)
    return row


@transaction.atomic
def duplicate(actor: Actor, campaign: Campaign) -> Campaign:
    """A new draft with the same sender, content and lists, whatever became of the original."""
    demand(actor, "edit")
    copy = Campaign(account=campaign.account, created_by=actor.user, content=campaign.content)
    for field in FIELDS:
        setattr(copy, field, getattr(campaign, field))
    copy.name = f"Copy of {campaign.name}"[: validation.LONGEST_NAME]
    copy.save()
    copy.lists.set(campaign.lists.all())
    audit.record(
        actor, "campaign.duplicate", copy, account=copy.account, after={"of": campaign.public_id}
    )
    return copy


@transaction.atomic
def delete(actor: Actor, campaign: Campaign) -> None:
    """Deletes a draft; what was sent stays, with its deliveries."""
    demand(actor, "edit")
    row = _draft(campaign, "deleted")
    audit.record(actor, "campaign.delete", row, account=row.account)
    row.delete()


def _draft(campaign: Campaign, verb: str) -> Campaign:
    row = locked(campaign.pk)
    if not row.is_draft:
        raise NoDraft(row.name, verb, State(row.shown_state).label)
    return row


def _fill(
    actor: Actor, row: Campaign, values: dict[str, Any], *, is_new: bool = False
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Writes what differs; returns it as (before, after)."""
    kept = validation.fields(row.account, _without_unchanged_domain(row, values))
    lists = kept.pop("lists", None)
    parts = {name: kept.pop(name) for name in PART_NAMES if name in kept}
    if parts or is_new:
        present = {} if is_new else {name: getattr(row.content, name) for name in PART_NAMES}
        written = dict.fromkeys(PART_NAMES, "") | present | parts
        kept["content"] = save_version(actor, row.account, **written)
    before, after = ({}, dict(kept)) if is_new else audit.changes(row, kept)
    for name in after:
        setattr(row, name, kept[name])
    if lists is not None and (is_new or lists != queries.lists_of(row)):
        before["lists"] = [] if is_new else [one.name for one in queries.lists_of(row)]
        after["lists"] = [one.name for one in lists]
    if after:
        row.revision += not is_new
        row.save()
    if "lists" in after:
        row.lists.set(lists or [])
    return before, after


def _without_unchanged_domain(row: Campaign, values: dict[str, Any]) -> dict[str, Any]:
    """A domain that lost its status since does not keep a person from changing other fields."""
    domain = values.get("sender_domain")
    if isinstance(domain, Model) and domain.pk == row.sender_domain_id:
        return {name: value for name, value in values.items() if name != "sender_domain"}
    return values


# ---------------------------------------------------------------------------------------- sending


@transaction.atomic
def send_test(
    actor: Actor,
    campaign: Campaign,
    addresses: list[str],
    as_subscriber: Subscriber | None = None,
) -> CampaignTest:
    """Sends exactly the real message to up to five addresses, on its real way.

    The values of ``as_subscriber``, or else of the first recipient, are filled in. Raises
    ValidationError by field, and TooManyTests.
    """
    demand(actor, "send")
    account = campaign.account
    found = validation.test_addresses(addresses)
    _refuse_suppressed(account, found)
    draft = reviews.draft_of(campaign)
    reviews.demand_sendable(reviews.review(draft, to_lists=False))
    _refuse_too_many(account, len(found))
    person = as_subscriber or queries.sample(draft.lists)
    values = queries.merge_values(person)
    dispatch = deliveries.start_to_addressees(
        account,
        CHANNEL,
        campaign.content,
        draft.sender,
        [Addressee(address, key, values) for key, address in found.items()],
        origin="test",
    )
    test = CampaignTest.objects.create(
        account=account,
        campaign=campaign,
        dispatch=dispatch,
        filled_in_as=person.address if person else "",
        created_by=actor.user,
    )
    audit.record(
        actor, "campaign.test", campaign, account=account, after={"to": list(found.values())}
    )
    return test


def send_now(actor: Actor, campaign: Campaign, *, revision: int | None = None) -> Campaign:
    """Sends a draft to its lists, once, however often and by however many it is asked.

    With the ``revision`` that the person looked at, nothing else is sent in its place. Raises
    ValidationError by field where the draft is not ready.
    """
    demand(actor, "send")
    seen = Campaign.objects.select_related("account__group", "content").get(pk=campaign.pk)
    if not seen.is_draft:
        raise MoveRefused(seen.name, Move.QUEUE, State(seen.shown_state).label)
    if revision is not None and seen.revision != revision:
        raise ChangedSinceReview(seen.name)
    # Outside the transaction: counting a million people must not hold the database.
    draft = reviews.draft_of(seen)
    review = reviews.review(draft)
    reviews.demand_sendable(review)
    return _queue(actor, seen, draft, review.audience.recipients)


@transaction.atomic
def _queue(actor: Actor, seen: Campaign, draft: reviews.Draft, expected: int) -> Campaign:
    """Draft to Queued by compare-and-swap on the revision that was reviewed."""
    as_reviewed = Campaign.objects.filter(
        pk=seen.pk, state=State.DRAFT, revision=seen.revision
    ).update(state=State.QUEUED, expected=expected, queued_at=timezone.now())
    campaign = locked(seen.pk)
    if not as_reviewed and campaign.is_draft:
        raise ChangedSinceReview(seen.name)
    if not as_reviewed:
        raise MoveRefused(seen.name, Move.QUEUE, State(campaign.shown_state).label)
    campaign.dispatch = deliveries.start_to_lists(
        campaign.account,
        CHANNEL,
        campaign.content,
        draft.sender,
        [one.pk for one in draft.lists],
        origin="campaign",
        goes_on_by_itself=campaign.goes_on_by_itself,
    )
    campaign.save(update_fields=["dispatch"])
    audit.record(
        actor, "campaign.send", campaign, account=campaign.account, after={"expected": expected}
    )
    announce(campaign, State.DRAFT)
    return campaign


@transaction.atomic
def pause(actor: Actor, campaign: Campaign) -> Campaign:
    """Pausing until every engine has handed back what it holds, then Paused."""
    row = _ready_for(Move.PAUSE, actor, campaign)
    return _turn(Move.PAUSE, actor, row)


@transaction.atomic
def resume(actor: Actor, campaign: Campaign) -> Campaign:
    """Sends on to those who are left; raises NoRoute where it would be stopped again at once."""
    row = _ready_for(Move.RESUME, actor, campaign)
    try:
        reviews.route_of(reviews.draft_of(row))
        demand_room(row.account, database_now())
    except RouteRefused as refused:
        raise NoRoute(row.name, str(refused)) from refused
    except LimitReached as reached:
        sentence = reached.sentence(by_itself=row.goes_on_by_itself)
        raise NoRoute(row.name, sentence) from reached
    return _turn(Move.RESUME, actor, row)


@transaction.atomic
def cancel(actor: Actor, campaign: Campaign) -> Campaign:
    """Nobody else gets it from now on; what has left cannot be called back."""
    row = _ready_for(Move.CANCEL, actor, campaign)
    if row.dispatch is not None:
        return _turn(Move.CANCEL, actor, row)
    before, row.state, row.finished_at = row.state, State.CANCELLED, timezone.now()
    row.reason = f"Cancelled by {actor.name}."
    row.save(update_fields=["state", "reason", "finished_at"])
    audit.record(actor, "campaign.cancel", row, account=row.account)
    announce(row, before)
    return row


def _ready_for(move: Move, actor: Actor, campaign: Campaign) -> Campaign:
    demand(actor, "send")
    row = locked(campaign.pk)
    follow(row)  # the dispatch may be further than the last event told
    if not allows(row.state, move):
        raise MoveRefused(row.name, move, State(row.state).label)
    return row


def _turn(move: Move, actor: Actor, row: Campaign) -> Campaign:
    assert row.dispatch is not None
    before = {"state": row.state}
    try:
        match move:
            case Move.PAUSE:
                deliveries.pause(row.dispatch, f"Paused by {actor.name}.")
            case Move.RESUME:
                deliveries.resume(row.dispatch)
            case Move.CANCEL:
                deliveries.cancel(row.dispatch, f"Cancelled by {actor.name}.")
    except DispatchRefused as refused:  # it ended between our look and our word
        raise MoveRefused(row.name, move, refused.state) from refused
    after = follow(row)
    audit.record(
        actor, f"campaign.{move}", row, account=row.account, before=before, after=dict(after)
    )
    return row


def _refuse_suppressed(account: Account, found: dict[str, str]) -> None:
    out = [found[key] for key in queries.suppressed_among(account, found)]
    if out:
        sentences = [f"{address} is suppressed: it gets no mail from here." for address in out]
        raise ValidationError({"addresses": sentences})


def _refuse_too_many(account: Account, more: int) -> None:
    since = timezone.now() - TESTS_PER
    if queries.tested_since(account, since) + more > TESTS_AT_MOST:
        raise TooManyTests(TESTS_AT_MOST, TESTS_PER)
