"""The operator checks the installation's own domain from the page of the DNS templates."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.test import Client
from django.utils import timezone

from posthouse.accounts import access
from posthouse.accounts.models import Account, User
from posthouse.core.dns.masterdomain import public_key_of
from posthouse.core.dns.records import RecordType, record
from posthouse.domains import master
from posthouse.domains.models import DomainRecord, MasterCheck
from tests.sending import make_domain

if TYPE_CHECKING:
    from tests.features.dns_servers import DnsWorld

pytest_plugins = ["tests.features.dns_servers"]
PAGE = "/operator/dns-templates/"


def test_from_not_checked_over_a_wrong_key_to_all_right(
    boss: User, client_of: Callable[[User], Client], dns_world: "DnsWorld", settings: Any
) -> None:
    private = generate_private_key(65537, 2048)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    settings.DKIM_PRIVATE_KEY = pem.decode()
    settings.DNS_RESOLVERS = (f"127.0.0.1:{dns_world.resolver[1]}",)
    rest = [
        'mailer TXT "v=spf1 include:spf.example.net -all"',
        'spf TXT "v=spf1 ip4:192.0.2.1 -all"',
        "mailer A 192.0.2.1",
        "mailer MX 10 mailer",
        "track.mailer A 192.0.2.1",
        '_dmarc.mailer TXT "v=DMARC1; p=none"',
    ]
    key = record("key1._domainkey.mailer.example.net", RecordType.TXT, "v=DKIM1; p=QUJD")
    dns_world.set_zone("example.net", [*rest, key])
    dns_world.set_zone("2.0.192.in-addr.arpa", ["1 PTR mailer.example.net."])
    operator = client_of(boss)
    assert "Not checked yet" in operator.get(PAGE).content.decode()
    assert operator.get(f"{PAGE}check/").status_code == 405

    wrong = operator.post(f"{PAGE}check/", follow=True).content.decode()
    assert "is not the one that mail is signed with" in wrong
    assert wrong.count("Every signature is checked with this key.") == 1
    assert "leads back to it" in wrong

    key = record(key.host, RecordType.TXT, f"v=DKIM1; k=rsa; p={public_key_of(private)}")
    dns_world.set_zone("example.net", [*rest, key])
    right = operator.post(f"{PAGE}check/", follow=True).content.decode()
    assert "The published key is the one that mail is signed with." in right
    assert {each["state"] for each in MasterCheck.objects.get().findings} == {"ok"}


def test_only_an_operator_may(owner: User, client_of: Callable[[User], Client]) -> None:
    assert client_of(owner).post(f"{PAGE}check/").status_code in {302, 403, 404}
    assert not MasterCheck.objects.exists()


def test_it_is_checked_by_itself_once_a_day_as_soon_as_a_domain_leads_there(
    account: Account, dns_world: "DnsWorld", settings: Any
) -> None:
    settings.DNS_RESOLVERS = (f"127.0.0.1:{dns_world.resolver[1]}",)
    dns_world.set_zone("example.net", ['_dmarc.mailer TXT "v=DMARC1; p=none"'])
    with access.across_tenants():
        assert not master.check_due()  # nobody sends yet
        domain = make_domain(account)
        DomainRecord.objects.create(
            account=account, domain=domain, position=0, purpose="return-path",
            host=domain.mfrom_host, type="CNAME", value="mailer.example.net",
        )  # fmt: skip
        assert master.check_due()
        assert not master.check_due()
        (policy,) = [one for one in found() if one["check"] == "DMARC"]
        assert (policy["state"], policy["seen"]) == ("ok", "v=DMARC1; p=none")

        MasterCheck.objects.update(at=timezone.now() - timedelta(days=2))
        settings.DNS_RESOLVERS = ("127.0.0.1:1",)  # nobody listens there
        assert not master.check_due()
        assert policy in found()  # what cannot be looked up costs nothing that is known


def found() -> list[dict[str, Any]]:
    return list(MasterCheck.objects.get().findings)
