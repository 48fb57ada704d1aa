"""What a DNS template leaves open: nothing that is refused, but what an operator should know."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from posthouse.core.dns.names import mfrom_host, tracking_host
from posthouse.core.dns.records import Record, RecordType
from posthouse.core.dns.templates import SystemDns, Template
from posthouse.core.verification import spf, tags

# Names that stand in examples, RFC 2606 and the manuals of others.
_EXAMPLE = re.compile(r"(?:^|[\s.@:\"])(example\.(?:com|net|org)|yourdomain\.com)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Caution:
    """Something to know about a template; the code is for scripts."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Made:
    """A template, and the records that it makes for a domain under the installation's names."""

    template: Template
    records: Sequence[Record]
    domain: str
    mfrom: str
    tracking: str

    def at(self, host: str, *kinds: RecordType) -> list[Record]:
        """The records at the host, of these types if any are named."""
        return [r for r in self.records if r.host == host and (not kinds or r.type in kinds)]

    def under(self, label: str, host: str) -> bool:
        """True if there is a record below `label` of the host."""
        return any(r.host.endswith(f".{label}.{host}") for r in self.records)


def made(template: Template, records: Sequence[Record], **names: str) -> Made:
    """`names`: domain, subdomain, prefix and merge, as the records were made with."""
    domain, subdomain = names["domain"], names["subdomain"]
    tracking = tracking_host(domain, subdomain, names["prefix"], names["merge"])
    return Made(template, records, domain, mfrom_host(domain, subdomain), tracking)


def warnings(made: Made, *, tracks: bool = True) -> tuple[Caution, ...]:
    """What to know before accounts are given this template. `tracks`: its mail has links."""
    if made.template.is_empty:
        return (Caution("no_records", _SENTENCES["no_records"]),)
    codes = [code for code, is_so in _JUDGED.items() if is_so(made)]
    found = [
        Caution(code, _SENTENCES[code].format(m=made))
        for code in codes
        if tracks or code != "no_tracking"
    ]
    return (*found, *_examples((f"{p.host} {p.value}" for p in made.template.patterns), "it"))


def system_warnings(system: SystemDns) -> tuple[Caution, ...]:
    """What [system] of the file leaves open."""
    return tuple(_examples((getattr(system, each.name) for each in fields(system)), "[system]"))


def _examples(texts: Iterable[str], where: str) -> list[Caution]:
    names = dict.fromkeys(name.lower() for text in texts for name in _EXAMPLE.findall(text))
    return [
        Caution("example_left", f"{name} is still in {where}: write your own domain instead.")
        for name in names
    ]


def _has_return_path(made: Made) -> bool:
    """A CNAME brings SPF and MX along; else both must stand there."""
    if made.at(made.mfrom, RecordType.CNAME):
        return True
    policies = [r for r in made.at(made.mfrom, RecordType.TXT) if spf.is_policy(r.value)]
    return bool(policies and made.at(made.mfrom, RecordType.MX))


def _several(is_one: Callable[[str], bool]) -> Callable[[Made], bool]:
    def judge(made: Made) -> bool:
        hosts = [r.host for r in made.records if r.type is RecordType.TXT and is_one(r.value)]
        return len(hosts) > len(set(hosts))

    return judge


_JUDGED: Mapping[str, Callable[[Made], bool]] = {
    "no_ownership": lambda made: not made.template.proves_ownership,
    "no_return_path": lambda made: not _has_return_path(made),
    "no_dkim_at_from": lambda made: not made.under("_domainkey", made.domain),
    "no_dmarc_at_from": lambda made: not made.at(f"_dmarc.{made.domain}"),
    "no_tracking": lambda made: not made.at(made.tracking),
    "cname_at_from": lambda made: bool(made.at(made.domain, RecordType.CNAME)),
    "several_spf": _several(spf.is_policy),
    "several_dmarc": _several(tags.is_like_dmarc),
}
_SENTENCES = {
    "no_records": "It asks for nothing: domains are Enabled as soon as they are added, and nobody"
    " has proven that a name is theirs.",
    "no_ownership": "No record holds _SenderDomainHash_, so nothing proves whose the domain is;"
    " whoever publishes a proof takes the name over.",
    "no_return_path": "Nothing at {m.mfrom} says where bounces go and who may send: a CNAME to your"
    " own domain, or an MX record and an SPF policy.",
    "no_dkim_at_from": "There is no DKIM key at {m.domain}, where mail signed by Posthouse is"
    " checked; only a delivery server that signs for {m.mfrom} passes.",
    "no_dmarc_at_from": "There is no DMARC policy at {m.domain}: receivers look for it at the From"
    " domain first, and large ones ask for one.",
    "no_tracking": "Nothing stands at {m.tracking}, where links and open images lead.",
    "cname_at_from": "{m.domain} itself would be a CNAME: it can then have no MX, SPF or other"
    " record, and the domain that was bought cannot be one at all.",
    "several_spf": "One host has several SPF policies; receivers take none of them.",
    "several_dmarc": "One host has several DMARC policies; receivers take none of them.",
}
