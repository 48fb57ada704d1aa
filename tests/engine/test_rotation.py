"""Two thousand messages leave while the sender domain's keys change, and every signature holds."""

import asyncio
import email
import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dkim
import dns.resolver
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.db import connections

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account
from posthouse.campaigns.models import Campaign
from posthouse.deliveries import outbox
from posthouse.deliveries.fan_out import fan_out_next
from posthouse.deliveries.models import Dispatch
from posthouse.deliveries.outbox import Claim
from posthouse.demo.record import StoredMessage
from posthouse.domains import keys
from posthouse.domains.models import DomainKey, SenderDomain
from posthouse.engine.composing import Composer
from posthouse.engine.journal import Journal
from posthouse.engine.signing import OwnKeyGone
from posthouse.engine.store import Store
from posthouse.engine.worker import Desk, Worker
from posthouse.servers.models import DeliveryServer
from tests.engine.conftest import House, send
from tests.engine.pools import Log, new_pool
from tests.features.own_keys import MASTER, asked, enabled, leaks, needles, ring, verified
from tests.sending import Sending, counted, make_sending

if TYPE_CHECKING:
    from tests.features.dns_servers import DnsWorld

pytest_plugins = ["tests.features.dns_servers"]
MESSAGES = 2_000
INSTALLATIONS = (
    rsa.generate_private_key(public_exponent=65537, key_size=2048)
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode()
)
Zone = Callable[[bytes], bytes | None]


@pytest.fixture
def world(dns_world: "DnsWorld", settings: Any) -> "DnsWorld":
    settings.DNS_RESOLVERS = (f"127.0.0.1:{dns_world.resolver[1]}",)
    settings.DNS_AUTHORITY_PORT = dns_world.authority[1]
    dns_world.set_zone("example.net", MASTER)
    return dns_world


def signed_by(domain: SenderDomain, account: Account, members: int, port: int) -> Sending:
    """Everything for a campaign from the domain, over a server that leaves signing to Posthouse."""
    with access.across_tenants():
        sending = replace(make_sending(account, members=members, port=port), domain=domain)
        DeliveryServer.objects.update(signing=DeliveryServer.Signing.HERE)
    return sending


def texts_of(world: "DnsWorld") -> Zone:
    """What the zone publishes as TXT, for dkimpy; each name is asked for once."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [world.resolver[0]], world.resolver[1]
    known: dict[bytes, bytes | None] = {}

    def text(name: bytes) -> bytes | None:
        if name not in known:
            try:
                (answer,) = resolver.resolve(name.decode(), "TXT")
                known[name] = b"".join(answer.strings)
            except dns.resolver.NXDOMAIN:
                known[name] = None
        return known[name]

    return text


def signatures(message: StoredMessage, zone: Zone) -> dict[str, bool]:
    """Whether each of the message's signatures verifies, by selector; in their order."""
    headers = email.message_from_bytes(message.content).get_all("DKIM-Signature", [])
    found = {}
    for number, header in enumerate(headers):
        tags = dict(part.strip().split("=", 1) for part in "".join(header.split()).split(";"))
        verifier = dkim.DKIM(message.content)
        found[tags["s"]] = verifier.verify(idx=number, dnsfunc=lambda name, **_: zone(name))
    return found


def test_every_message_verifies_while_the_keys_change(
    account: Account, house: House, world: "DnsWorld", tmp_path: Path, settings: Any
) -> None:
    domain = enabled(account, world, "rotation.example.com")
    sending = signed_by(domain, account, MESSAGES, house.relay())
    with access.tenant(account):
        keys.rotate(SYSTEM, domain)
    world.set_zone("rotation.example.com", asked(domain))
    house.environment.update(POSTHOUSE_ENGINE_WORKERS="2", POSTHOUSE_LOG_LEVEL="DEBUG")
    campaign = send(sending)
    house.worker()
    house.engine()

    house.wait_for_copies(MESSAGES // 4)
    engine = house.parts._running["e1"].pid
    os.kill(engine, signal.SIGSTOP)  # with claims in hand, whose routes name the old keys
    verified(domain)
    os.kill(engine, signal.SIGCONT)
    house.wait_for_state(campaign, Campaign.State.SENT)

    zone = texts_of(world)
    found = [signatures(message, zone) for message in house.taken()]
    assert len(found) == MESSAGES
    assert all(all(each.values()) for each in found)
    after = ring(domain)
    old, new = (tuple(key.selector for key in part) for part in (after.retired, after.signing))
    pairs = Counter(tuple(each) for each in found)
    assert set(pairs) == {old, new}  # RSA first, Ed25519 beside it, of one generation
    assert pairs[old] >= MESSAGES // 4
    assert pairs[new] >= MESSAGES // 4
    written = [*(tmp_path / "logs").iterdir(), *(settings.HOME / "journals").iterdir()]
    wanted = needles(domain)
    assert [leaks(path.read_bytes(), wanted) for path in written] == [[]] * len(written)


def test_the_installations_key_signs_for_a_domain_that_inherits(
    account: Account, house: House, world: "DnsWorld"
) -> None:
    """Own keys of a domain never sign what another domain of the account sends."""
    enabled(account, world, "notmine.example.com")
    with access.across_tenants():
        sending = make_sending(account, members=3, port=house.relay())
        DeliveryServer.objects.update(signing=DeliveryServer.Signing.HERE)
    house.environment["POSTHOUSE_DKIM_PRIVATE_KEY"] = INSTALLATIONS
    campaign = send(sending)
    house.worker()
    house.engine()
    house.wait_for_state(campaign, Campaign.State.SENT)

    for message in house.taken():
        header = "".join(str(email.message_from_bytes(message.content)["DKIM-Signature"]).split())
        assert f"d={sending.domain.name};s=key1;" in header


def test_a_key_that_does_not_open_pauses_the_campaign_and_fails_nobody(
    account: Account, house: House, world: "DnsWorld"
) -> None:
    domain = enabled(account, world, "locked.example.com")
    sending = signed_by(domain, account, 5, house.relay())
    with access.across_tenants():
        key = domain.keys.get(algorithm="rsa")
        DomainKey.objects.filter(pk=key.pk).update(sealed=f"00000000:{'A' * 64}")
    campaign = send(sending)
    house.worker()
    house.engine()

    def dispatch() -> Dispatch:
        with access.across_tenants():
            return Dispatch.objects.get(campaign=campaign)

    house.wait_until(lambda: f"The DKIM key {key.selector} of" in dispatch().reason, "the pause")
    assert "posthouse domains rotate mail.locked.example.com" in dispatch().reason
    stopped = dispatch()
    assert (stopped.failed, stopped.accepted, house.taken()) == (0, 0, [])


async def given_up(claim: Claim, folder: Path) -> str:
    """What a worker is told when it makes the claim's messages, after it has given up."""
    store, journal = Store(), Journal.open(folder, "e1")
    composer = Composer(store)
    worker, pool = Worker("e1", store, journal, composer), new_pool(Log(), 1)
    try:
        await composer.compose(claim, claim.parcels)
    except OwnKeyGone as gone:
        await worker.give_up(claim, pool, Desk(claim), gone)
        return str(gone)
    finally:
        await pool.close(drain=False)
        await store.ask(connections.close_all)  # those of its thread
        store.close()
        journal.close()
    return ""


@pytest.mark.django_db(transaction=True)
def test_a_key_that_is_gone_ends_the_claim_and_the_next_one_does_not_name_it(
    account: Account, world: "DnsWorld", tmp_path: Path
) -> None:
    domain = enabled(account, world, "vanished.example.com")
    campaign = send(signed_by(domain, account, 5, port=1))
    with access.across_tenants():
        while fan_out_next():
            pass
        claim = outbox.claim_next("e1", 7)
        assert claim is not None
        assert [key.selector for key in claim.route.own_keys] == [
            key.selector for key in ring(domain).signing
        ]
        domain.keys.all().delete()
    said = asyncio.run(given_up(claim, tmp_path))

    assert "were changed while this was being sent" in said
    with access.across_tenants():
        campaign.refresh_from_db()
        assert campaign.dispatch is not None
        assert counted(campaign.dispatch) == {"pending": 5}
        assert campaign.dispatch.state == Dispatch.State.RUNNING
        again = outbox.claim_next("e1", 8)
    assert again is not None
    assert again.route.own_keys == ()
