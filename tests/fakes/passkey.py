"""A security key in software: answers WebAuthn's questions as a browser with a key would."""

import hashlib
import json
import secrets
import struct
from base64 import urlsafe_b64encode
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


class Passkey:
    """One key pair for one host name (WebAuthn level 2, sections 5.1 and 6.1)."""

    def __init__(self, host: str, origin: str) -> None:
        self._host, self._origin = host, origin
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._id = secrets.token_bytes(16)
        self._uses = 0

    def registered(self, options: dict[str, Any]) -> str:
        """The credential, as JSON, for ``publicKey`` creation options."""
        client_data = self._client_data("webauthn.create", options["publicKey"]["challenge"])
        cose = ES256.from_cryptography_key(self._key.public_key())  # type: ignore[no-untyped-call]
        public = cbor.encode(dict(cose))
        attested = bytes(16) + struct.pack(">H", len(self._id)) + self._id + public
        data = self._authenticator_data(_PRESENT | _VERIFIED | _ATTESTED) + attested
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            {"clientDataJSON": _text(client_data), "attestationObject": _text(attestation)}
        )

    def authenticated(self, options: dict[str, Any]) -> str:
        """The assertion, as JSON, for ``publicKey`` request options."""
        client_data = self._client_data("webauthn.get", options["publicKey"]["challenge"])
        data = self._authenticator_data(_PRESENT | _VERIFIED)
        signed = data + hashlib.sha256(client_data).digest()
        return self._answer(
            {
                "clientDataJSON": _text(client_data),
                "authenticatorData": _text(data),
                "signature": _text(self._key.sign(signed, ec.ECDSA(hashes.SHA256()))),
            }
        )

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self._origin}).encode()

    def _authenticator_data(self, flags: int) -> bytes:
        self._uses += 1
        return hashlib.sha256(self._host.encode()).digest() + struct.pack(">BI", flags, self._uses)

    def _answer(self, response: dict[str, str]) -> str:
        name = _text(self._id)
        return json.dumps(
            {
                "id": name,
                "rawId": name,
                "type": "public-key",
                "response": response,
                "clientExtensionResults": {},
            }
        )


def _text(octets: bytes) -> str:
    return urlsafe_b64encode(octets).decode().rstrip("=")
