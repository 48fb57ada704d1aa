"""What leaves passes at a receiver (R44): judged by dkimpy and by rspamd, as the forecast said.

The road is the real one: DNS templates, published zones, verification, the check of the master
domain, a campaign, the engine, and Postfix's smtp-sink, which tells the envelope.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dkim
import dns.resolver
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from posthouse.accounts import access, services
from posthouse.accounts.actors import SYSTEM, operator
from posthouse.accounts.models import Account, User
from posthouse.campaigns.models import Campaign
from posthouse.core.dns.masterdomain import public_key_of
from posthouse.core.verification.evidence import Outlook
from posthouse.core.verification.forecast import Forecast
from posthouse.deliveries.forecasting import forecast_for
from posthouse.domains import checking, master
from posthouse.domains import services as domains
from posthouse.domains.models import SenderDomain
from posthouse.servers.models import DeliveryServer
from tests.engine.conftest import House, send
from tests.engine.postfix_sink import Letter, letters, postfix_sink
from tests.features.own_keys import asked
from tests.sending import Sending, make_sending

if TYPE_CHECKING:
    from tests.features.dns_servers import DnsWorld
    from tests.features.receiver import Receiver

pytest_plugins = ["tests.features.dns_servers", "tests.features.receiver"]

SENDS_FROM = "127.0.0.7"  # the only address in the operator's SPF record
READERS = 3
PASSED = {"spf": "R_SPF_ALLOW", "dkim": "R_DKIM_ALLOW", "dmarc": "DMARC_POLICY_ALLOW"}
STRICT = "v=DMARC1; p=reject; adkim=s; aspf=s"


@dataclass(frozen=True)
class SetUp:
    """A sender domain: its template, a DMARC policy of its own, and what is to come of it."""

    name: str
    spf: Outlook
    dkim: Outlook
    dmarc: Outlook
    template: str = "Default"
    policy: str = "none"  # what the forecast knows of it
    own_policy: str = ""
    above: Sequence[str] = field(default_factory=tuple)  # further lines of its zone


PASSES, FAILS = Outlook.PASSES, Outlook.FAILS
TABLE = (
    SetUp("default", PASSES, PASSES, PASSES),
    SetUp("ownkeys", PASSES, PASSES, PASSES, template="Own keys"),
    SetUp("strict", PASSES, PASSES, PASSES, policy="reject", own_policy=STRICT),
    # Its key and its policy stand below the From domain; SPF alone satisfies the one above.
    SetUp(
        "classic",
        PASSES,
        FAILS,
        PASSES,
        template="Octeth classic",
        policy="",
        above=('_dmarc TXT "v=DMARC1; p=none"',),
    ),
    SetUp("hopeless", PASSES, FAILS, FAILS, template="Octeth and strict", policy="reject"),
)


@pytest.fixture
def key(settings: Any, house: House) -> rsa.RSAPrivateKey:
    """The installation's DKIM key."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    settings.DKIM_PRIVATE_KEY = made.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    house.environment["POSTHOUSE_DKIM_PRIVATE_KEY"] = settings.DKIM_PRIVATE_KEY
    return made


@pytest.fixture
def world(
    dns_world: "DnsWorld", settings: Any, key: rsa.RSAPrivateKey, house: House, tmp_path: Path
) -> "DnsWorld":
    """DNS with the operator's own domain, as the shipped file of templates wants it."""
    settings.DNS_RESOLVERS = (f"127.0.0.1:{dns_world.resolver[1]}",)
    settings.DNS_AUTHORITY_PORT = dns_world.authority[1]
    settings.DNS_CONFIG = tmp_path / "dns.toml"
    settings.DNS_CONFIG.write_text(templates())
    house.environment["POSTHOUSE_DNS_CONFIG"] = str(settings.DNS_CONFIG)
    public = f"v=DKIM1; k=rsa; p={public_key_of(key)}"
    dns_world.set_zone(
        "example.net",
        [
            "mailer A 127.0.0.7",
            "mailer MX 10 mailer.example.net.",
            'mailer TXT "v=spf1 include:spf.example.net -all"',
            f'spf TXT "v=spf1 ip4:{SENDS_FROM} -all"',
            f'key1._domainkey.mailer TXT "{public[:200]}" "{public[200:]}"',
            '_dmarc.mailer TXT "v=DMARC1; p=none; adkim=r; aspf=r"',
            "track.mailer A 127.0.0.7",
        ],
    )
    return dns_world


def templates() -> str:
    """The shipped ones, and one whose policy the set-up cannot satisfy."""
    shipped = (Path(__file__).parents[2] / "config" / "dns.toml").read_text()
    records = [
        ("{subdomain}._SenderDomain_", "CNAME", "mailer.example.net", "return-path"),
        ("_dmarc._SenderDomain_", "TXT", STRICT, "dmarc"),
    ]
    lines = ",".join(
        f'{{ host = "{host}", type = "{kind}", value = "{value}", purpose = "{purpose}" }}'
        for host, kind, value, purpose in records
    )
    return f'{shipped}\n[campaign."Octeth and strict"]\nrecords = [{lines}]\n'


@pytest.fixture
def sending(account: Account, house: House, tmp_path: Path) -> Iterator[Sending]:
    """A server that Posthouse signs for, reached from the address that SPF names."""
    with postfix_sink(tmp_path / "dump", "-8") as port, access.across_tenants():
        made = make_sending(account, READERS, port)
        DeliveryServer.objects.update(
            signing=DeliveryServer.Signing.HERE, source_ip=SENDS_FROM, max_connections=1
        )
        yield made


def enabled(account: Account, world: "DnsWorld", set_up: SetUp) -> SenderDomain:
    """The domain, published as its template says, and verified."""
    with access.tenant(account):
        services.change_group(SYSTEM, account.group, campaign_dns_template=set_up.template)
        domain = domains.add(SYSTEM, account, f"mail.{set_up.name}.example")
        host = f"_dmarc.{domain.name}"
        ours = [each for each in asked(domain) if not (set_up.own_policy and each.host == host)]
        theirs = [f'{host}. TXT "{set_up.own_policy}"'] if set_up.own_policy else []
        world.set_zone(f"{set_up.name}.example", [*ours, *theirs, *set_up.above])
        domain = checking.verify(SYSTEM, domain)
        assert domain.status == "enabled", [str(row.finding) for row in domain.records.all()]
    return domain


def sent(house: House, sending: Sending, domain: SenderDomain) -> None:
    campaign = send(sending, name=domain.name, sender_domain=domain)
    house.wait_for_state(campaign, Campaign.State.SENT)


def outlooks(forecast: Forecast) -> Mapping[str, Outlook]:
    return {each.name.lower(): each.outlook for each in forecast.mechanisms}


def test_the_receiver_finds_what_the_forecast_said(
    *,
    account: Account,
    boss: User,
    house: House,
    sending: Sending,
    world: "DnsWorld",
    receiver: "Receiver",
    tmp_path: Path,
) -> None:
    master.check(operator(boss))
    ready = {set_up: enabled(account, world, set_up) for set_up in TABLE}
    house.worker()
    house.engine()
    for domain in ready.values():
        sent(house, sending, domain)
    taken, zone = letters(tmp_path / "dump"), texts_of(world)
    assert len(taken) == READERS * len(TABLE)

    for set_up, domain in ready.items():
        forecast = forecast_for(domain)
        said = outlooks(forecast)
        assert said == {"spf": set_up.spf, "dkim": set_up.dkim, "dmarc": set_up.dmarc}, set_up
        assert forecast.policy == set_up.policy
        ours = [one for one in taken if one.mail_from.endswith(f".{domain.name}")]
        assert {one.ip for one in ours} == {SENDS_FROM}
        assert len(ours) == READERS
        for letter in ours:
            assert dkim.verify(letter.content, dnsfunc=zone) == (said["dkim"] is PASSES)
            symbols = receiver.judge(letter)
            found = {name: symbol in symbols for name, symbol in PASSED.items()}
            assert found == {name: said[name] is PASSES for name in said}, (set_up, symbols)

    controls(receiver, next(one for one in taken if ".default." in one.mail_from))


def controls(receiver: "Receiver", letter: Letter) -> None:
    """The receiver does look: it refuses what is not as it was sent."""
    for spoil, symbol in SPOILED:
        symbols = receiver.judge(spoil(letter))
        assert symbol in symbols, (symbol, symbols)


def from_elsewhere(letter: Letter) -> Letter:
    """Another From, whose domain has a policy."""
    theirs = letter.content.replace(b"news@mail.default.example", b"news@mail.strict.example")
    return replace(letter, content=theirs)


SPOILED: tuple[tuple[Callable[[Letter], Letter], str], ...] = (
    (lambda letter: replace(letter, ip="127.0.0.99"), "R_SPF_FAIL"),
    (
        lambda letter: replace(letter, content=letter.content.replace(b"long", b"short", 1)),
        "R_DKIM_REJECT",
    ),
    (from_elsewhere, "DMARC_POLICY_REJECT"),
)


def texts_of(world: "DnsWorld") -> Callable[..., bytes | None]:
    """What the zones publish as TXT, for dkimpy."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [world.resolver[0]], world.resolver[1]

    def text(name: bytes, **_: Any) -> bytes | None:
        try:
            (answer,) = resolver.resolve(name.decode(), "TXT")
        except dns.resolver.NXDOMAIN:
            return None
        return b"".join(answer.strings)

    return text
