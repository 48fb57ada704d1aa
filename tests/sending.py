"""Sets up an account that can send: a server, an Enabled domain, a list with members, content."""

from dataclasses import dataclass

from posthouse.accounts import access
from posthouse.accounts.models import Account
from posthouse.audience.models import ListMembership, Subscriber, SubscriberList
from posthouse.content.models import ContentVersion
from posthouse.core.channels import Channel
from posthouse.deliveries.models import Delivery, Dispatch
from posthouse.deliveries.route import SenderChoice
from posthouse.deliveries.services import start_to_lists
from posthouse.domains.models import SenderDomain
from posthouse.servers.models import Allocation, DeliveryServer
from tests.factories import unique


@dataclass(frozen=True)
class Sending:
    """What a dispatch of the account needs."""

    account: Account
    server: DeliveryServer
    domain: SenderDomain
    list: SubscriberList
    content: ContentVersion

    def dispatch(self) -> Dispatch:
        """A marketing dispatch to the list, not fanned out yet."""
        sender = SenderChoice("Harbour Books", "news", self.domain)
        return start_to_lists(
            self.account, Channel.MARKETING, self.content, sender, [self.list.pk], origin="campaign"
        )


def make_server(port: int = 2525, **values: object) -> DeliveryServer:
    """A server row as the operator would have set it up, on loopback and without encryption."""
    name = unique("relay")
    return DeliveryServer.objects.create(
        **{
            "name": name,
            "host": "127.0.0.1",
            "port": port,
            "encryption": DeliveryServer.Encryption.NONE,
            "authentication": False,
            "link_tracking_domain": "track.mailer.example.net",
            "open_tracking_domain": "track.mailer.example.net",
            "mfrom_domain": "mailer.example.net",
        }
        | values
    )


def make_domain(account: Account, name: str = "", **values: object) -> SenderDomain:
    """An Enabled sender domain."""
    name = name or f"{unique('mail')}.example.com"
    return SenderDomain.objects.create(
        **{
            "account": account,
            "name": name,
            "status": SenderDomain.Status.ENABLED,
            "mfrom_host": f"sl.{name}",
            "tracking_host": f"track-sl.{name}",
            "proven": True,
        }
        | values
    )


def make_list(account: Account, members: int = 0) -> SubscriberList:
    """A list with so many subscribed members, made in bulk."""
    row = SubscriberList.objects.create(account=account, name=unique("list"))
    tag = unique("reader")
    people = Subscriber.objects.bulk_create(
        Subscriber(
            account=account,
            address=f"{tag}-{n}@example.org",
            normalised=f"{tag}-{n}@example.org",
            fields={"first_name": f"Reader {n}"},
        )
        for n in range(members)
    )
    ListMembership.objects.bulk_create(
        ListMembership(account=account, list=row, subscriber=person) for person in people
    )
    return row


def make_sending(account: Account, members: int, port: int = 2525) -> Sending:
    """Everything at once; call it inside ``access.across_tenants()``."""
    server = make_server(port)
    Allocation.objects.create(account=account, channel=Channel.MARKETING, server=server)
    content = ContentVersion.objects.create(
        account=account, subject="Hello {{ first_name }}", html="<p>Dear {{ first_name }},</p>"
    )
    return Sending(account, server, make_domain(account), make_list(account, members), content)


def counted(dispatch: Dispatch) -> dict[str, int]:
    """The rows of a dispatch by state, and a check that its counters say the same."""
    with access.across_tenants():
        dispatch.refresh_from_db()
        states = list(Delivery.objects.filter(dispatch=dispatch).values_list("state", flat=True))
    rows = {state: states.count(state) for state in set(states)}
    names = ("pending", "sending", "accepted", "deferred", "failed", "uncertain", "skipped")
    assert rows == {name: getattr(dispatch, name) for name in names if getattr(dispatch, name)}
    return rows
