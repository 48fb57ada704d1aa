"""Recognises what is wrong with the SPF, DMARC and DKIM texts that somebody wrote by hand."""

import re
from collections.abc import Callable

from posthouse.core.verification import spf, tags
from posthouse.core.verification.cases import Case, Fault, Recognised, listed
from posthouse.core.verification.followups import RIVAL_TYPES, dmarc_astray_names

# The form of `_SenderDomainHash_`: 32 octets in base64.
_TOKEN = re.compile(r"[A-Za-z0-9+/]{43}=")


def twice(case: Case) -> Recognised | None:
    """Several policies or keys at one name: receivers act as if there were none."""
    ours = case.finding.record.value
    for fault, is_one in _KINDS:
        rivals = sorted(filter(is_one, case.texts), key=lambda text: (text != ours, text))
        if len(rivals) > 1 and not (fault is Fault.SPF_TWICE and case.expects_alias):
            details = {"seen": listed(rivals), "count": str(len(rivals))}
            return Recognised(fault, details | {"joined": spf.joined(rivals)})
    return None


def own_dmarc(case: Case) -> Recognised | None:
    """A DMARC policy of the domain's own does what ours would do, and is not to be overwritten."""
    if case.finding.record.purpose != "dmarc":
        return None
    policies = [text for text in case.texts if tags.is_like_dmarc(text)]
    if len(policies) != 1:
        return None
    details = {"seen": policies[0], "reason": tags.dmarc_mistake(policies[0])}
    if details["reason"]:
        return Recognised(Fault.DMARC_SYNTAX, details)
    if case.finding.record.host == f"_dmarc.{case.domain}" and too_strict(
        policies[0], case.domain, case.hosts
    ):
        return Recognised(Fault.DMARC_TOO_STRICT, details)
    return Recognised(Fault.OWN_POLICY, details)


def own_dmarc_in_place_of_alias(case: Case) -> Recognised | None:
    """The domain's own DMARC policy where a CNAME to ours is wanted."""
    return own_dmarc(case) if case.expects_alias else None


def too_strict(policy: str, domain: str, hosts: frozenset[str]) -> bool:
    """True if mail from `domain` cannot be aligned: bounces come back to a subdomain, and no DKIM
    key stands at the domain itself.
    """
    signs_as_domain = any(host.endswith(f"._domainkey.{domain}") for host in hosts)
    return tags.demands_exact_names(policy) and not signs_as_domain


def dmarc_on_wrong_name(case: Case) -> Recognised | None:
    """A DMARC policy stands where no receiver looks for it."""
    for name in dmarc_astray_names(case.finding.record):
        for text in case.values(name, "TXT"):
            if name not in case.hosts and text.lower().startswith("v=dmarc1"):
                return Recognised(Fault.DMARC_ON_WRONG_NAME, {"place": name, "seen": text})
    return None


def own_spf(case: Case) -> Recognised | None:
    """An SPF policy of the domain's own passes if it covers ours and costs few look-ups."""
    record = case.finding.record
    policies = [text for text in case.texts if spf.is_like_policy(text)]
    if record.purpose != "spf" or case.expects_alias or len(policies) != 1:
        return None
    seen = policies[0]
    count, _ = spf.lookups(seen, case.answers)
    void = spf.void_include(seen, record.value, case.answers)
    details = {"seen": seen, "term": spf.wrong_term(seen) or void, "count": str(count)}
    details["joined"] = spf.joined((seen, record.value))
    mistakes = (
        (Fault.SPF_VERSION, not spf.is_policy(seen)),
        (Fault.SPF_SYNTAX, bool(spf.wrong_term(seen))),
        (Fault.SPF_WITHOUT_US, not spf.covers(seen, record.value)),
        (Fault.SPF_TOO_MANY_LOOKUPS, count > spf.MOST_LOOKUPS),
        (Fault.SPF_VOID_INCLUDE, bool(void)),
        (Fault.SPF_ALLOWS_ALL, spf.allows_all(seen)),
    )
    fault = next((each for each, is_made in mistakes if is_made), Fault.OWN_SPF)
    return Recognised(fault, details)


def sound_policy(case: Case) -> Recognised | None:
    """A policy of the domain's own that is as good as ours: other blanks and capitals are no slip
    there (RFC 7208 section 4.6.1, RFC 7489 section 6.4).
    """
    found = own_dmarc(case) or own_spf(case)
    return found if found and found.fault in (Fault.OWN_POLICY, Fault.OWN_SPF) else None


def own_dkim(case: Case) -> Recognised | None:
    """A DKIM key that is not ours, or no longer one."""
    ours = "" if case.expects_alias else tags.dkim_key(case.finding.record.value)
    keys = [text for text in case.texts if _meant_as_key(text, ours)]
    if case.finding.record.purpose != "dkim" or len(keys) != 1:
        return None
    seen = tags.dkim_key(keys[0])
    details = {"seen": keys[0], "length": str(len(seen)), "reason": tags.dkim_mistake(keys[0])}
    if details["reason"]:
        return Recognised(Fault.DKIM_SYNTAX, details)
    if not seen:
        return Recognised(Fault.DKIM_REVOKED, details)
    if case.expects_alias and seen in map(
        tags.dkim_key, case.values(case.finding.record.value, "TXT")
    ):
        return Recognised(Fault.DKIM_NOT_ALIAS, details)
    if seen == ours:
        kind = tags.tag_list(keys[0]).get("k", "rsa")
        return Recognised(Fault.DKIM_SYNTAX, {"reason": f"“k={kind}” does not fit this key"})
    cut = ours.startswith(seen) or tags.is_cut_key(seen)
    return Recognised(Fault.DKIM_TRUNCATED if cut else Fault.DKIM_OTHER_KEY, details)


def _meant_as_key(text: str, ours: str) -> bool:
    """True if the text is a DKIM key, or has our key without the tag that holds it."""
    is_like = tags.is_like_dkim(text) or text.lower().startswith(("v=dkim", "k=rsa"))
    return is_like or (bool(ours) and ours in "".join(text.split()))


def same_dkim_key(case: Case) -> Recognised | None:
    """Our key, written with other blanks or tags (RFC 6376 section 3.6.1): as good as ours."""
    if case.finding.record.purpose != "dkim" or case.expects_alias or len(case.texts) != 1:
        return None
    ours, seen = tags.tag_list(case.finding.record.value), tags.tag_list(case.texts[0])
    same_key = tags.dkim_key(case.texts[0]) == tags.dkim_key(case.finding.record.value) != ""
    same_kind = ours.get("k", "rsa") == seen.get("k", "rsa")
    if same_key and same_kind and not tags.dkim_mistake(case.texts[0]):
        return Recognised(Fault.DKIM_OWN_SPELLING, {"seen": case.texts[0]})
    return None


def own_dkim_in_place_of_alias(case: Case) -> Recognised | None:
    """A DKIM key where a CNAME to ours is wanted."""
    return own_dkim(case) if case.expects_alias else None


def own_spf_in_place_of_alias(case: Case) -> Recognised | None:
    """An SPF policy where a CNAME to ours is wanted."""
    policies = [text for text in case.texts if spf.is_policy(text)]
    host = case.finding.record.host
    if any(case.values(host, kind) for kind in RIVAL_TYPES if kind != "TXT"):
        return None  # the policy is not all that is in the way
    if case.expects_alias and policies and case.finding.record.purpose in ("return-path", "spf"):
        return Recognised(Fault.SPF_NOT_ALIAS, {"seen": listed(policies)})
    return None


def earlier_token(case: Case) -> Recognised | None:
    """A proof of this account's, from records that were made anew since."""
    if case.finding.record.purpose != "ownership":
        return None
    for record in case.known.earlier:
        if record.value in case.values(record.host, record.type.value):
            return Recognised(Fault.EARLIER_TOKEN, {"place": record.host, "seen": record.value})
    return None


def old_token(case: Case) -> Recognised | None:
    """A proof made for an earlier claim, or for another account."""
    tokens = [text for text in case.texts if _TOKEN.fullmatch(text)]
    if case.finding.record.purpose != "ownership" or case.expects_alias or not tokens:
        return None
    return Recognised(Fault.OLD_TOKEN, {"seen": tokens[0]})


_KINDS: tuple[tuple[Fault, Callable[[str], bool]], ...] = (
    (Fault.SPF_TWICE, spf.is_policy),
    (Fault.DMARC_TWICE, lambda text: text.lower().startswith("v=dmarc1")),
    (Fault.DKIM_TWICE, lambda text: text.lower().startswith("v=dkim1")),
)
