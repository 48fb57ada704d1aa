"""The recursor's knowledge: follows aliases from zone to zone, and refuses the outside world."""

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from posthouse.demo.dns.authority import answer as ask_authority
from posthouse.demo.dns.zones import Zones

MOST_STEPS = 12


def answer(zones: Zones, query: dns.message.Message) -> dns.message.Message:
    """The reply to `query`: all aliases followed. Aliases that lead outside are a failure."""
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.RA
    step = query
    for _ in range(MOST_STEPS):
        part = ask_authority(zones, step)
        if part.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            reply.set_rcode(dns.rcode.SERVFAIL if reply.answer else part.rcode())
            reply.answer.clear()
            return reply
        reply.answer.extend(part.answer)
        reply.set_rcode(part.rcode())
        target = _open_end(part)
        if target is None:
            reply.authority.extend(part.authority)
            return reply
        step = dns.message.make_query(target, query.question[0].rdtype)
    # A circle of aliases.
    reply.answer.clear()
    reply.set_rcode(dns.rcode.SERVFAIL)
    return reply


def _open_end(part: dns.message.Message) -> dns.name.Name | None:
    """The target at which the authority stopped following, if it did."""
    asked_for_alias = part.question[0].rdtype == dns.rdatatype.CNAME
    if not part.answer or part.authority or asked_for_alias:
        return None
    last = part.answer[-1]
    target: dns.name.Name | None = None
    if last.rdtype == dns.rdatatype.CNAME:
        target = last[0].target
    return target
