"""Explains domains without changing anything: registered ones, and names that nobody registered."""

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from posthouse.accounts.dns_configuration import configuration
from posthouse.core.addresses import normalise_domain
from posthouse.core.dns import names
from posthouse.core.dns.records import Record
from posthouse.core.dns.templates import RecordPattern, Template, generate
from posthouse.core.verification.diagnosis import Diagnosis
from posthouse.domains.errors import DomainRefused
from posthouse.domains.examine import Examination, NameServers, examine_async
from posthouse.domains.models import SenderDomain
from posthouse.domains.samples import subdomain_of
from posthouse.domains.settling import asked_of

UNREGISTERED = "unregistered"
AT_ONCE = 8  # domains in one call; each asks up to about a hundred questions

_TOKENS = ("_SenderDomainHash_", "_SenderDomainRandom_")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?", re.IGNORECASE)


class TokenIncomplete(DomainRefused):
    """The template puts the token at a host of its own, and the label of that host is not known."""

    def __init__(self, token: str) -> None:
        super().__init__(
            "The DNS template puts the token at a host of its own; write LABEL:VALUE, as in"
            f" abcdefghij:{token or 'T0ken'}, to say which."
        )


class TemplateUnknown(DomainRefused):
    """Nothing of this name is in the file of DNS templates."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(
            f"There is no DNS template “{name}”. There are: {', '.join(known) or 'none'}."
        )
        self.name = name


@dataclass(frozen=True, slots=True)
class Subject:
    """A domain to explain: its name, its status, the records that it must publish, and the
    ownership records of earlier sets.
    """

    domain: str
    status: str
    records: tuple[Record, ...]
    earlier: tuple[Record, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """A domain and what DNS says of it now."""

    subject: Subject
    examination: Examination


def of_registered(domain: SenderDomain) -> Subject:
    """A domain of an account, with the records that it must publish."""
    asked = asked_of(domain)
    return Subject(domain.name, domain.status, tuple(asked.records), tuple(asked.earlier))


def of_stranger(name: str, template: str, token: str = "") -> Subject:
    """A name that nobody registered, with what the named template would ask of it.

    `token`: LABEL:VALUE of the ownership record; a text without a colon that can be a label stands
    for both. Without a token that record is left out, for only an account has one.
    Raises BadDomain, TemplateUnknown, TokenIncomplete or a DnsError.
    """
    domain = normalise_domain(name)
    label, value = _label_and_value(token)
    section, found = _template(template)
    wanted = _fillable(found, label, value)
    subdomain, prefix, merge = names.checked_settings(
        subdomain_of(section), settings.DNS_TRACK_PREFIX, settings.DNS_TRACK_MERGE
    )
    records = generate(
        wanted,
        domain=domain,
        subdomain=subdomain,
        track_prefix=prefix,
        track_merge=merge,
        tracking_subdomain=True,
        random=label,
        ownership_hash=value,
    )
    return Subject(domain, UNREGISTERED, records)


def explain(subjects: Sequence[Subject], servers: NameServers) -> list[Explanation]:
    """What DNS says of each, in order; a few at the same time, each within about 15 seconds."""
    return asyncio.run(_explain(subjects, servers))


def told(explanation: Explanation) -> dict[str, Any]:
    """An explanation for scripts; the codes are those of docs/account/dns-findings.md."""
    return {
        "domain": explanation.subject.domain,
        "status": explanation.subject.status,
        "records": [_told_record(each) for each in explanation.examination.diagnoses],
        "advice": [each.told for each in explanation.examination.advice],
    }


async def _explain(subjects: Iterable[Subject], servers: NameServers) -> list[Explanation]:
    room = asyncio.Semaphore(AT_ONCE)

    async def one(subject: Subject) -> Explanation:
        async with room:
            found = await examine_async(
                subject.records, subject.domain, servers, earlier=subject.earlier
            )
            return Explanation(subject, found)

    return await asyncio.gather(*map(one, subjects))


def _told_record(diagnosis: Diagnosis) -> dict[str, Any]:
    record = diagnosis.finding.record
    return {
        "host": record.host,
        "type": record.type.value,
        "state": diagnosis.verdict.value,
        "code": diagnosis.fault.value,
        "found": list(diagnosis.seen),
        "expected": record.value,
        "sentence": diagnosis.problem,
        "next_step": " ".join(filter(None, (diagnosis.advice, diagnosis.visible))),
    }


def _template(name: str) -> tuple[str, Template]:
    """The campaign template of this name, or else that of the e-mail gateway; and which it is."""
    known = configuration()
    for section, templates in (("campaign", known.campaign), ("gateway", known.gateway)):
        if name in templates:
            return section, templates[name]
    raise TemplateUnknown(name, {**known.campaign, **known.gateway})


def _label_and_value(token: str) -> tuple[str, str]:
    label, colon, value = token.partition(":")
    usable = label.lower() if _LABEL.fullmatch(label) else ""
    return usable, value if colon else token


def _fillable(template: Template, label: str, value: str) -> Template:
    """The template without the records that only an account's token can fill."""
    asks_label = any("_SenderDomainRandom_" in _text(each) for each in template.patterns)
    if asks_label and bool(value) != bool(label):
        raise TokenIncomplete(value)
    if value:
        return template
    return replace(
        template,
        patterns=tuple(
            each for each in template.patterns if not any(mark in _text(each) for mark in _TOKENS)
        ),
    )


def _text(pattern: RecordPattern) -> str:
    return f"{pattern.host} {pattern.value}"
