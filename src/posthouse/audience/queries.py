"""Reads of an audience: counts by status, search, who is suppressed and why."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Lower

from posthouse.accounts import access
from posthouse.accounts.models import Account
from posthouse.audience.columns import Field
from posthouse.audience.models import (
    CustomField,
    Import,
    ListMembership,
    Subscriber,
    SubscriberList,
    Suppression,
)
from posthouse.core.addresses import AddressRefused, comparison_key, parse_address

SUBSCRIBED = ListMembership.Status.SUBSCRIBED
UNSUBSCRIBED = ListMembership.Status.UNSUBSCRIBED


@dataclass(frozen=True, slots=True)
class Counts:
    """People on a list by status."""

    subscribed: int = 0
    unsubscribed: int = 0

    @property
    def total(self) -> int:
        return self.subscribed + self.unsubscribed


def counts_of(lists: Iterable[SubscriberList]) -> dict[int, Counts]:
    """Counts by the list's row id, in one statement; lists that nobody is on have zeros."""
    wanted = {row.pk: {"subscribed": 0, "unsubscribed": 0} for row in lists}
    found = ListMembership.objects.filter(list__in=wanted).values_list("list", "status")
    for pk, status, count in found.annotate(count=Count("pk")).order_by():
        wanted[pk][status] = count
    return {pk: Counts(**counts) for pk, counts in wanted.items()}


def members(in_list: SubscriberList, status: str = "", words: str = "") -> QuerySet[ListMembership]:
    """The people of a list, narrowed to a status and to addresses with these words."""
    rows = ListMembership.objects.filter(list=in_list).select_related("subscriber")
    if status:
        rows = rows.filter(status=status)
    return rows.filter(_matching(words, "subscriber__")) if words else rows


def subscribers(words: str = "") -> QuerySet[Subscriber]:
    """Everybody of the account, narrowed to addresses with these words."""
    rows = Subscriber.objects.all()
    return rows.filter(_matching(words)) if words else rows


def _matching(words: str, prefix: str = "") -> Q:
    """A whole address is found by the index; anything else by looking at each."""
    try:
        return Q(**{f"{prefix}normalised": comparison_key(parse_address(words))})
    except AddressRefused:
        return Q(**{f"{prefix}normalised__contains": words.strip().lower()})


def suppressions(account: Account, words: str = "") -> QuerySet[Suppression]:
    """The account's own suppressions, for all of its mail or for one list."""
    rows = Suppression.objects.filter(account=account).select_related("list")
    return rows.filter(_matching(words)) if words else rows


def suppression(account: Account, public_id: str) -> Suppression:
    """One of the account's own suppressions, or Missing."""
    row = suppressions(account).filter(public_id=public_id).first()
    if row is None:
        raise access.Missing("suppression", public_id)
    return row


def suppressed(
    account: Account, keys: Iterable[str], in_list: SubscriberList | None = None
) -> set[str]:
    """Those of the normalised addresses that get no mail from the account (or none of the list)."""
    return set(_in_force(account, in_list, keys).values_list("normalised", flat=True))


def suppressions_of(account: Account, subscriber: Subscriber) -> QuerySet[Suppression]:
    """Everything that keeps mail from one person: installation's, account's, and of any list."""
    scopes = Q(account=None) | Q(account=account)
    rows = Suppression.objects.filter(scopes, normalised=subscriber.normalised)
    return rows.select_related("list").order_by("created_at")


def _in_force(
    account: Account, in_list: SubscriberList | None, keys: Iterable[str]
) -> QuerySet[Suppression]:
    scopes = Q(account=None) | Q(account=account, list=None)
    if in_list is not None:
        scopes |= Q(account=account, list=in_list)
    return Suppression.objects.filter(scopes, normalised__in=list(keys))


def standings(
    account: Account, memberships: Iterable[ListMembership]
) -> list[tuple[ListMembership, str]]:
    """Memberships of one list with the status to show: its own, or suppressed."""
    rows = list(memberships)
    if not rows:
        return []
    keys = [row.subscriber.normalised for row in rows]
    out = suppressed(account, keys, rows[0].list)
    return [
        (row, "suppressed" if row.subscriber.normalised in out else str(row.status)) for row in rows
    ]


def custom_fields() -> list[CustomField]:
    """The account's fields by label."""
    return list(CustomField.objects.order_by(Lower("label"), "pk"))


def known_fields() -> list[Field]:
    """The same as plain values, for the reading of files."""
    return [Field(row.key, row.label, row.kind) for row in custom_fields()]


def imports_in_motion(in_list: SubscriberList) -> QuerySet[Import]:
    """Imports that wait to write into a list, or do."""
    states = [Import.State.QUEUED, Import.State.RUNNING]
    return Import.objects.filter(list=in_list, state__in=states)


def goes_with(in_list: SubscriberList) -> list[str]:
    """What a deletion of the list takes along, as words: ``3,000 memberships``, ``1 import``."""
    return _related(in_list, many_to_many=False)


def users_of(in_list: SubscriberList) -> list[str]:
    """What refers to the list and would have one list fewer, such as campaigns."""
    return _related(in_list, many_to_many=True)


def holders_of(field: CustomField) -> int:
    """How many subscribers have a value in a custom field."""
    return Subscriber.objects.filter(fields__has_key=field.key).count()


def _related(in_list: SubscriberList, *, many_to_many: bool) -> list[str]:
    """Rows that are there. Higher features are found by the relations that they declared."""
    found = []
    for relation in in_list._meta.related_objects:
        if relation.many_to_many != many_to_many:
            continue
        meta = relation.related_model._meta
        if count := int(getattr(in_list, str(relation.get_accessor_name())).count()):
            noun = meta.verbose_name if count == 1 else meta.verbose_name_plural
            found.append(f"{count:,} {noun}")
    return found


def memberships_of(person: Subscriber) -> list[ListMembership]:
    """A person's standing in each list, by the list's name."""
    return list(person.memberships.select_related("list").order_by("list__name"))


@dataclass(frozen=True, slots=True)
class Listed:
    """A person, the lists that they are subscribed to, and whether the account may mail them."""

    person: Subscriber
    lists: list[str]
    is_suppressed: bool


def with_lists(account: Account, people: Iterable[Subscriber]) -> list[Listed]:
    """The people with what a table of them shows, in two statements."""
    rows = list(people)
    names: dict[int, list[str]] = {row.pk: [] for row in rows}
    joined = ListMembership.objects.filter(subscriber__in=names, status=SUBSCRIBED)
    for pk, name in joined.order_by("list__name").values_list("subscriber", "list__name"):
        names[pk].append(name)
    out = suppressed(account, [row.normalised for row in rows])
    return [Listed(row, names[row.pk], row.normalised in out) for row in rows]


def imports_behind(memberships: Iterable[ListMembership]) -> set[str]:
    """Public ids of the imports that put people on lists, as far as they are still known."""
    named = {row.consent.get("import", "") for row in memberships}
    return set(Import.objects.filter(public_id__in=named).values_list("public_id", flat=True))
