"""What arrives: every message read by the standard library and dkimpy, hostile values included."""

import email
import hashlib
import re
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings

from posthouse.accounts import access
from posthouse.accounts.models import Account
from posthouse.audience.models import Subscriber
from posthouse.campaigns.models import Campaign
from posthouse.core import tokens
from posthouse.core.composition.wire import flaws
from posthouse.core.tokens import Purpose
from posthouse.deliveries.models import Delivery
from posthouse.demo import newsletter
from posthouse.demo.record import StoredMessage
from posthouse.servers.models import DeliveryServer
from tests.engine.conftest import House, send
from tests.sending import make_sending

HEADERS = [
    "DKIM-Signature",
    "Date",
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
]
HOSTILE = [
    "=?utf-8?q?hi=0d=0aBcc:_x@example.org?=",
    "Anna\r\nBcc: x@example.org\r\n\r\nhello",
    "Bell \a, escape \x1b and delete \x7f inside",
    "{{ email }} {% for i in (1..9) %}x{% endfor %}",
    "<script>alert(1)</script>",
    "x" * 10_000,
    ".\r\n.\r\nMAIL FROM:<x@example.org>",
    "Ünïcødé 名前 🐎",
]


@pytest.fixture
def key(house: House) -> rsa.RSAPrivateKey:
    """The installation's DKIM key, set for the processes of the house."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    house.environment["POSTHOUSE_DKIM_PRIVATE_KEY"] = made.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    return made


def dns_of(key: rsa.RSAPrivateKey) -> bytes:
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return b"v=DKIM1; k=rsa; p=" + b"".join(pem.splitlines()[1:-1])


def parsed(message: StoredMessage) -> EmailMessage:
    return email.message_from_bytes(message.content, policy=policy.default)


def delivery_of(message: StoredMessage) -> Delivery:
    """The row that the return path's token stands for."""
    token = tokens.from_local_part(message.mail_from.partition("@")[0])
    assert token is not None
    secret = hashlib.sha256(settings.TOKEN_KEY.encode()).digest()
    with access.across_tenants():
        return Delivery.objects.get(pk=tokens.unseal(secret, Purpose.VERP, token))


def test_every_message_is_what_was_meant(
    account: Account, house: House, key: rsa.RSAPrivateKey
) -> None:
    house.environment["POSTHOUSE_TOKEN_KEY"] = settings.TOKEN_KEY
    with access.across_tenants():
        sending = make_sending(account, members=120, port=house.relay())
        DeliveryServer.objects.update(signing=DeliveryServer.Signing.HERE)
        people = list(Subscriber.objects.order_by("id"))
        for person, value in zip(people, HOSTILE, strict=False):
            person.fields = {"first_name": value, "city": value[:50]}
            person.save()
    campaign = send(
        sending,
        from_name="Harbour Books – Bücher",
        reply_to="shop@example.com",
        subject=newsletter.SUBJECT,
        preheader=newsletter.PREHEADER,
        html=newsletter.HTML,
    )
    house.worker()
    house.engine()
    house.wait_for_state(campaign, Campaign.State.SENT)

    taken = house.taken()
    assert sorted(m.recipient for m in taken) == sorted(p.address for p in people)
    assert len({parsed(m)["Message-ID"] for m in taken}) == len(people)
    names = {person.address: person.fields["first_name"] for person in people}
    for message in taken:
        check(message, sending.domain.name, names[message.recipient], key)


def check(message: StoredMessage, domain: str, first_name: str, key: rsa.RSAPrivateKey) -> None:
    letter = parsed(message)
    assert flaws(message.content) == []
    assert [part.defects for part in letter.walk() if part.defects] == []
    assert letter.keys() == HEADERS
    assert letter["From"].addresses == (
        Address("Harbour Books – Bücher", addr_spec=f"news@{domain}"),
    )
    assert letter["To"].addresses[0].addr_spec == message.recipient
    assert message.mail_from.endswith(f"@sl.{domain}")
    assert delivery_of(message).address == message.recipient
    assert letter["Message-ID"].endswith(f"@{domain}>")
    text, html = letter.get_payload()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert message.recipient in text.get_content()
    assert "<script>" not in html.get_content()
    expected = re.sub(r"[\s\x00-\x1f\x7f]+", " ", first_name).strip()
    assert expected in re.sub(r"\s+", " ", str(letter["Subject"]))
    assert dkim.verify(message.content, dnsfunc=lambda *_, **__: dns_of(key))


def test_a_refused_recipient_fails_alone_and_keeps_the_servers_words(
    account: Account, house: House, tmp_path: Path
) -> None:
    port = house.relay("rcpt:*-1[0-9]@example.org:550 5.1.1 No such user here")
    with access.across_tenants():
        sending = make_sending(account, members=30, port=port)
    campaign = send(sending)
    house.worker()
    house.engine()
    house.wait_for_state(campaign, Campaign.State.SENT)

    with access.across_tenants():
        failed = list(Delivery.objects.filter(state="failed").values_list("said", flat=True))
    assert failed == ["550 5.1.1 No such user here"] * 10
    assert len(house.taken()) == 20


def test_a_server_in_trouble_is_paused_with_the_reason_and_comes_back_by_itself(
    account: Account, house: House
) -> None:
    port = house.relay("2*connect:*:421 4.3.2 Too busy")
    with access.across_tenants():
        sending = make_sending(account, members=30, port=port)
    campaign = send(sending)
    house.worker()
    house.engine()

    def paused() -> bool:
        sending.server.refresh_from_db()
        return "Too busy" in sending.server.paused_reason

    house.wait_until(paused, "the pause")
    house.wait_for_state(campaign, Campaign.State.SENT)
    assert len(house.taken()) == 30


def test_a_lost_last_reply_is_uncertain_and_sent_again_with_the_same_message_id(
    account: Account, house: House
) -> None:
    port = house.relay("1*end:*-3@example.org:drop")
    with access.across_tenants():
        sending = make_sending(account, members=10, port=port)
    campaign = send(sending)
    house.worker()
    house.engine()
    house.wait_for_state(campaign, Campaign.State.SENT)

    copies = [m for m in house.taken() if m.recipient.endswith("-3@example.org")]
    assert 1 <= len(copies) <= 2
    assert len({parsed(m)["Message-ID"] for m in copies}) == 1
    assert len({m.mail_from for m in copies}) == 1
    assert {m.recipient for m in house.taken()} == {str(a) for a in addresses_of(sending.account)}


def addresses_of(account: Account) -> list[str]:
    with access.tenant(account):
        return list(Subscriber.objects.values_list("address", flat=True))
