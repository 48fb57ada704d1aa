"""The sentences of the DNS doctor: for each fault its verdict, what is wrong and what to change."""

from collections.abc import Mapping
from dataclasses import dataclass

from posthouse.core.verification.cases import Fault
from posthouse.core.verification.checks import Verdict


@dataclass(frozen=True, slots=True)
class Words:
    """A fault in words.

    Both sentences may use {host} {relative} {type} {value} {domain} {zone} of the record, and the
    details of the fault: {asked} {seen} {place} {added} {way} {count} {length} {who} {reason}
    {term} {selector} {joined}. {zone} is where the records belong, {registered} what was bought.
    """

    verdict: Verdict
    problem: str
    advice: str


_AGAIN = "Nothing to change here. We ask again by ourselves, and this does not count as a failure."

WORDS: Mapping[Fault, Words] = {
    Fault.NONE: Words(Verdict.OK, "The {type} record at {host} is right.", ""),
    Fault.OWN_POLICY: Words(
        Verdict.OK,
        "{host} has a DMARC policy of its own ({seen}), which does as well as ours.",
        "Nothing to change.",
    ),
    Fault.SERVER_FAILED: Words(
        Verdict.COULD_NOT_CHECK,
        "The name servers for {asked} answered with an error (SERVFAIL).",
        f"{_AGAIN} If it lasts over an hour, check the name servers and the DNSSEC keys of that"
        " domain at its registrar.",
    ),
    Fault.NO_REPLY: Words(
        Verdict.COULD_NOT_CHECK, "No name server answered for {asked} in time.", _AGAIN
    ),
    Fault.REFUSED: Words(
        Verdict.COULD_NOT_CHECK,
        "The name server refused to answer for {asked}.",
        f"{_AGAIN} If it lasts, one of the name servers that the registrar lists for that domain"
        " probably does not know it.",
    ),
    Fault.OLD_ANSWER: Words(
        Verdict.NOT_YET,
        "Your name servers have the right record already. Resolvers, ours among them, still hold"
        " the old answer.",
        "Nothing to change. We look again by ourselves when the old answer has run out.",
    ),
    Fault.SERVERS_DISAGREE: Words(
        Verdict.NOT_YET,
        "The name servers of {domain} do not agree: {seen}.",
        "If you changed the record within the last hour, wait: the others will follow. If it stays,"
        " tell your DNS provider that these servers hold different versions of the zone, or take"
        " the one that lags behind out of the name servers at your registrar.",
    ),
    Fault.LOOP: Words(
        Verdict.WRONG,
        "The CNAMEs of {host} lead in a circle, or are more than eight: {way}.",
        "Delete the CNAME at {host} and add {type} {value} in its place.",
    ),
    Fault.NO_DOMAIN: Words(
        Verdict.NOT_YET,
        "DNS does not know the domain {registered}.",
        "Check that {registered} is spelled right, is registered and has not run out, and that name"
        " servers are set for it at your registrar.",
    ),
    Fault.ALIAS_AT_APEX: Words(
        Verdict.WRONG,
        "{host} is the top of its zone, and DNS allows no CNAME there (RFC 1034 section 3.6.2).",
        "Add a subdomain such as mail.{host} as sender domain instead, or ask your operator for a"
        " DNS template without a CNAME at the domain itself.",
    ),
    Fault.ZONE_APPENDED_TO_HOST: Words(
        Verdict.WRONG,
        "The record for {host} stands at {place}: your DNS provider added {added} to the host.",
        "Change the host to {relative}, without {zone} at its end.",
    ),
    Fault.MISPLACED: Words(
        Verdict.WRONG,
        "The record is right, but it stands at {place} instead of {host}.",
        "Move it to the host {relative} in the zone {zone}.",
    ),
    Fault.WILDCARD: Words(
        Verdict.NOT_YET,
        "There is no record at {host} itself. A wildcard answers for it, as for every name beside"
        " it: {seen}.",
        "Add the {type} record with the host {relative} and the value {value}. The wildcard can"
        " stay; a record of its own goes before it.",
    ),
    Fault.ZONE_APPENDED_TO_TARGET: Words(
        Verdict.WRONG,
        "The {type} record at {host} points to {seen}: your DNS provider added {added} to the"
        " target.",
        "Write the target with a dot at its end: “{value}.” (the dot belongs to it).",
    ),
    Fault.DANGLING: Words(
        Verdict.WRONG,
        "The CNAME at {host} points to {seen}, which leads to a name that does not exist.",
        "Point it to {value} instead.",
    ),
    Fault.OTHER_TARGET: Words(
        Verdict.WRONG, "The CNAME at {host} points to {seen}.", "Point it to {value} instead."
    ),
    Fault.ADDRESS_NOT_ALIAS: Words(
        Verdict.WRONG,
        "{host} has an address ({seen}) instead of a CNAME.",
        "Delete the A and AAAA records at {host} and add a CNAME to {value}. If your DNS provider"
        " shows a CNAME there already, switch off its proxy or flattening for this record.",
    ),
    Fault.TEXT_NOT_ALIAS: Words(
        Verdict.WRONG,
        "The right target stands at {host}, but in a TXT record.",
        "Delete the TXT record and add the same value as a CNAME record with the host {relative}.",
    ),
    Fault.SPF_TWICE: Words(
        Verdict.WRONG,
        "{host} has {count} SPF policies, and receivers then take none of them"
        " (RFC 7208 section 4.5): {seen}.",
        "Delete them, and publish a single one instead: “{joined}”.",
    ),
    Fault.DMARC_TWICE: Words(
        Verdict.WRONG,
        "{host} has {count} DMARC policies, and receivers then take none of them: {seen}.",
        "Keep a single one and delete the others.",
    ),
    Fault.DKIM_TWICE: Words(
        Verdict.WRONG,
        "{host} has {count} DKIM keys, and receivers may try any of them"
        " (RFC 6376 section 3.6.2.2): {seen}.",
        "Delete them all, and publish only the {type} record {value}. Another service that needs a"
        " key must use a selector of its own.",
    ),
    Fault.SPF_NOT_ALIAS: Words(
        Verdict.WRONG,
        "{host} has an SPF policy of its own ({seen}), where the CNAME to ours belongs.",
        "Delete that TXT record and add a CNAME to {value}: our SPF policy comes with it. If"
        " another service sends with {host}, choose another subdomain in the options.",
    ),
    Fault.OCCUPIED: Words(
        Verdict.WRONG,
        "{host} has other records ({seen}), and a CNAME cannot stand beside them"
        " (RFC 1034 section 3.6.2).",
        "If nothing uses them, delete them and add the CNAME to {value}. Otherwise choose another"
        " subdomain in the options of this sender domain.",
    ),
    Fault.ALIAS_NOT_ALONE: Words(
        Verdict.WRONG,
        "The CNAME at {host} is right, but your name servers have other records beside it ({seen})."
        " DNS allows none there (RFC 1034 section 3.6.2): some receivers see the CNAME, others do"
        " not.",
        "Delete those other records at {host}, and keep the CNAME to {value}.",
    ),
    Fault.REDIRECTED_ABOVE: Words(
        Verdict.WRONG,
        "A DNAME record at {place} hands every name below it to {seen}, so that {host} cannot have"
        " a record of its own.",
        "Remove the DNAME record at {place}, or add a sender domain that is not below it.",
    ),
    Fault.ZONE_IS_ALIAS: Words(
        Verdict.WRONG,
        "{host} itself is a CNAME to {seen}. DNS allows none at the top of a zone (RFC 1034 section"
        " 3.6.2): it hides your {type} record, and your mail servers too.",
        "Replace the CNAME at {host} by A and AAAA records, or by what your DNS provider calls"
        " ALIAS, ANAME or flattening. Then add {type} {value}.",
    ),
    Fault.ALIAS_HIDES_RECORD: Words(
        Verdict.WRONG,
        "{host} is a CNAME to {seen}, so its {type} record is looked for there.",
        "Delete the CNAME at {host} and add {type} {value} in its place.",
    ),
    Fault.QUOTES: Words(
        Verdict.WRONG,
        "The quotation marks at {host} count as part of the value: {seen}.",
        "Write {value} without quotation marks.",
    ),
    Fault.FOREIGN_CHARACTERS: Words(
        Verdict.WRONG,
        "The value at {host} looks like ours, but has characters that are not: {reason}. Word"
        " processors and mail programs put them in.",
        "Copy {value} with its copy button straight into the form of your DNS provider.",
    ),
    Fault.BACKSLASHES: Words(
        Verdict.WRONG,
        "The backslashes at {host} count as part of the value: {seen}.",
        "Write {value} without backslashes.",
    ),
    Fault.BLANKS: Words(
        Verdict.WRONG,
        "The value at {host} has blanks or line breaks in other places than ours: “{seen}”.",
        "Copy {value} once more with its copy button, and replace what stands there.",
    ),
    Fault.OTHER_CASE: Words(
        Verdict.WRONG,
        "Capital and small letters were changed at {host}, and in this value they matter: {seen}.",
        "Copy {value} once more with its copy button, and replace what stands there.",
    ),
    Fault.CUT_OFF: Words(
        Verdict.WRONG,
        "The value at {host} ends after {length} characters; a part of it is missing.",
        "Write the whole value. If your DNS provider cuts it, write it as several texts in quotes,"
        " each of at most 255 characters; the zone file on this page has it so.",
    ),
    Fault.SPREAD_OVER_RECORDS: Words(
        Verdict.WRONG,
        "The value at {host} is spread over {count} TXT records; receivers read each for itself.",
        "Delete them and add one TXT record with all of {value}. Where your DNS provider takes no"
        " more than 255 characters at once, write it as several texts in quotes in that one record;"
        " the zone file on this page has it so.",
    ),
    Fault.EXTRA_CHARACTERS: Words(
        Verdict.WRONG,
        "The value at {host} holds ours and more besides: “{seen}”.",
        "Write {value} and nothing else.",
    ),
    Fault.OTHER_VALUE: Words(
        Verdict.WRONG,
        "There is a {type} record at {host}, but not ours: {seen}.",
        "Add a {type} record with the host {relative} and the value {value}. Others may stay.",
    ),
    Fault.DNSSEC_BOGUS: Words(
        Verdict.COULD_NOT_CHECK,
        "The signatures (DNSSEC) of {asked} do not fit, so resolvers throw its answers away.",
        "At the registrar of {registered}, replace the DS record by the one that your DNS provider"
        " shows, or remove it to switch DNSSEC off. This does not count as a failure.",
    ),
    Fault.LAME_DELEGATION: Words(
        Verdict.COULD_NOT_CHECK,
        "The name servers to which {place} is delegated do not answer for it: {seen}.",
        "Set the name servers of {place}, at its registrar or in the zone above it, to those that"
        " your DNS provider names, or create the zone at these. This does not count as a failure.",
    ),
    Fault.SERVERS_SILENT: Words(
        Verdict.COULD_NOT_CHECK,
        "None of the name servers of {place} replies: {seen}.",
        "If it lasts over an hour, ask your DNS provider whether they run and can be reached, or"
        " set others at the registrar. This does not count as a failure.",
    ),
    Fault.EXPIRED: Words(
        Verdict.WRONG,
        "The domain {registered} seems to have run out: its name servers ({seen}) are those that"
        " {who} gives to domains that were not renewed or confirmed.",
        "Renew {registered} at its registrar, and set its own name servers again.",
    ),
    Fault.PARKED: Words(
        Verdict.WRONG,
        "The domain {registered} is parked: its name servers ({seen}) are those of {who}, which"
        " answer with advertisements.",
        "At the registrar of {registered}, set the name servers of your DNS provider, and add the"
        " records there.",
    ),
    Fault.ON_PARENT_ZONE: Words(
        Verdict.WRONG,
        "The record is right, but it stands at {place}, one level too high: it belongs under"
        " {domain}.",
        "Add it with the host {relative} in the zone {zone}. The one at {place} can go, if nothing"
        " else uses it.",
    ),
    Fault.UNDERSCORE_STRIPPED: Words(
        Verdict.WRONG,
        "The record for {host} stands at {place}: the underscore at the start of a label was lost.",
        "Change the host to {relative}, with its underscores. If the form refuses them, ask your"
        " DNS provider, or import the zone file of this page.",
    ),
    Fault.PROXIED: Words(
        Verdict.WRONG,
        "{host} answers with addresses of {who} ({seen}): a proxy hides the CNAME.",
        "Switch off the proxy for {host} at {who} (“DNS only”), so that the CNAME to {value}"
        " shows.",
    ),
    Fault.EXTRA_DOT: Words(
        Verdict.WRONG,
        "There is a dot too many in the value at {host}: “{seen}”.",
        "Write {value} without that dot.",
    ),
    Fault.OWN_SPF: Words(
        Verdict.OK,
        "{host} has an SPF policy of its own ({seen}), which covers ours.",
        "Nothing to change.",
    ),
    Fault.SPF_SYNTAX: Words(
        Verdict.WRONG,
        "The SPF policy at {host} is void: “{term}” is no term of SPF (RFC 7208 section 4.6).",
        "Correct or remove “{term}”. Ours is: {value}.",
    ),
    Fault.SPF_VERSION: Words(
        Verdict.WRONG,
        "The text at {host} looks like an SPF policy, but does not begin with “v=spf1” and a blank,"
        " so receivers take it for none: {seen}.",
        "Begin it with “v=spf1 ”, or replace it by {value}.",
    ),
    Fault.SPF_VOID_INCLUDE: Words(
        Verdict.WRONG,
        "The SPF policy at {host} names {term} before our servers. No SPF policy stands there, and"
        " receivers then take the whole of it for an error (RFC 7208 section 5.2).",
        "Remove {term} from it, or correct the name.",
    ),
    Fault.SPF_ALLOWS_ALL: Words(
        Verdict.OK,
        "The SPF policy at {host} covers ours, but its “+all” lets everybody send in this name:"
        " {seen}.",
        "Write “~all” or “-all” in the place of “+all”. Our mail passes either way.",
    ),
    Fault.SPF_WITHOUT_US: Words(
        Verdict.WRONG,
        "The SPF policy at {host} does not let our servers send: {seen}.",
        "Add the mechanisms of {value} to it, before its “all”, and keep it a single record:"
        " “{joined}”.",
    ),
    Fault.SPF_TOO_MANY_LOOKUPS: Words(
        Verdict.WRONG,
        "The SPF policy at {host} costs {count} look-ups or more; receivers stop after ten"
        " (RFC 7208 section 4.6.4), and then it passes nobody.",
        "Remove what you no longer send with from the SPF policy at {host}, or name servers by"
        " ip4: and ip6:, which cost nothing.",
    ),
    Fault.DMARC_SYNTAX: Words(
        Verdict.WRONG,
        "Receivers ignore the DMARC policy at {host}: {reason}.",
        "Correct it, as in v=DMARC1; p=none, or replace it by the {type} record {value}.",
    ),
    Fault.DMARC_TOO_STRICT: Words(
        Verdict.WRONG,
        "The DMARC policy for {domain} ({seen}) wants names that agree exactly (aspf=s, adkim=s)."
        " Bounces come back to a subdomain and no DKIM key stands at {domain} itself, so no mail"
        " can pass.",
        "Remove aspf=s and adkim=s from that policy, or ask your operator for a DNS template with"
        " a DKIM key at {domain}.",
    ),
    Fault.DMARC_ON_WRONG_NAME: Words(
        Verdict.WRONG,
        "A DMARC policy stands at {place}, where no receiver looks for it.",
        "Move it from {place} to the host {relative}, or delete it and add the {type} record"
        " {value} there.",
    ),
    Fault.DKIM_OWN_SPELLING: Words(
        Verdict.OK,
        "{host} has our DKIM key, in another spelling that means the same.",
        "Nothing to change.",
    ),
    Fault.DKIM_SYNTAX: Words(
        Verdict.WRONG,
        "Receivers cannot use the DKIM key at {host}: {reason}.",
        "Replace what stands there by the {type} record {value}.",
    ),
    Fault.DKIM_REVOKED: Words(
        Verdict.WRONG,
        "The DKIM key at {host} is revoked: its p= is empty, so every signature fails.",
        "Replace it by the {type} record {value}.",
    ),
    Fault.DKIM_TRUNCATED: Words(
        Verdict.WRONG,
        "The DKIM key at {host} ends after {length} characters; a part of it is missing.",
        "Replace it by the whole {type} record {value}. If your DNS provider cuts it, write it as"
        " several texts in quotes, each of at most 255 characters; the zone file has it so.",
    ),
    Fault.DKIM_NOT_ALIAS: Words(
        Verdict.WRONG,
        "{host} has a copy of our DKIM key in a TXT record, where the CNAME to it belongs. The copy"
        " fails as soon as we change the key.",
        "Delete that TXT record and add a CNAME to {value}: our key comes with it, and the next.",
    ),
    Fault.DKIM_OTHER_KEY: Words(
        Verdict.WRONG,
        "The DKIM key at {host} is not ours: {seen}.",
        "Replace it by the {type} record {value}. Another service that needs that key must use a"
        " selector of its own.",
    ),
    Fault.DKIM_WRONG_SELECTOR: Words(
        Verdict.WRONG,
        "The DKIM record is right, but it stands under the selector {seen}; our mail names the"
        " selector {selector}.",
        "Change its host to {relative}.",
    ),
    Fault.OLD_TOKEN: Words(
        Verdict.WRONG,
        "The token at {host} ({seen}) was made for another account, or before this domain was"
        " deleted and added again.",
        "Replace it by {value}.",
    ),
    Fault.EARLIER_TOKEN: Words(
        Verdict.WRONG,
        "The token at {place} is the one of an earlier set of records of this domain. The set was"
        " made anew since, and the token with it.",
        "Delete the TXT record at {place}. Add one with the host {relative} and the value {value}.",
    ),
    Fault.ZONE_OF_ITS_OWN: Words(
        Verdict.NOT_YET,
        "There is no {type} record at {host} yet. {zone} is a zone of its own, with its own name"
        " servers ({seen}): what stands in the zone {registered} is not seen.",
        "Add a {type} record with the host {relative} and the value {value} to the zone {zone}, at"
        " those name servers.",
    ),
    Fault.ABSENT: Words(
        Verdict.NOT_YET,
        "There is no {type} record at {host} yet.",
        "Add a {type} record with the host {relative} and the value {value} to the zone {zone}.",
    ),
}

_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def duration(seconds: int) -> str:
    """Seconds as a person says them, rounded up: `5 minutes`, `2 hours`."""
    size, name = next((unit for unit in _UNITS if seconds >= unit[0]), _UNITS[-1])
    count = -(-seconds // size)
    return f"{count} {name}" if count == 1 else f"{count} {name}s"
