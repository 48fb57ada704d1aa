"""The records of a sender domain as a person publishes them, in the words of their provider."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from posthouse.core.dns.records import relative_host
from posthouse.core.verification import hosting
from posthouse.domains import health
from posthouse.domains.models import DomainKey, DomainRecord, SenderDomain

# A key that comes or goes: what to do with its record, and why.
_KEYS: Mapping[str, tuple[str, str]] = {
    DomainKey.State.WAITING: (
        "New key: publish this beside the old one",
        "It signs as soon as a check has found it; until then the old key does.",
    ),
    DomainKey.State.SIGNING: (
        "Key in use: leave it in place",
        "Receivers check your mail with it.",
    ),
    DomainKey.State.RETIRED: (
        "Old key: leave until {until}, then remove",
        "Mail that is still on its way was signed with it.",
    ),
}
_OTHER: Final = ("Not needed", "It does not count for the status of the domain.")


_Words = tuple[str, str]  # a sentence and its next step

_NEED: Mapping[str, int] = {
    DomainRecord.State.WRONG: 0,
    DomainRecord.State.NOT_YET: 1,
    DomainRecord.State.COULD_NOT_CHECK: 2,
    DomainRecord.State.NOT_CHECKED: 3,
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One record: `relative` is what a form takes that adds `zone` to the host by itself."""

    host: str
    relative: str
    zone: str
    type: str
    value: str
    what_for: str
    state: str
    code: str
    finding: str
    advice: str
    seen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Apart:
    """A record that does not count for the status, and what is to be done with it."""

    title: str
    lead: str
    record: Shown


@dataclass(frozen=True, slots=True)
class Words:
    """What the form of the domain's DNS provider calls host and value; `provider` "": unknown."""

    provider: str
    host: str
    value: str


def standing(domain: SenderDomain) -> dict[str, Any]:
    """What the page of the domain shows: its records, those apart, advice, the provider's words."""
    records = list(domain.records.select_related("key").order_by("position"))
    required = [record for record in records if record.required]
    rows = shown(domain, sorted(required, key=_by_need))
    alike = _alike(rows)
    return {
        "published": all(record.state == DomainRecord.State.OK for record in required),
        "health": health.of([domain.pk])[domain.pk],
        "records": [_left(row, alike) for row in rows],
        "apart": apart(domain, (record for record in records if not record.required)),
        "advice": [*_told_once(alike), *further_advice(domain, required)],
        "words": words(domain),
    }


def shown(domain: SenderDomain, records: Iterable[DomainRecord]) -> list[Shown]:
    """The records with the host in both forms."""
    return [_shown(domain, record) for record in records]


def apart(domain: SenderDomain, records: Iterable[DomainRecord]) -> list[Apart]:
    """The records that are not required, each with what is to be done with it."""
    return [_apart(_shown(domain, record), record.key) for record in records]


def told(domain: SenderDomain, record: DomainRecord) -> dict[str, Any]:
    """One record for scripts, in the words of `posthouse domains explain`."""
    return {
        "host": record.host,
        "relative_host": relative_host(record.host, domain.registered),
        "type": record.type,
        "value": record.value,
        "purpose": record.purpose,
        "required": record.required,
        "state": record.state,
        "code": record.code,
        "sentence": record.finding,
        "next_step": record.advice,
        "seen": record.seen,
    }


def words(domain: SenderDomain) -> Words:
    """As its provider says it, if the last check saw who that is."""
    known = hosting.named(domain.dns_provider)
    return Words(known.name, known.host, known.value) if known else Words("", "Host", "Value")


def _alike(rows: Iterable[Shown]) -> dict[_Words, list[Shown]]:
    """What several records have in common: the same sentence with the same next step."""
    by_words: dict[_Words, list[Shown]] = {}
    for row in rows:
        if row.finding and row.state != DomainRecord.State.OK:
            by_words.setdefault((row.finding, row.advice), []).append(row)
    return {words: rows for words, rows in by_words.items() if len(rows) > 1}


def _told_once(alike: Mapping[_Words, list[Shown]]) -> list[dict[str, Any]]:
    return [
        {
            "code": rows[0].code,
            "sentence": f"{sentence} This concerns {len(rows)} records.",
            "next_step": next_step,
        }
        for (sentence, next_step), rows in alike.items()
    ]


def _left(row: Shown, alike: Mapping[_Words, list[Shown]]) -> Shown:
    """The record without what is told once above all of them."""
    said = (row.finding, row.advice) in alike
    return replace(row, finding="", advice="") if said else row


def further_advice(domain: SenderDomain, records: Iterable[DomainRecord]) -> list[dict[str, Any]]:
    """The advice about the domain as a whole: what no record of its own tells already."""
    told = {record.code for record in records}
    return [each for each in domain.advice if each["code"] not in told]


def _by_need(record: DomainRecord) -> int:
    """What somebody must do something about comes first; before a check nothing is known."""
    return _NEED.get(record.state, len(_NEED))


def _apart(record: Shown, key: DomainKey | None) -> Apart:
    title, lead = _KEYS[key.state] if key else _OTHER
    until = f"{key.keep_until:%-d %b %Y}" if key and key.keep_until else "it is not used any more"
    return Apart(title.format(until=until), lead, record)


def _shown(domain: SenderDomain, record: DomainRecord) -> Shown:
    return Shown(
        host=record.host,
        relative=relative_host(record.host, domain.registered),
        zone=domain.registered,
        type=record.type,
        value=record.value,
        what_for=record.what_for,
        state=record.state,
        code=record.code,
        finding=record.finding,
        advice=record.advice,
        seen=tuple(record.seen),
    )
