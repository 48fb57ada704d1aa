"""Says before a send what receivers will make of SPF, DKIM and DMARC, and why.

SPF speaks for the domain of the return path (RFC 7208), a DKIM signature for its `d=` (RFC 6376).
DMARC passes if one of the two passes for a domain that is aligned with From: the same one, or,
unless the policy is strict, one of the same owner (RFC 7489 section 3.1).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from posthouse.core.dns.names import registered_domain
from posthouse.core.verification.evidence import Evidence, Outlook, Policy, Stored, evidence, policy


@dataclass(frozen=True, slots=True)
class Signature:
    """Where receivers find the key of a DKIM signature."""

    domain: str
    selector: str


@dataclass(frozen=True, slots=True)
class Mail:
    """How a message leaves: its From domain, its return path's, and who signs it for whom.

    `signatures` is None where the delivery server `server` signs, as nobody here knows for whom.
    All names are in normal form.
    """

    from_domain: str
    return_path: str
    signatures: tuple[Signature, ...] | None
    server: str = ""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One mechanism's outlook: for which domain, whether it counts for DMARC (None: not known),
    why, what to do, and the time of the oldest check that this rests on.
    """

    name: str
    outlook: Outlook
    domain: str
    aligned: bool | None
    sentence: str
    next_step: str
    as_of: datetime | None

    @property
    def vouches(self) -> bool:
        """True if DMARC passes by this alone."""
        return self.outlook is Outlook.PASSES and self.aligned is True

    @property
    def may_vouch(self) -> bool:
        """True if nothing known keeps DMARC from passing by this."""
        return self.outlook is not Outlook.FAILS and self.aligned is not False


@dataclass(frozen=True, slots=True)
class Forecast:
    """The three together, and what the From domain's policy asks for; empty if it is not known."""

    spf: Mechanism
    dkim: Mechanism
    dmarc: Mechanism
    policy: str

    @property
    def mechanisms(self) -> tuple[Mechanism, Mechanism, Mechanism]:
        """In the order in which people read them."""
        return self.spf, self.dkim, self.dmarc


def forecast(mail: Mail, stored: Stored) -> Forecast:
    """What receivers will say of `mail`, as far as earlier checks tell."""
    found = policy(mail.from_domain, stored)
    spf = _spf(mail, found, stored)
    dkim = _dkim(mail, found, stored)
    asked = found.asks(mail.from_domain) if found else ""
    return Forecast(spf, dkim, _dmarc(mail, spf, dkim, found), asked)


def is_aligned(domain: str, from_domain: str, *, strict: bool) -> bool:
    """True if a pass for `domain` counts for mail from `from_domain`."""
    if strict:
        return domain == from_domain
    return registered_domain(domain) == registered_domain(from_domain)


def _spf(mail: Mail, found: Policy | None, stored: Stored) -> Mechanism:
    known = evidence("SPF", mail.return_path, stored)
    return _mechanism("SPF", mail, mail.return_path, found, known)


def _dkim(mail: Mail, found: Policy | None, stored: Stored) -> Mechanism:
    """The best of the signatures; one is enough (RFC 7489 section 3.1.1)."""
    if mail.signatures is None:
        return Mechanism("DKIM", Outlook.UNKNOWN, "", None, *_signed_elsewhere(mail), None)
    if not mail.signatures:
        step = "Ask your operator to let Posthouse or the delivery server sign."
        return Mechanism("DKIM", Outlook.FAILS, "", False, "Nobody signs this mail.", step, None)
    each = [
        _mechanism(
            "DKIM",
            mail,
            signature.domain,
            found,
            evidence("DKIM", f"{signature.selector}._domainkey.{signature.domain}", stored),
        )
        for signature in mail.signatures
    ]
    return max(each, key=lambda one: (one.vouches, one.may_vouch, _RANK[one.outlook]))


_RANK: Mapping[Outlook, int] = {Outlook.FAILS: 0, Outlook.UNKNOWN: 1, Outlook.PASSES: 2}


def _signed_elsewhere(mail: Mail) -> tuple[str, str]:
    who = mail.server or "the delivery server"
    return (
        f"{who} signs, and Posthouse does not see for whom.",
        (
            f"Send yourself a test: its headers must say dkim=pass for {mail.from_domain}. If they"
            f" do not, ask your operator to let {who} sign for it, or Posthouse."
        ),
    )


def _mechanism(
    name: str, mail: Mail, domain: str, found: Policy | None, known: Evidence
) -> Mechanism:
    strict = found is not None and found.is_strict(_MODES[name])
    aligned = is_aligned(domain, mail.from_domain, strict=strict)
    sentence, step = known.sentence, known.next_step
    if not aligned:
        elsewhere = not is_aligned(domain, mail.from_domain, strict=False)
        words = _ELSEWHERE if elsewhere else _TOO_STRICT
        fields = {"domain": domain, "from": mail.from_domain, "mode": _MODES[name]}
        sentence = f"{sentence} {words.format_map(fields)}"
    return Mechanism(name, known.outlook, domain, aligned, sentence, step, known.at)


_MODES: Mapping[str, str] = {"SPF": "aspf", "DKIM": "adkim"}
_ELSEWHERE = "It does not count for DMARC, as {domain} is another domain than {from}."
_TOO_STRICT = (
    "It does not count for DMARC, as the policy of {from} takes exact names only ({mode}=s)."
)


def _dmarc(mail: Mail, spf: Mechanism, dkim: Mechanism, found: Policy | None) -> Mechanism:
    vouching = [one for one in (spf, dkim) if one.vouches]
    hopes = [one for one in (spf, dkim) if one.may_vouch]
    if vouching:
        outlook, sentence, step = Outlook.PASSES, _passing(mail, spf, dkim), ""
    elif hopes:
        open_ones = " and ".join(one.name for one in hopes)
        outlook, step = Outlook.UNKNOWN, hopes[-1].next_step
        sentence = f"It depends on {open_ones}, which cannot be told."
    else:
        outlook, step = Outlook.FAILS, _way_out(spf, dkim)
        sentence = f"Neither SPF nor DKIM vouches for {mail.from_domain}."
    said = f"{sentence} {_of_policy(mail, found, vouching)}"
    step = step or ("" if found else _publish(mail))
    aligned = {Outlook.PASSES: True, Outlook.FAILS: False}.get(outlook)
    as_of = _oldest(vouching or (spf, dkim), found)
    return Mechanism("DMARC", outlook, mail.from_domain, aligned, said, step, as_of)


def _passing(mail: Mail, spf: Mechanism, dkim: Mechanism) -> str:
    if spf.vouches and dkim.vouches:
        return f"SPF and DKIM both vouch for {mail.from_domain}; one would be enough."
    if dkim.vouches:
        return f"DKIM vouches for {mail.from_domain}, also where mail is forwarded."
    only = f"Only SPF vouches for {mail.from_domain} for certain"
    return f"{only}, and SPF breaks where mail is forwarded."


def _way_out(spf: Mechanism, dkim: Mechanism) -> str:
    """DKIM first: it also survives forwarding."""
    steps = (one.next_step for one in (dkim, spf) if one.outlook is Outlook.FAILS)
    return next(
        (step for step in steps if step),
        "Send from a sender domain whose DNS records are right, or ask your operator to sign for"
        " the From domain.",
    )


def _of_policy(mail: Mail, found: Policy | None, vouching: Sequence[Mechanism]) -> str:
    if found is None:
        by_exact_name = any(one.domain == mail.from_domain for one in vouching)
        relies = vouching and not by_exact_name
        assumed = "; relaxed alignment, the default, is assumed" if relies else ""
        return f"No DMARC policy for {mail.from_domain} is known here{assumed}."
    asked = found.asks(mail.from_domain)
    consequence = "" if vouching else _ON_FAILURE.get(asked, "")
    return consequence.format(domain=found.domain) or f"The policy of {found.domain} is p={asked}."


def _publish(mail: Mail) -> str:
    domains = dict.fromkeys((mail.from_domain, registered_domain(mail.from_domain)))
    hosts = " or ".join(f"_dmarc.{domain}" for domain in domains)
    return f"See that a policy stands at {hosts}: large receivers ask bulk senders for one."


_ON_FAILURE: Mapping[str, str] = {
    "none": "The policy of {domain} (p=none) asks nothing of receivers, yet many of them put such"
    " mail into the spam folder.",
    "quarantine": "The policy of {domain} (p=quarantine) asks receivers to put what fails into the"
    " spam folder.",
    "reject": "The policy of {domain} (p=reject) asks receivers to refuse what fails.",
}


def _oldest(mechanisms: Sequence[Mechanism], found: Policy | None) -> datetime | None:
    times = [one.as_of for one in mechanisms] + [found.at if found else None]
    return min((at for at in times if at), default=None)
