"""Makes DKIM keys for sender domains, seals their private half, and opens it to sign."""

import os

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from posthouse.accounts import vault
from posthouse.core.composition.dkim import LEAST_RSA_BITS, SigningKey, load_key
from posthouse.core.dns.masterdomain import public_key_of
from posthouse.core.dns.own_keys import SELECTOR_ENTROPY, Algorithm, new_selector
from posthouse.domains.models import DomainKey, SenderDomain


def new_key(domain: SenderDomain, algorithm: Algorithm | str) -> DomainKey:
    """A key that waits for its record; not stored yet. RSA takes about a tenth of a second."""
    private = _generate(Algorithm(algorithm))
    row = DomainKey(
        account_id=domain.account_id,
        domain=domain,
        algorithm=algorithm,
        selector=new_selector(os.urandom(SELECTOR_ENTROPY)),
        public_key=public_key_of(private),
    )
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    row.sealed = vault.lock(pem.decode("ascii"), _owner(row))
    return row


def open_key(row: DomainKey) -> SigningKey:
    """The key to sign with. Raises vault.SecretUnreadable where it cannot be opened."""
    pem = vault.unlock(row.sealed, _owner(row))
    return load_key(pem.encode("ascii"), row.domain.name, row.selector)


def _generate(algorithm: Algorithm) -> rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey:
    if algorithm is Algorithm.ED25519:
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=LEAST_RSA_BITS)


def _owner(row: DomainKey) -> str:
    """What the sealed half is bound to: moved to another row, it does not open."""
    return f"dkim:{row.account_id}:{row.public_id}"
