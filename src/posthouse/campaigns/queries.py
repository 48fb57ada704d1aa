"""Reads of campaigns and of the people whom they would reach."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from posthouse.accounts import access
from posthouse.accounts.models import Account
from posthouse.audience.models import (
    CustomField,
    ListMembership,
    Subscriber,
    SubscriberList,
    Suppression,
)
from posthouse.audience.queries import suppressed
from posthouse.campaigns.models import Campaign
from posthouse.campaigns.states import State
from posthouse.core.addresses import AddressRefused, comparison_key, parse_address
from posthouse.deliveries.models import Delivery
from posthouse.domains.models import SenderDomain

LOOKED_AT: Final = 20_000  # people; more would make a page wait for a number that is a hint


@dataclass(frozen=True, slots=True)
class Audience:
    """How many people some lists reach: each counted once, however many lists they are on."""

    members: int = 0
    suppressed: int = 0

    @property
    def recipients(self) -> int:
        return self.members - self.suppressed


# Queued is shown as Sending from the moment that its fan-out has begun (Campaign.shown_state).
_BEGUN = Q(dispatch__fan_out_after__gt=0)


def campaigns(state: str = "", words: str = "") -> QuerySet[Campaign]:
    """The account's campaigns, narrowed to a state as it is shown, and to words in the name."""
    rows = Campaign.objects.select_related("dispatch", "content", "sender_domain")
    rows = rows.defer("content__html", "content__text")  # 50 kB each, and no list shows them
    if words:
        rows = rows.filter(name__icontains=words)
    match state:
        case "":
            return rows
        case State.QUEUED:
            return rows.filter(~_BEGUN, state=State.QUEUED)
        case State.SENDING:
            return rows.filter(Q(state=State.SENDING) | Q(_BEGUN, state=State.QUEUED))
        case _:
            return rows.filter(state=state)


def counts_by_state(words: str = "") -> dict[str, int]:
    """How many campaigns stand in each state, as it is shown."""
    rows = campaigns(words=words)
    stored = dict(rows.values_list("state").annotate(count=Count("pk")).order_by())
    begun = rows.filter(_BEGUN, state=State.QUEUED).count()
    stored[State.SENDING] = stored.get(State.SENDING, 0) + begun
    stored[State.QUEUED] = stored.get(State.QUEUED, 0) - begun
    return {str(state): count for state, count in stored.items() if count}


def find(public_id: str) -> Campaign:
    """The account's campaign, or access.Missing."""
    rows = Campaign.objects.select_related(
        "account__group", "content", "sender_domain", "dispatch", "created_by"
    )
    return access.find(rows, public_id)


def lists_of(campaign: Campaign) -> list[SubscriberList]:
    """The lists that it goes to, in a fixed order."""
    return list(campaign.lists.order_by("pk"))


def enabled_domains() -> QuerySet[SenderDomain]:
    """What the From dropdown offers."""
    return SenderDomain.objects.filter(status=SenderDomain.Status.ENABLED).order_by("name")


def members_of(lists: Iterable[SubscriberList]) -> QuerySet[Subscriber]:
    """Who is subscribed to any of the lists that does not suppress their address.

    Chosen as ``deliveries/fan_out.py`` does; those whom the account suppresses are among them.
    """
    listed = Suppression.objects.filter(
        normalised=OuterRef(OuterRef("normalised")), list=OuterRef("list")
    )
    standing = ListMembership.objects.filter(
        ~Exists(listed),
        subscriber=OuterRef("pk"),
        list__in=list(lists),
        status=ListMembership.Status.SUBSCRIBED,
    )
    return Subscriber.objects.filter(Exists(standing))


def audience(account: Account, lists: Sequence[SubscriberList]) -> Audience:
    """Whom the lists reach now."""
    if not lists:
        return Audience()
    members = members_of(lists)
    out = Suppression.objects.filter(
        Q(account=None) | Q(account=account), normalised=OuterRef("normalised"), list=None
    )
    return Audience(members=members.count(), suppressed=members.filter(Exists(out)).count())


def gaps(lists: Sequence[SubscriberList], keys: Iterable[str]) -> tuple[dict[str, int], int]:
    """For each field how many people have no value, and how many people were looked at."""
    looked_at = members_of(lists).order_by("pk").values("pk")[:LOOKED_AT]
    people = Subscriber.objects.filter(pk__in=looked_at)
    without = {key: people.exclude(fields__has_key=key).count() for key in keys}
    return without, people.count() if without else 0


def known_fields() -> dict[str, str]:
    """Keys that merge tags may ask for, with the words for people."""
    own = dict(CustomField.objects.order_by("label").values_list("key", "label"))
    return {"email": "E-mail address", **own}


def sample(lists: Sequence[SubscriberList]) -> Subscriber | None:
    """Somebody of the audience, always the same one: the first who joined."""
    return members_of(lists).order_by("pk").first() if lists else None


def subscriber(public_id: str) -> Subscriber:
    """The account's subscriber, or access.Missing."""
    return access.find(Subscriber.objects.all(), public_id)


def subscriber_with(address: str) -> Subscriber | None:
    """The account's subscriber with this address, however it is written."""
    try:
        key = comparison_key(parse_address(address))
    except AddressRefused:
        return None
    return Subscriber.objects.filter(normalised=key).first()


def merge_values(person: Subscriber | None) -> dict[str, str]:
    """What is filled in: a person's values as text; without a person each field's own label."""
    if person is None:
        return known_fields() | {"email": "somebody@example.com"}
    return person.merge_values()


def suppressed_among(account: Account, keys: Iterable[str]) -> list[str]:
    """Those of the normalised addresses that get no mail from the account, in their order."""
    wanted = list(keys)
    out = suppressed(account, wanted)
    return [key for key in wanted if key in out]


def tested_since(account: Account, since: datetime) -> int:
    """Test messages of the account that were made since then."""
    return Delivery.objects.filter(
        account=account, dispatch__origin="test", dispatch__created_at__gte=since
    ).count()
