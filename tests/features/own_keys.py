"""Sender domains with DKIM keys of their own, published in the tests' DNS, for tests of keys."""

import base64
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from posthouse.accounts import access, services
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account
from posthouse.core.dns.records import Record
from posthouse.domains import checking
from posthouse.domains import services as domains
from posthouse.domains.key_queries import KeyRing, key_ring
from posthouse.domains.models import SenderDomain
from posthouse.domains.private_keys import open_key

if TYPE_CHECKING:
    from tests.features.dns_servers import DnsWorld

MASTER = ["mailer A 192.0.2.1", "track.mailer A 192.0.2.2", '_dmarc.mailer TXT "v=DMARC1; p=none"']


def asked(domain: SenderDomain) -> list[Record]:
    """What the domain must or should have in DNS, records of keys that come and go included."""
    with access.across_tenants():
        return [row.as_published() for row in domain.records.order_by("position")]


def added(account: Account, name: str) -> SenderDomain:
    """A domain under the template that asks for keys, not published yet."""
    with access.tenant(account):
        services.change_group(SYSTEM, account.group, campaign_dns_template="Own keys")
        account.group.refresh_from_db()
        return domains.add(SYSTEM, account, name)


def verified(domain: SenderDomain) -> SenderDomain:
    """The domain after a check of what is published now."""
    with access.tenant(domain.account):
        return checking.verify(SYSTEM, domain)


def enabled(account: Account, world: "DnsWorld", zone: str) -> SenderDomain:
    """An Enabled domain mail.<zone> that signs with keys of its own."""
    domain = added(account, f"mail.{zone}")
    world.set_zone(zone, asked(domain))
    domain = verified(domain)
    assert domain.status == SenderDomain.Status.ENABLED
    return domain


def ring(domain: SenderDomain) -> KeyRing:
    """Its keys now."""
    with access.across_tenants():
        return key_ring(domain)


def needles(domain: SenderDomain) -> dict[str, bytes]:
    """The private halves of all the domain's keys in every form in which they could leak."""
    found = {"a PEM heading": b"PRIVATE KEY"}
    with access.across_tenants():
        rows = list(domain.keys.all())
    for row in rows:
        private = open_key(row).private
        der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        # The middle of it: begin and end are the same for many keys.
        found |= _forms(f"DER of {row.selector}", der[len(der) // 4 :])
        if isinstance(private, RSAPrivateKey):
            numbers = private.private_numbers()
            for name, number in (("d", numbers.d), ("p", numbers.p), ("q", numbers.q)):
                octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
                found |= _forms(f"{name} of {row.selector}", octets)
                found[f"{name} of {row.selector} as a number"] = str(number).encode()
        else:
            raw = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
            found |= _forms(f"octets of {row.selector}", raw)
    return found


def _forms(name: str, octets: bytes) -> dict[str, bytes]:
    """Raw, in hexadecimal, and in base64 at each of its three offsets."""
    found = {name: octets[:32], f"{name}, hexadecimal": octets.hex()[:40].encode()}
    for offset in range(3):
        text = base64.b64encode(octets[offset : offset + 30])
        found[f"{name}, base64 from {offset}"] = text
    return found


def leaks(text: bytes, wanted: dict[str, bytes]) -> list[str]:
    """Which of the needles are in it, whatever its lines and letters."""
    joined = b"".join(text.replace(b"\\n", b"").split())
    forms = (text, joined, text.lower(), joined.lower())
    return [name for name, needle in wanted.items() if any(needle in form for form in forms)]
