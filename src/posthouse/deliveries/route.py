"""Who carries a dispatch and under which identity: rows in, core's tables asked, reasons out."""

from dataclasses import dataclass
from typing import Any

from posthouse.accounts import standing
from posthouse.accounts.models import Account
from posthouse.audience.models import SubscriberList
from posthouse.content.frames import frame_of
from posthouse.core.channels import Channel
from posthouse.core.composition.content import Sender
from posthouse.core.composition.frame import Frame
from posthouse.core.dns.names import normal_name
from posthouse.core.identity import (
    Identity,
    IdentityRefused,
    IdentityRequest,
    ListSender,
    OwnDomain,
    ServerDomains,
    resolve_identity,
)
from posthouse.core.routing.choose import NoServer
from posthouse.core.verification.status import Status
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.models import Dispatch
from posthouse.domains import ownership
from posthouse.domains.key_queries import OwnKey, signing_for
from posthouse.domains.models import SenderDomain
from posthouse.servers.choosing import Chosen, choose
from posthouse.servers.models import DeliveryServer


class RouteRefused(Exception):
    """This mail may not or cannot leave; the text is a sentence that says why and what to do.

    `reasons` has a sentence for each step that was looked at before; `rest` is the text without
    those.
    """

    def __init__(self, sentence: str, reasons: tuple[str, ...] = (), rest: str = "") -> None:
        super().__init__(sentence)
        self.reasons, self.rest = reasons, rest or sentence


class ServerPaused(Exception):
    """The server is in trouble and rests until a moment; the mail waits."""

    def __init__(self, server: DeliveryServer, route: "Route") -> None:
        assert server.paused_until is not None
        self.name, self.until = server.name, server.paused_until
        self.reason, self.route = server.paused_reason, route
        super().__init__(f"{self.name} is paused until {self.until:%H:%M:%S}: {self.reason}")


@dataclass(frozen=True, slots=True)
class SenderChoice:
    """Who a dispatch comes from, as its author chose it; core/identity says what becomes of it."""

    from_name: str = ""
    from_local: str = ""
    sender_domain: SenderDomain | None = None
    from_address: str = ""
    reply_to: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """The server and the identity, and a sentence for each step that led to them."""

    server_id: int
    server_name: str
    identity: Identity
    signs_here: bool
    reasons: tuple[str, ...]
    frame: Frame  # what the account's group puts around its messages
    own_keys: tuple[OwnKey, ...] = ()  # of the From domain; none: the installation's key signs

    @property
    def sender(self) -> Sender:
        """Who the message says it is from; its Message-ID is aligned with the From domain (M6)."""
        return Sender(
            from_name=self.identity.from_name,
            from_address=self.identity.from_address,
            reply_to=self.identity.reply_to or None,
            message_id_domain=self.signing_domain,
        )

    @property
    def signing_domain(self) -> str:
        """The domain that a DKIM signature made here speaks for: the From domain, aligned."""
        return self.identity.from_address.rpartition("@")[2]

    def identity_as_json(self) -> dict[str, Any]:
        """What is kept on the dispatch for people to read."""
        identity = self.identity
        return {
            "from_name": identity.from_name,
            "from_address": identity.from_address,
            "reply_to": identity.reply_to,
            "mfrom": identity.mfrom,
            "server": self.server_name,
            "reasons": list(self.reasons),
        }


def resolve(dispatch: Dispatch) -> Route:
    """The route of a dispatch as things stand now; asked again at every claim.

    Raises RouteRefused (the dispatch must pause) or ServerPaused (it waits).
    """
    return judge(
        dispatch.account, Channel(dispatch.channel), sender_of(dispatch), dispatch.list_ids
    )


def sender_of(dispatch: Dispatch) -> SenderChoice:
    """Who it comes from, as its author chose it."""
    return SenderChoice(
        from_name=dispatch.from_name,
        from_local=dispatch.from_local,
        sender_domain=dispatch.sender_domain,
        from_address=dispatch.from_address,
        reply_to=dispatch.reply_to,
    )


def judge(account: Account, channel: Channel, sender: SenderChoice, list_ids: list[int]) -> Route:
    """What an engine decides about mail of this kind now; explaining asks the same.

    Raises RouteRefused or ServerPaused.
    """
    if stopped := standing.why_not(account):
        raise RouteRefused(f"{stopped} The operator can activate it again.")
    route, server = _route(account, channel, sender, list_ids)
    if server.paused_until and server.paused_until > database_now():
        raise ServerPaused(server, route)
    return route


def preview(
    account: Account, channel: Channel, sender: SenderChoice, list_ids: list[int] | None = None
) -> Route:
    """The route that a dispatch would have; what pages show before anything is sent."""
    return _route(account, channel, sender, list_ids or [])[0]


def keys_of(account_id: int, identity: Identity) -> tuple[OwnKey, ...]:
    """The From domain's own keys that sign now."""
    return signing_for(account_id, normal_name(identity.from_address.rpartition("@")[2]))


def _route(
    account: Account, channel: Channel, sender: SenderChoice, list_ids: list[int]
) -> tuple[Route, DeliveryServer]:
    chosen = _server(account, channel)
    server = chosen.server
    try:
        identity = resolve_identity(_request(account, server, sender, list_ids))
    except IdentityRefused as refused:
        raise RouteRefused(refused.reason, chosen.reasons) from refused
    signs_here = server.signing == DeliveryServer.Signing.HERE
    route = Route(
        server_id=server.pk,
        server_name=server.name,
        identity=identity,
        signs_here=signs_here,
        reasons=chosen.reasons + identity.reasons,
        frame=frame_of(account.group_id),
        own_keys=keys_of(account.pk, identity) if signs_here else (),
    )
    return route, server


_ALLOCATE = "The operator allocates a delivery server to the user group or the account."


def _server(account: Account, channel: Channel) -> Chosen:
    try:
        return choose(account, channel)
    except NoServer as nothing:
        raise RouteRefused(f"{nothing} {_ALLOCATE}", nothing.reasons, _ALLOCATE) from nothing


def _request(
    account: Account, server: DeliveryServer, sender: SenderChoice, list_ids: list[int]
) -> IdentityRequest:
    domain, managed = sender.sender_domain, account.group.sender_domain_management
    listed = _list_sender(account, list_ids)
    free = [] if managed else [sender.from_address, listed.address if listed else ""]
    return IdentityRequest(
        account_id=account.pk,
        managed=managed,
        server=ServerDomains(
            mfrom=server.mfrom_domain,
            link_host=server.link_tracking_domain,
            open_host=server.open_tracking_domain,
            enforced_from=server.enforced_from,
            list_sender_as_from=server.sender_info_as_from,
            list_sender_as_mfrom=server.sender_info_as_mfrom,
        ),
        from_name=sender.from_name,
        local_part=sender.from_local,
        domain=_own(domain) if domain else None,
        free_text=sender.from_address,
        reply_to=sender.reply_to,
        list_sender=listed,
        taken=ownership.taken(account.pk, free),
    )


def _own(domain: SenderDomain) -> OwnDomain:
    return OwnDomain(
        account_id=domain.account_id,
        name=domain.name,
        status=Status(domain.status),
        mfrom_host=domain.mfrom_host,
        tracking_host=domain.tracking_host,
    )


def _list_sender(account: Account, list_ids: list[int]) -> ListSender | None:
    """The sender of the one list that is mailed; several lists have no sender in common."""
    if len(list_ids) != 1:
        return None
    row = SubscriberList.objects.filter(pk=list_ids[0], account=account).first()
    if row is None or not row.sender_address:
        return None
    name = row.sender_address.rpartition("@")[2].lower()
    domain = SenderDomain.objects.filter(
        account=account, name=name, status=SenderDomain.Status.ENABLED
    ).first()
    return ListSender(row.sender_name, row.sender_address, _own(domain) if domain else None)
