"""DKIM signatures, verified by another implementation."""

import base64
import re
from types import SimpleNamespace

import dkim as dkimpy
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from posthouse.core.composition.compile import compile_message
from posthouse.core.composition.content import Content, Rendered
from posthouse.core.composition.dkim import (
    SigningKey,
    UnusableKey,
    load_key,
    prepare,
    sign_messages,
)
from posthouse.core.composition.headers import field_names
from posthouse.core.composition.render import render_batch
from posthouse.core.composition.wire import flaws
from tests.core.composition.hostile import KNOWN, NOW, SENDER, person

RSA = SigningKey("mail.example.com", "key1", generate_rsa(65537, 2048))
ED25519 = SigningKey("mail.example.com", "ed1", Ed25519PrivateKey.generate())

EXTRA = [
    ("List-Unsubscribe", "<https://t.example.com/u/" + "x" * 90 + ">, <mailto:l@example.com>"),
    ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ("List-ID", "News  of   May <news.example.com>"),
    ("Feedback-ID", "campaign:account:group:posthouse"),
    ("CFBL-Address", "fbl@example.com; report=arf"),
]  # fmt: skip


def public_record(name: bytes, timeout: int = 5) -> bytes:
    """What the DNS would answer for a key, as dkimpy asks for it."""
    if name.startswith(b"key1."):
        der = RSA.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)
    raw = ED25519.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return b"v=DKIM1; k=ed25519; p=" + base64.b64encode(raw)


class _BadSignature(Exception):
    pass


class _VerifyKey:
    """The two calls that dkimpy makes to PyNaCl, by the library that is installed."""

    def __init__(self, key: bytes, encoder: object) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(base64.b64decode(key))

    def verify(self, message: bytes, signature: bytes) -> None:
        try:
            self._key.verify(signature, message)
        except InvalidSignature as error:
            raise _BadSignature from error


@pytest.fixture(autouse=True)
def _curve_for_dkimpy(monkeypatch: pytest.MonkeyPatch) -> None:
    if not hasattr(dkimpy, "nacl"):
        curve = SimpleNamespace(
            signing=SimpleNamespace(VerifyKey=_VerifyKey),
            encoding=SimpleNamespace(Base64Encoder=None),
            exceptions=SimpleNamespace(BadSignatureError=_BadSignature, ValueError=ValueError),
        )
        monkeypatch.setattr(dkimpy, "nacl", curve, raising=False)


def verdicts(message: bytes, signatures: int = 2) -> list[bool]:
    """Whether each signature holds, from the top."""

    def holds(number: int) -> bool:
        try:
            return bool(dkimpy.DKIM(message).verify(number, dnsfunc=public_record))
        except dkimpy.ValidationError:
            return False

    return [holds(number) for number in range(signatures)]


def batch() -> list[Rendered]:
    content = Content("Grüße {{ v }}", "<p>{{ v }}</p>", "{{ v }}\n\n\n")
    message = compile_message(content, SENDER, extra_headers=EXTRA)
    rendered = render_batch(message, [person(v=value) for value in ["Anna", "", *KNOWN]], date=NOW)
    return [each for each in rendered if isinstance(each, Rendered)]


def test_every_signature_verifies() -> None:
    unsigned = batch()
    signed = sign_messages(unsigned, [ED25519, RSA], NOW)
    assert len(signed) == len(KNOWN) + 2
    for before, after in zip(unsigned, signed, strict=True):
        assert verdicts(after.content) == [True, True]
        assert after.body == before.body
        assert after.content.endswith(before.content)
        assert field_names(after.headers)[:2] == [b"DKIM-Signature"] * 2
        assert not flaws(after.content)
        assert max(map(len, after.headers.split(b"\r\n")[:20])) <= 78


@pytest.mark.parametrize("text", ["{{ nothing }}", "x{{ nothing }}\n\n\n", "{{ v }}"])
def test_a_text_that_ends_in_empty_lines_or_is_empty_verifies(text: str) -> None:
    message = compile_message(Content("x", None, text), SENDER)
    rendered = render_batch(message, [person(v="Anna")], date=NOW)
    [signed] = sign_messages([r for r in rendered if isinstance(r, Rendered)], [ED25519, RSA], NOW)
    assert verdicts(signed.content) == [True, True]


def test_rsa_stands_alone() -> None:
    """Some receivers know no Ed25519 and must find an RSA signature beside it."""
    [signed, *_] = sign_messages(batch(), [RSA], NOW)
    assert verdicts(signed.content, 1) == [True]
    assert b"a=rsa-sha256" in signed.headers


def _tags(header: bytes) -> dict[bytes, bytes]:
    text = re.sub(rb"\s+", b"", header.partition(b":")[2])
    return dict(pair.split(b"=", 1) for pair in text.split(b";") if pair)


def test_the_signature_covers_what_a_reader_is_shown() -> None:
    [unsigned] = prepare(batch()[0], [RSA], NOW)
    found = _tags(unsigned.header)
    names = found[b"h"].split(b":")
    assert found[b"c"] == b"relaxed/relaxed"
    assert found[b"t"] == b"1795262400"
    assert not {b"l", b"x"} & found.keys()
    for name in (b"from", b"to", b"subject", b"date", b"message-id", b"mime-version",
                 b"content-type", b"list-unsubscribe", b"list-unsubscribe-post"):  # fmt: skip
        assert names.count(name) == 2, name
    assert names.count(b"reply-to") == 1  # absent, and may not be added
    assert {b"list-id", b"feedback-id", b"cfbl-address"} <= set(names)


@pytest.mark.parametrize(
    "tampered",
    [
        lambda m: b"From: eve@example.net\r\n" + m,
        lambda m: b"Subject: another\r\n" + m,
        lambda m: b"Reply-To: eve@example.net\r\n" + m,
        lambda m: b"Cc: eve@example.net\r\n" + m,
        lambda m: b"Content-Type: text/plain\r\n" + m,
        lambda m: m.replace(b"To: anna.bell", b"To: anna.bel"),
        lambda m: m.replace(b"+0000", b"+0100", 1),
        lambda m: m.replace(b"Feedback-ID: campaign", b"Feedback-ID: other"),
        lambda m: m + b"more\r\n",
        lambda m: m.replace(b"<p>", b"<b>"),
    ],
)
def test_a_changed_message_fails(tampered: object) -> None:
    [signed, *_] = sign_messages(batch(), [ED25519, RSA], NOW)
    changed = tampered(signed.content)  # type: ignore[operator]
    assert changed != signed.content
    assert verdicts(changed) == [False, False]


def test_what_relays_may_do_does_not_harm() -> None:
    """A trace header in front, other white space, folding: relaxed/relaxed allows these."""
    [signed, *_] = sign_messages(batch(), [ED25519, RSA], NOW)
    relayed = b"Received: from relay.example.net\r\n" + signed.content
    relayed = relayed.replace(b"News of May", b"News\r\n\tof  May").replace(b"To: ", b"To:  ")
    assert verdicts(relayed + b"\r\n\r\n") == [True, True]


def _pem(private: object) -> bytes:
    return private.private_bytes(  # type: ignore[attr-defined,no-any-return]
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


def test_keys_are_loaded_or_refused() -> None:
    assert load_key(_pem(RSA.private), "example.com", "a").algorithm == "rsa-sha256"
    assert load_key(_pem(ED25519.private), "example.com", "a").algorithm == "ed25519-sha256"
    for bad in (
        b"no key",
        _pem(generate_rsa(65537, 1024)),
        _pem(generate_private_key(SECP256R1())),
        _pem(RSA.private)[:-40],
    ):
        with pytest.raises(UnusableKey):
            load_key(bad, "example.com", "a")


@pytest.mark.parametrize("name", ["", "a b", "a\r\nBcc: x", "a;d=b", "ä", "a."])
def test_a_key_whose_names_do_not_fit_a_header_is_refused(name: str) -> None:
    with pytest.raises(UnusableKey):
        SigningKey(name, "key1", RSA.private)
    with pytest.raises(UnusableKey):
        SigningKey("example.com", name, RSA.private)


def test_an_empty_batch_is_signed_in_no_time() -> None:
    assert sign_messages([], [RSA], NOW) == []
