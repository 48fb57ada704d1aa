"""What the operator's own domain must publish, since every account inherits it through CNAMEs."""

import base64
import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from posthouse.core.dns.answers import TEMPORARY, Answer, Answers, Outcome, Question
from posthouse.core.dns.names import normal_name
from posthouse.core.dns.records import RecordType
from posthouse.core.dns.templates import PLACEHOLDERS, DnsConfiguration
from posthouse.core.verification import spf, tags

MOST_ADDRESSES = 8  # of one host whose names are looked up


class State(StrEnum):
    """How one thing of the master domain stands."""

    OK = "ok"
    MISSING = "not_yet"
    WRONG = "wrong"
    COULD_NOT_CHECK = "could_not_check"


@dataclass(frozen=True, slots=True)
class Expected:
    """What is to be there: the hosts that accounts' CNAMEs lead to, by purpose, and the values.

    `public_key` is the key in use, in base64; empty where nothing is signed here.
    """

    return_paths: tuple[str, ...]
    dkim: tuple[str, ...]
    dmarc: tuple[str, ...]
    trackers: tuple[str, ...]
    spf: str
    public_key: str


@dataclass(frozen=True, slots=True)
class MasterFinding:
    """One thing that was looked at: how it stands, in a sentence, and what to do about it.

    `seen` is the DMARC policy that was found; what it asks for is told before a send.
    """

    check: str
    host: str
    state: State
    sentence: str
    next_step: str = ""
    seen: str = ""


# What accounts get of each, as the page says it.
INHERITED = {
    "SPF": "The return path of every sender domain passes SPF by this record.",
    "DKIM": "Every signature is checked with this key.",
    "DMARC": "Every sender domain without a DMARC policy of its own answers with this one.",
    "MX": "Bounces to every sender domain's return path are delivered here.",
    "Address": "Return paths and links of every sender domain lead to this host.",
    "PTR": "Receivers of every account's mail look up whether the server's name is real.",
}


def expected(configuration: DnsConfiguration, public_key: str = "") -> Expected:
    """The targets of all templates' CNAMEs and what [system] says of them."""
    system = configuration.system
    hosts: dict[str, dict[str, None]] = {}
    for template in (*configuration.campaign.values(), *configuration.gateway.values()):
        for pattern in template.patterns:
            fixed = not any(each in pattern.value for each in PLACEHOLDERS)
            if pattern.type is RecordType.CNAME and fixed:
                hosts.setdefault(pattern.purpose, {})[normal_name(pattern.value)] = None
    return Expected(
        return_paths=_hosts(hosts.get("return-path", ()), system.sender_domain),
        dkim=_hosts(hosts.get("dkim", ())),
        dmarc=_hosts(hosts.get("dmarc", ())),
        trackers=_hosts(hosts.get("tracking", ()), system.link_tracker, system.open_tracker),
        spf=system.spf,
        public_key=public_key or system.dkim_public_key,
    )


def public_key_of(private: RSAPrivateKey | Ed25519PrivateKey) -> str:
    """The public half as the p= tag holds it (RFC 6376 section 3.6.1, RFC 8463 section 4)."""
    public = private.public_key()
    if isinstance(private, Ed25519PrivateKey):
        octets = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    else:
        octets = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(octets).decode("ascii")


def next_questions(wanted: Expected, answers: Answers) -> tuple[Question, ...]:
    """What to ask now, knowing `answers`; empty when nothing more is to be known."""
    asked = dict.fromkeys(_questions(wanted, answers))
    return tuple(question for question in asked if question not in answers)


def judge(wanted: Expected, answers: Answers) -> tuple[MasterFinding, ...]:
    """A finding for each thing that accounts inherit."""
    found = [_spf(host, wanted.spf, answers) for host in wanted.return_paths]
    found += [_dkim(host, wanted.public_key, answers) for host in wanted.dkim]
    found += [_dmarc(host, answers) for host in wanted.dmarc]
    found += [_mail_exchanger(host, answers) for host in wanted.return_paths]
    found += [_address(host, answers) for host in _with_addresses(wanted)]
    for host in wanted.return_paths:
        found += [_name_of(address, answers) for address in _addresses(host, answers)]
    return tuple(found)


def _hosts(*groups: Iterable[str] | str) -> tuple[str, ...]:
    names = [[group] if isinstance(group, str) else group for group in groups]
    return tuple(dict.fromkeys(normal_name(name) for group in names for name in group if name))


def _with_addresses(wanted: Expected) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*wanted.return_paths, *wanted.trackers)))


def _questions(wanted: Expected, answers: Answers) -> Iterator[Question]:
    yield from ((host, "TXT") for host in (*wanted.return_paths, *wanted.dkim, *wanted.dmarc))
    yield from ((host, kind) for host in _with_addresses(wanted) for kind in ("A", "AAAA"))
    for host in wanted.return_paths:
        yield host, "MX"
        yield from ((each, kind) for each in _exchangers(host, answers) for kind in ("A", "AAAA"))
        for policy in filter(spf.is_policy, _values((host, "TXT"), answers)):
            yield from spf.lookups(policy, answers)[1]
        for address in _addresses(host, answers):
            pointer = _pointer(address)
            yield pointer
            names = _values(pointer, answers)
            yield from ((name, kind) for name in names[:1] for kind in ("A", "AAAA"))


def _spf(host: str, ours: str, answers: Answers) -> MasterFinding:
    policies = [text for text in _values((host, "TXT"), answers) if spf.is_policy(text)]
    if not policies:
        say = f"{host} has no SPF record, so no return path passes SPF."
        step = f"Publish at {host}, as TXT: v=spf1 {ours or 'ip4:ADDRESS'} -all"
        return _absent("SPF", host, _answer((host, "TXT"), answers), say, step)
    if len(policies) > 1:
        say = f"{host} has {len(policies)} SPF records; receivers take none of them."
        return _wrong("SPF", host, say, "Join them into one.")
    count, _ = spf.lookups(policies[0], answers)
    if count > spf.MOST_LOOKUPS:
        say = f"The SPF record of {host} needs more than {spf.MOST_LOOKUPS} look-ups: it fails."
        return _wrong("SPF", host, say, "Replace includes by the addresses that they stand for.")
    if mistake := spf.wrong_term(policies[0]):
        say = f"“{mistake}” in the SPF record of {host} is nothing that SPF knows: it fails."
        return _wrong("SPF", host, say, "Correct that term or take it out.")
    if ours and not spf.covers(policies[0], f"v=spf1 {ours}"):
        say = f"The SPF record of {host} lacks “{ours}”, which lets your servers send."
        return _wrong("SPF", host, say, f"Add {ours} before its “all”.")
    return _fine("SPF", host, f"One SPF record, {count} of {spf.MOST_LOOKUPS} look-ups.")


def _dkim(host: str, public_key: str, answers: Answers) -> MasterFinding:
    keys = [
        tags.dkim_key(text) for text in _values((host, "TXT"), answers) if tags.is_like_dkim(text)
    ]
    record = f"v=DKIM1; p={public_key}" if public_key else "the record that your server gives you"
    if not keys:
        say = f"{host} has no DKIM key, so no signature can be checked."
        return _absent(
            "DKIM", host, _answer((host, "TXT"), answers), say, f"Publish there, as TXT: {record}"
        )
    if len(keys) > 1:
        say = f"{host} has {len(keys)} keys; receivers may take the wrong one."
        return _wrong("DKIM", host, say, "Leave one; a second key needs a selector of its own.")
    if not keys[0]:
        say = f"The DKIM key at {host} is revoked (p= is empty)."
        return _wrong("DKIM", host, say, f"Publish instead: {record}")
    if not public_key:
        say = "A key is there. Which one is in use is not known here, as others sign."
        return _fine("DKIM", host, say)
    if keys[0] != public_key:
        say = f"The key at {host} is not the one that mail is signed with: every signature fails."
        return _wrong("DKIM", host, say, f"Publish instead: {record}")
    return _fine("DKIM", host, "The published key is the one that mail is signed with.")


def _dmarc(host: str, answers: Answers) -> MasterFinding:
    policies = [text for text in _values((host, "TXT"), answers) if tags.is_like_dmarc(text)]
    record = "v=DMARC1; p=none; adkim=r; aspf=r"
    if not policies:
        say = f"{host} has no DMARC policy; the sender domains that lead here have none either."
        return _absent(
            "DMARC", host, _answer((host, "TXT"), answers), say, f"Publish, as TXT: {record}"
        )
    if len(policies) > 1:
        return _wrong("DMARC", host, f"{host} has {len(policies)} policies.", "Leave one of them.")
    if mistake := tags.dmarc_mistake(policies[0]):
        say = f"Receivers ignore the DMARC policy at {host}: {mistake}."
        return _wrong("DMARC", host, say, f"Publish instead, for example: {record}")
    found = tags.tag_list(policies[0])
    strict = [name for name in ("adkim", "aspf") if found.get(name, "r").lower() == "s"]
    if strict:
        say = f"The policy at {host} wants exact names ({', '.join(strict)}=s)."
        say += " The return path is below the From domain, so SPF never counts for it."
        step = f"Set {' and '.join(f'{name}=r' for name in strict)}."
        return MasterFinding("DMARC", host, State.WRONG, say, step, policies[0])
    say = f"One policy, p={found['p'].lower()}, with relaxed alignment."
    return MasterFinding("DMARC", host, State.OK, say, seen=policies[0])


def _mail_exchanger(host: str, answers: Answers) -> MasterFinding:
    exchangers = _exchangers(host, answers)
    if not exchangers:
        say = f"{host} has no MX record: bounces do not come back."
        step = f"Publish at {host}: MX 10 and the name of the server that takes bounces."
        return _absent("MX", host, _answer((host, "MX"), answers), say, step)
    lost = [each for each in exchangers if not _addresses(each, answers)]
    if lost:
        say = f"The mail exchanger {lost[0]} has no address."
        return _wrong("MX", host, say, f"Give {lost[0]} an A record, or name another server.")
    return _fine("MX", host, f"Bounces go to {', '.join(exchangers)}.")


def _address(host: str, answers: Answers) -> MasterFinding:
    addresses = _addresses(host, answers)
    if not addresses:
        say = f"{host} has no address: what leads there leads nowhere."
        step = f"Publish an A record (and AAAA) for {host}."
        return _absent("Address", host, _answer((host, "A"), answers), say, step)
    return _fine("Address", host, f"It has {', '.join(addresses)}.")


def _name_of(address: str, answers: Answers) -> MasterFinding:
    pointer = _pointer(address)
    names = _values(pointer, answers)
    step = "Ask whoever gives you the address to set it to the name with which the server greets."
    if not names:
        say = f"{address} has no name (PTR); large receivers refuse mail from it."
        return _absent("PTR", address, _answer(pointer, answers), say, step)
    if address not in _addresses(names[0], answers):
        say = f"{address} is called {names[0]}, which does not lead back to it."
        return _wrong("PTR", address, say, f"Give {names[0]} the address {address}. Or: {step}")
    return _fine("PTR", address, f"It is called {names[0]}, which leads back to it.")


def _absent(check: str, host: str, answer: Answer, say: str, step: str) -> MasterFinding:
    """Missing; unless the look-up failed, which says nothing."""
    if answer.outcome in TEMPORARY:
        say = f"{answer.name} could not be looked up ({answer.outcome})."
        return MasterFinding(check, host, State.COULD_NOT_CHECK, say, "Check again later.")
    return MasterFinding(check, host, State.MISSING, say, step)


def _wrong(check: str, host: str, say: str, step: str) -> MasterFinding:
    return MasterFinding(check, host, State.WRONG, say, step)


def _fine(check: str, host: str, say: str) -> MasterFinding:
    return MasterFinding(check, host, State.OK, say)


def _answer(question: Question, answers: Answers) -> Answer:
    return answers.get(question) or Answer(*question, Outcome.TIMEOUT)


def _values(question: Question, answers: Answers) -> tuple[str, ...]:
    answer = answers.get(question)
    return answer.values if answer else ()


def _addresses(host: str, answers: Answers) -> tuple[str, ...]:
    found = (*_values((host, "A"), answers), *_values((host, "AAAA"), answers))
    return found[:MOST_ADDRESSES]


def _exchangers(host: str, answers: Answers) -> tuple[str, ...]:
    found = (normal_name(value.partition(" ")[2]) for value in _values((host, "MX"), answers))
    return tuple(name for name in found if name)  # "0 ." says: no mail here (RFC 7505)


def _pointer(address: str) -> Question:
    return ipaddress.ip_address(address).reverse_pointer, "PTR"
