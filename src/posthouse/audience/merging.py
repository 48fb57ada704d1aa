"""Writes a batch of people into a list in a handful of statements; run twice, it changes nothing.

Everything is done in the order of the normalised addresses, so that two imports with the same
people wait for each other instead of locking each other out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from posthouse.accounts.models import Account
from posthouse.audience.models import ListMembership, Subscriber, SubscriberList
from posthouse.audience.queries import suppressed
from posthouse.audience.rows import Person
from posthouse.audience.values import Value


@dataclass(frozen=True, slots=True)
class Target:
    """Where people go, and what is noted of how they came there."""

    account: Account
    list: SubscriberList
    source: str
    consent: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tally:
    """Rows by what they did: new to the list, there already; of both, the people who stay out."""

    added: int
    updated: int
    kept_out: int


def merge(target: Target, people: Sequence[Person]) -> Tally:
    """Adds and updates people. Needs a transaction around it, and is the only writer in it."""
    persons = _one_each(people)
    ids = _write_subscribers(target.account, persons)
    left, new = _write_memberships(target, ids)
    out = left | suppressed(target.account, persons, target.list)
    return Tally(
        added=len(new),
        updated=len(people) - len(new),
        kept_out=sum(person.key in out for person in people),
    )


def _one_each(people: Iterable[Person]) -> dict[str, Person]:
    """One entry an address; of several rows the later ones fill and replace fields."""
    persons: dict[str, Person] = {}
    for person in people:
        if known := persons.get(person.key):
            known.fields.update(person.fields)
        else:
            persons[person.key] = person
    return dict(sorted(persons.items()))


def _write_subscribers(account: Account, persons: Mapping[str, Person]) -> dict[str, int]:
    """Row ids by normalised address, after adding who is new and filling fields of who is not."""
    there = Subscriber.objects.filter(normalised__in=list(persons)).order_by("normalised")
    known = set(there.values_list("normalised", flat=True))
    new = [
        Subscriber(account=account, address=one.address, normalised=key, fields=one.fields)
        for key, one in persons.items()
        if key not in known
    ]
    # Another import may add the same people in this moment: whoever comes second finds them below.
    Subscriber.objects.bulk_create(new, ignore_conflicts=True)
    rows = list(there.select_for_update().values_list("pk", "address", "normalised", "fields"))
    _fill(account, rows, persons)
    return {key: pk for pk, _, key, _ in rows}


def _fill(
    account: Account,
    rows: Iterable[tuple[int, str, str, dict[str, Value]]],
    persons: Mapping[str, Person],
) -> None:
    """Writes the fields that differ; a blank never replaces a value."""
    changed = []
    for _, address, key, known in rows:
        fields = known | persons[key].fields
        if fields != known:
            row = Subscriber(account=account, address=address, normalised=key, fields=fields)
            changed.append(row)
    Subscriber.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["account", "normalised"],
        update_fields=["fields"],
    )


def _write_memberships(target: Target, ids: Mapping[str, int]) -> tuple[set[str], set[str]]:
    """Addresses of who left the list before, and of who is new to it and was put on it."""
    standing = ListMembership.objects.filter(list=target.list, subscriber__in=ids.values())
    status = dict(standing.values_list("subscriber_id", "status"))
    new = {key for key, pk in ids.items() if pk not in status}
    ListMembership.objects.bulk_create(
        [
            ListMembership(
                account=target.account,
                list=target.list,
                subscriber_id=ids[key],
                source=target.source,
                consent=target.consent,
            )
            for key in sorted(new)
        ],
        ignore_conflicts=True,
    )
    gone = ListMembership.Status.UNSUBSCRIBED
    return {key for key, pk in ids.items() if status.get(pk) == gone}, new
