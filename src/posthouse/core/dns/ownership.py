"""The token and the label by which an account proves that a domain is its own."""

import base64
import hashlib
import hmac

LABEL_LENGTH = 10  # characters of _SenderDomainRandom_
LABEL_ENTROPY = 7  # octets that make one label


def ownership_hash(key: bytes, *, account_id: int, domain: str, random: str) -> str:
    """`_SenderDomainHash_`: HMAC-SHA256 of account, name and random label, in base64.

    Keyed, so that nobody can work out another account's token; bound to the account, so that a
    record left over from one account proves nothing for the next.
    """
    fields = (str(account_id), domain, random)
    # Lengths first: no two triples give the same message.
    message = b"".join(f"{len(field.encode())}:{field}".encode() for field in fields)
    return base64.b64encode(hmac.digest(key, message, hashlib.sha256)).decode("ascii")


def random_label(entropy: bytes) -> str:
    """`_SenderDomainRandom_`: ten characters of a-z and 2-7, from LABEL_ENTROPY random octets.

    Lower case only, because DNS does not tell cases apart.
    """
    if len(entropy) < LABEL_ENTROPY:
        raise ValueError(f"{LABEL_ENTROPY} octets are needed, {len(entropy)} were given")
    return base64.b32encode(entropy).decode("ascii").lower()[:LABEL_LENGTH]
