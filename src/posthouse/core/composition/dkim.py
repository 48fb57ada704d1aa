"""Signs messages with DKIM: relaxed/relaxed, RSA-2048 and, beside it, Ed25519.

RFC 6376, with RFC 8301 (SHA-256 only, keys from 2,048 bits) and RFC 8463 (Ed25519). No `l=`, which
would let a body be longer than what was signed, and no `x=`: a signature does not run out.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from posthouse.core.composition.content import Rendered

LEAST_RSA_BITS: Final = 2_048  # RFC 8301 3.2 says 1,024 at least; receivers trust 2,048

# Signed once more than they occur, so that one added on the way breaks the signature (RFC 6376
# 8.15): a second From or Subject would be shown in place of ours.
_ONLY_ONCE: Final = (
    b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"reply-to", b"mime-version",
    b"content-type", b"content-transfer-encoding", b"list-unsubscribe", b"list-unsubscribe-post",
)  # fmt: skip
_IF_PRESENT: Final = (
    b"list-id", b"list-help", b"list-post", b"list-owner", b"list-archive", b"list-subscribe",
    b"feedback-id", b"cfbl-address", b"cfbl-feedback-id", b"auto-submitted", b"precedence",
    b"in-reply-to", b"references", b"x-mailer",
)  # fmt: skip
_SIGNED: Final = frozenset(_ONLY_ONCE) | frozenset(_IF_PRESENT)

_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")  # stands in a header
_FIELD_START = re.compile(rb"\r\n(?![ \t])")
_FOLD = re.compile(rb"\r\n(?=[ \t])")
_SPACES = re.compile(rb"[ \t]+")
_SIGNATURE_COLUMNS: Final = 72


class UnusableKey(ValueError):
    """A private key that DKIM cannot sign with."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, and the domain and selector under which its public half is published."""

    domain: str
    selector: str
    private: RSAPrivateKey | Ed25519PrivateKey

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.domain) or not _NAME.fullmatch(self.selector):
            raise UnusableKey("A key's domain and selector are ASCII names, as in the DNS.")

    @property
    def algorithm(self) -> str:
        return "rsa-sha256" if isinstance(self.private, RSAPrivateKey) else "ed25519-sha256"


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A signature header that lacks its signature, and the 32-byte digest to sign."""

    header: bytes
    digest: bytes


def load_key(pem: bytes, domain: str, selector: str) -> SigningKey:
    """A key from its PEM (PKCS #8 or PKCS #1, not encrypted). Raises UnusableKey."""
    try:
        private = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnusableKey("This is not an unencrypted private key in PEM.") from error
    if not isinstance(private, RSAPrivateKey | Ed25519PrivateKey):
        raise UnusableKey("DKIM signs with an RSA or an Ed25519 key.")
    if isinstance(private, RSAPrivateKey) and private.key_size < LEAST_RSA_BITS:
        raise UnusableKey(f"The RSA key has {private.key_size} bits; DKIM needs {LEAST_RSA_BITS}.")
    return SigningKey(domain, selector, private)


def relaxed_header(line: bytes) -> tuple[bytes, bytes]:
    """The lower-case name of a header line and its whole relaxed form (RFC 6376 3.4.2)."""
    name, _, value = line.partition(b":")
    name = name.strip(b" \t").lower()
    return name, name + b":" + _SPACES.sub(b" ", _FOLD.sub(b"", value)).strip(b" ") + b"\r\n"


def _chosen(headers: bytes) -> tuple[bytes, bytes]:
    """The value of h=, and the relaxed headers in its order, the lowest of a name first."""
    found: dict[bytes, list[bytes]] = {}
    for line in _FIELD_START.split(headers.removesuffix(b"\r\n")):
        name, relaxed = relaxed_header(line)
        if name in _SIGNED:
            found.setdefault(name, []).append(relaxed)
    names = [name for name in (*_ONLY_ONCE, *_IF_PRESENT) for _ in found.get(name, ())]
    lines = [line for name in dict.fromkeys(names) for line in reversed(found[name])]
    return b":".join([*names, *_ONLY_ONCE]), b"".join(lines)


def _wrapped(value: bytes, separator: bytes) -> bytes:
    """A long tag value, folded after separators."""
    lines = [b""]
    for word in value.split(separator):
        if len(lines[-1]) + len(word) > _SIGNATURE_COLUMNS:
            lines.append(b"")
        lines[-1] += word + separator
    return b"\r\n  ".join(lines).removesuffix(separator)


def _body(message: Rendered) -> memoryview:
    """The body without empty lines at its end (RFC 6376 3.4.4 (b)), not copied."""
    end = len(message.content)
    # The empty line before the body counts as a line end, so that a body of none becomes nothing.
    while message.content.endswith(b"\r\n\r\n", message.body_at - 2, end):
        end -= 2
    return memoryview(message.content)[message.body_at : end]


def prepare(message: Rendered, keys: Sequence[SigningKey], when: datetime) -> list[Unsigned]:
    """What each key must sign. The body's lines must be in relaxed form, as rendered ones are."""
    body_hash = b64encode(sha256(_body(message)).digest())
    names, lines = _chosen(message.headers)
    shared = b"t=%d;\r\n h=%b;\r\n bh=%b;\r\n b=" % (
        int(when.timestamp()),
        _wrapped(names, b":"),
        body_hash,
    )
    unsigned = []
    for key in keys:
        header = (
            f"DKIM-Signature: v=1; a={key.algorithm}; c=relaxed/relaxed;\r\n"
            f" d={key.domain}; s={key.selector}; "
        ).encode("ascii") + shared
        digest = sha256(lines + relaxed_header(header)[1].removesuffix(b"\r\n")).digest()
        unsigned.append(Unsigned(header, digest))
    return unsigned


def sign_batch(key: SigningKey, digests: Iterable[bytes]) -> list[bytes]:
    """The signature of each SHA-256 digest; releases the interpreter lock, so threads help."""
    private = key.private
    if isinstance(private, Ed25519PrivateKey):
        return [private.sign(digest) for digest in digests]  # RFC 8463 3 signs the digest itself
    padding, algorithm = PKCS1v15(), Prehashed(SHA256())
    return [private.sign(digest, padding, algorithm) for digest in digests]


def signature_header(unsigned: Unsigned, signature: bytes) -> bytes:
    """The finished DKIM-Signature header, to be put in front of the message."""
    text = b64encode(signature)
    columns = range(0, len(text), _SIGNATURE_COLUMNS)
    folded = b"\r\n  ".join(text[at : at + _SIGNATURE_COLUMNS] for at in columns)
    return unsigned.header + folded + b"\r\n"


def sign_messages(
    messages: Sequence[Rendered], keys: Sequence[SigningKey], when: datetime
) -> list[Rendered]:
    """Each message with a signature of every key in front; one pass over the batch for each key."""
    prepared = [prepare(message, keys, when) for message in messages]
    fronts = [b""] * len(messages)
    for number, key in enumerate(keys):
        signatures = sign_batch(key, [unsigned[number].digest for unsigned in prepared])
        for at, signature in enumerate(signatures):
            fronts[at] += signature_header(prepared[at][number], signature)
    return [
        Rendered(front + message.content, len(front) + message.body_at)
        for front, message in zip(fronts, messages, strict=True)
    ]
