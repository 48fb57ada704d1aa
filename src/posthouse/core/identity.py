"""Who a message may be from: From, return path and tracking hosts, by one table, each with its why.

Asked when a campaign is saved, when it starts, and by the engine when it claims a batch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from posthouse.core.addresses import BadAddress, from_local_part, parse_address
from posthouse.core.verification.status import Status


class FromKind(StrEnum):
    """Where the From address comes from."""

    OWN_DOMAIN = "own_domain"
    DEFAULT_DOMAIN = "default_domain"
    FREE_TEXT = "free_text"
    LIST_SENDER = "list_sender"
    ENFORCED = "enforced"


# The table as people read it (documentation and forms show it); the functions below follow it.
FROM_MAY_BE: Mapping[FromKind, str] = {
    FromKind.OWN_DOMAIN: "An address at an Enabled sender domain of the account: always.",
    FromKind.DEFAULT_DOMAIN: "An address at the group's default sender domain: within its cap.",
    FromKind.FREE_TEXT: "Any address: only while sender domain management is off for the group,"
    " and never at or below another account's verified domain.",
    FromKind.ENFORCED: "The server's enforced From: it replaces From; the own goes to Reply-To.",
    FromKind.LIST_SENDER: 'The list\'s sender: where the server says "sender info as From" and'
    " enforces none; with management on only if it is at an Enabled sender domain.",
}


@dataclass(frozen=True, slots=True)
class OwnDomain:
    """A sender domain that the account has registered, as it stands now."""

    account_id: int
    name: str
    status: Status
    mfrom_host: str
    tracking_host: str
    track_links: bool = True
    track_opens: bool = True


@dataclass(frozen=True, slots=True)
class DefaultDomain:
    """The group's default sender domain. `remaining`: messages left in the cap; None: no cap."""

    name: str
    mfrom_host: str
    tracking_host: str
    remaining: int | None = None


@dataclass(frozen=True, slots=True)
class ServerDomains:
    """The Domains tab of the delivery server. `mfrom` is a domain or a full address."""

    mfrom: str = ""
    link_host: str = ""
    open_host: str = ""
    enforced_from: str = ""
    list_sender_as_from: bool = False
    list_sender_as_mfrom: bool = False


@dataclass(frozen=True, slots=True)
class ListSender:
    """The sender of the list that is mailed, and the account's sender domain for its address."""

    name: str
    address: str
    domain: OwnDomain | None = None


@dataclass(frozen=True, slots=True)
class IdentityRequest:
    """What was chosen, and what it is to be judged by.

    Chosen is either `local_part` at `domain`, or (`domain` None) the address in `free_text`.
    `taken`: the domains of free addresses that are at or below what another account verified.
    """

    account_id: int
    managed: bool  # sender domain management is on for the group
    server: ServerDomains
    from_name: str = ""
    local_part: str = ""
    domain: OwnDomain | DefaultDomain | None = None
    free_text: str = ""
    reply_to: str = ""
    list_sender: ListSender | None = None
    taken: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Identity:
    """Under which names a message leaves.

    `mfrom` is the domain of the return path, or (`mfrom_is_address`) the whole of it; bounces then
    go to that mailbox and are not processed. A tracking host that is None means: do not track.
    """

    kind: FromKind
    from_name: str
    from_address: str
    reply_to: str
    mfrom: str
    mfrom_is_address: bool
    link_host: str | None
    open_host: str | None
    uses_default_domain: bool  # counts against the default domain's cap
    reasons: tuple[str, ...]

    @property
    def bounces_processed(self) -> bool:
        """False where bounces go to somebody's mailbox instead of ours."""
        return not self.mfrom_is_address


class IdentityRefused(Exception):
    """Base of the refusals: nothing may be sent under what was chosen."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class FreeTextRefused(IdentityRefused):
    """Sender domain management is on, and no sender domain was chosen."""


class DomainNotOwned(IdentityRefused):
    """The chosen sender domain belongs to another account."""


class DomainNotEnabled(IdentityRefused):
    """The chosen sender domain may not send now."""


class DefaultDomainUsedUp(IdentityRefused):
    """The cap of the default sender domain is reached."""


class AddressRefused(IdentityRefused):
    """An address that was chosen or set cannot stand in a message."""


class NoReturnPath(IdentityRefused):
    """Neither a sender domain nor the delivery server gives a return path."""


@dataclass(frozen=True, slots=True)
class _Sender:
    """A From address on its way through the table."""

    kind: FromKind
    name: str
    address: str
    reply_to: str
    domain: OwnDomain | DefaultDomain | None


def resolve_identity(request: IdentityRequest) -> Identity:
    """The identity for `request`; IdentityRefused says why there is none."""
    chosen, why_chosen = _chosen(request)
    sender, why_from = _after_replacement(request, chosen)
    mfrom, why_mfrom = _return_path(request, sender)
    link_host, open_host, why_tracking = _tracking(request.server, sender.domain)
    reasons = (why_chosen, why_from, why_mfrom, why_tracking)
    return Identity(
        kind=sender.kind,
        from_name=sender.name,
        from_address=sender.address,
        reply_to=sender.reply_to,
        mfrom=mfrom,
        mfrom_is_address="@" in mfrom,
        link_host=link_host,
        open_host=open_host,
        uses_default_domain=isinstance(sender.domain, DefaultDomain),
        reasons=tuple(reason for reason in reasons if reason),
    )


def _chosen(request: IdentityRequest) -> tuple[_Sender, str]:
    domain = request.domain
    if isinstance(domain, OwnDomain):
        return _at_own_domain(request, domain)
    if isinstance(domain, DefaultDomain):
        return _at_default_domain(request, domain)
    return _free_text(request)


def _at_own_domain(request: IdentityRequest, domain: OwnDomain) -> tuple[_Sender, str]:
    if domain.account_id != request.account_id:
        raise DomainNotOwned("The chosen sender domain does not belong to this account.")
    if domain.status is not Status.ENABLED:
        state = domain.status.word
        raise DomainNotEnabled(f"{domain.name} is {state}; only an Enabled domain may send.")
    sender = _at(request, FromKind.OWN_DOMAIN, domain)
    return sender, f"{domain.name} is an Enabled sender domain of this account."


def _at_default_domain(request: IdentityRequest, domain: DefaultDomain) -> tuple[_Sender, str]:
    if domain.remaining is not None and domain.remaining <= 0:
        raise DefaultDomainUsedUp(f"The cap for mail through {domain.name} is reached for now.")
    sender = _at(request, FromKind.DEFAULT_DOMAIN, domain)
    return sender, f"{domain.name} is the group's default sender domain, and within its cap."


def _free_text(request: IdentityRequest) -> tuple[_Sender, str]:
    if request.managed:
        raise FreeTextRefused("Choose an Enabled sender domain: free From addresses are off.")
    address = _address(request.free_text)
    domain = address.rpartition("@")[2]
    if domain in request.taken:
        raise DomainNotOwned(f"{domain} is another account's: choose a From address elsewhere.")
    sender = _Sender(FromKind.FREE_TEXT, request.from_name, address, request.reply_to, None)
    return sender, "The group lets its accounts send from any address."


def _at(request: IdentityRequest, kind: FromKind, domain: OwnDomain | DefaultDomain) -> _Sender:
    try:
        local = from_local_part(request.local_part)
    except BadAddress as error:
        raise AddressRefused(str(error)) from error
    address = _address(f"{local}@{domain.name}")
    return _Sender(kind, request.from_name, address, request.reply_to, domain)


def _after_replacement(request: IdentityRequest, chosen: _Sender) -> tuple[_Sender, str]:
    """What the delivery server makes of the chosen sender, by the operator's settings."""
    if request.server.enforced_from:
        return _enforced(request, chosen)
    if request.server.list_sender_as_from and request.list_sender:
        return _list_sender(request, request.list_sender, chosen)
    return chosen, ""


def _enforced(request: IdentityRequest, chosen: _Sender) -> tuple[_Sender, str]:
    enforced = _address(request.server.enforced_from)
    sender = replace(
        chosen,
        kind=FromKind.ENFORCED,
        address=enforced,
        reply_to=chosen.reply_to or chosen.address,
    )
    return sender, f"The delivery server replaces From by {enforced}; replies go to the sender."


def _list_sender(
    request: IdentityRequest, listed: ListSender, chosen: _Sender
) -> tuple[_Sender, str]:
    address, domain = _usable_list_sender(request, listed)
    if not address:
        return chosen, _LIST_SENDER_LEFT_OUT
    sender = replace(
        chosen,
        kind=FromKind.LIST_SENDER,
        name=listed.name or chosen.name,
        address=address,
        domain=domain or chosen.domain,
    )
    return sender, "The delivery server takes the list's sender as From."


def _usable_list_sender(
    request: IdentityRequest, listed: ListSender
) -> tuple[str, OwnDomain | None]:
    """The list's sender address and its Enabled domain; empty if it may not stand in a message."""
    try:
        address = parse_address(listed.address)
    except BadAddress:
        return "", None
    domain = listed.domain
    owned = (
        domain is not None
        and domain.account_id == request.account_id
        and domain.status is Status.ENABLED
        and domain.name == address.domain
    )
    if owned:
        return str(address), domain
    free = not request.managed and address.domain not in request.taken
    return (str(address) if free else ""), None


def _return_path(request: IdentityRequest, sender: _Sender) -> tuple[str, str]:
    """The first rule of the table below that gives a return path."""
    for rule in _RETURN_PATHS:
        mfrom, why = rule(request, sender)
        if mfrom:
            return mfrom, why
    raise NoReturnPath(
        "The delivery server has no Mail From domain, and no sender domain stands in for it."
    )


def _list_sender_path(request: IdentityRequest, _sender: _Sender) -> tuple[str, str]:
    server, listed = request.server, request.list_sender
    if not server.list_sender_as_mfrom or server.enforced_from or listed is None:
        return "", ""
    address, _domain = _usable_list_sender(request, listed)
    return address, "The delivery server takes the list's sender as return path." + _NO_BOUNCES


def _whole_address_path(request: IdentityRequest, _sender: _Sender) -> tuple[str, str]:
    mfrom = request.server.mfrom
    if "@" not in mfrom:
        return "", ""
    return _address(mfrom), "The delivery server sets the whole return path." + _NO_BOUNCES


def _sender_domain_path(_request: IdentityRequest, sender: _Sender) -> tuple[str, str]:
    if sender.domain is None:
        return "", ""
    return sender.domain.mfrom_host, f"The return path is the MFROM host of {sender.domain.name}."


def _server_path(request: IdentityRequest, _sender: _Sender) -> tuple[str, str]:
    return request.server.mfrom, "The return path is the delivery server's Mail From domain."


def _tracking(
    server: ServerDomains, domain: OwnDomain | DefaultDomain | None
) -> tuple[str | None, str | None, str]:
    if domain is None:
        why = "Tracking goes through the delivery server's domains."
        return server.link_host or None, server.open_host or None, why
    host = domain.tracking_host or None
    why = f"Tracking goes through the tracking host of {domain.name}, as its options say."
    if isinstance(domain, DefaultDomain):
        return host, host, why
    return host if domain.track_links else None, host if domain.track_opens else None, why


def _address(text: str) -> str:
    try:
        return str(parse_address(text))
    except BadAddress as error:
        raise AddressRefused(str(error)) from error


_NO_BOUNCES = " Bounces go to that mailbox and are not processed."
_LIST_SENDER_LEFT_OUT = (
    "The delivery server would take the list's sender as From, but that is no address at an Enabled"
    " sender domain of this account; the chosen one stays."
)

_RETURN_PATHS: tuple[Callable[[IdentityRequest, _Sender], tuple[str, str]], ...] = (
    _list_sender_path,
    _whole_address_path,
    _sender_domain_path,
    _server_path,
)
