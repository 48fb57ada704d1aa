"""The authoritative server's knowledge: the answer to a query, from the zones alone."""

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset

from posthouse.demo.dns.zones import ServedZone, Zones

_WILDCARD = dns.name.from_text("*", origin=None)


def answer(zones: Zones, query: dns.message.Message) -> dns.message.Message:
    """The reply to `query`, as RFC 1034 section 4.3.2 and RFC 4592 (wildcards) have it.

    Aliases are followed inside the zone only; a target elsewhere is left to the resolver.
    """
    reply = dns.message.make_response(query)
    if refusal := _refusal(query):
        reply.set_rcode(refusal)
        return reply
    question = query.question[0]
    zone = zone_around(zones, question.name)
    if zone is None:
        reply.set_rcode(dns.rcode.REFUSED)
        return reply
    reply.flags |= dns.flags.AA
    _fill(reply, zones, zone, question.name, question.rdtype)
    return reply


def zone_around(zones: Zones, name: dns.name.Name) -> ServedZone | None:
    """The deepest zone that holds `name`."""
    while name not in zones:
        if name == dns.name.root:
            return None
        name = name.parent()
    return zones[name]


def _refusal(query: dns.message.Message) -> dns.rcode.Rcode | None:
    if query.opcode() != dns.opcode.QUERY:
        return dns.rcode.NOTIMP
    if len(query.question) != 1:
        return dns.rcode.FORMERR
    question = query.question[0]
    if question.rdclass != dns.rdataclass.IN or dns.rdatatype.is_metatype(question.rdtype):
        return dns.rcode.NOTIMP
    return None


def _fill(
    reply: dns.message.Message,
    zones: Zones,
    zone: ServedZone,
    name: dns.name.Name,
    kind: dns.rdatatype.RdataType,
) -> None:
    """Puts the records into the reply, alias after alias, and what is to be said of an absence."""
    seen = set()
    while name not in seen and zone_around(zones, name) is zone:
        seen.add(name)
        source = _source(zone, name)
        if source is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
            break
        found = zone.zone.get_rdataset(source, kind)
        if found is not None:
            reply.answer.append(_at(name, found))
            return
        alias = zone.zone.get_rdataset(source, dns.rdatatype.CNAME)
        if alias is None:
            break
        reply.answer.append(_at(name, alias))
        name = alias[0].target
    else:
        return
    start = zone.zone.get_rdataset(zone.origin, dns.rdatatype.SOA)
    if start is not None:
        reply.authority.append(_at(zone.origin, start))


def _source(zone: ServedZone, name: dns.name.Name) -> dns.name.Name | None:
    """Whose records answer for `name`: its own, those of a wildcard, or (None) nobody's."""
    if name in zone.existing:
        return name
    encloser = name.parent()
    while encloser not in zone.existing:
        encloser = encloser.parent()
    wildcard = _WILDCARD.concatenate(encloser)
    return wildcard if wildcard in zone.existing else None


def _at(name: dns.name.Name, rdataset: dns.rdataset.Rdataset) -> dns.rrset.RRset:
    return dns.rrset.from_rdata_list(name, rdataset.ttl, list(rdataset))
