"""What an operator should know about the settings that they chose (R46)."""

import ipaddress
from collections.abc import Mapping

from posthouse.core.channels import Channel
from posthouse.servers.models import DeliveryServer

_CLEAR = (
    "TLS is off: everybody on the way to this server can read and change the mail. "
    "Choose TLS or SSL."
)
_SIGN_IN_CLEAR = (
    "TLS is off: the password and all mail travel in clear, and everybody on the way can read "
    "and use them. Choose TLS or SSL."
)
_UNCHECKED = (
    "The certificate is not checked: another machine can pass for this server and take the mail "
    "and the password. If the server has a certificate of your own making, paste your authority "
    "and check it."
)
_NOTHING_TO_SIGN_IN_WITH = (
    "There is a user name but no password: most servers will refuse to sign in."
)
_MAIL_FROM_ADDRESS = (
    "Every message has the return path {server.mfrom_domain}, whatever the sender domain. Bounces "
    "go to that mailbox and are not processed here: addresses that no longer exist are mailed on."
)
_MAIL_FROM_LIST = (
    "The return path is the list's sender address: bounces go to that mailbox and are not "
    "processed here."
)
_ENFORCED = (
    "Every message is from {server.enforced_from}; the sender's own address becomes Reply-To."
)
_SENDER_INFO_UNUSED = (
    "The sender info of lists is not used, because an enforced From address is set."
)
_SHARED = (
    "Transactional mail shares a server with other mail: complaints about a campaign then delay "
    "password resets, too. Give transactional mail a server of its own."
)
_RETIRED = (
    "{server.name} is retired: mail for which it is chosen here does not leave. Choose another "
    "server, or bring it back."
)


def warnings_of(server: DeliveryServer) -> list[str]:
    """A sentence for each risk that these settings take."""
    encrypted = server.encryption != server.Encryption.NONE
    in_clear = not encrypted and not _on_this_machine(server.host)
    risks = {
        _CLEAR: in_clear and not server.authentication,
        _SIGN_IN_CLEAR: in_clear and server.authentication,
        _UNCHECKED: encrypted and not server.verify_certificate,
        _NOTHING_TO_SIGN_IN_WITH: server.authentication and not server.password_sealed,
    }
    return [sentence for sentence, taken in risks.items() if taken]


def consequences_of(server: DeliveryServer) -> list[str]:
    """A sentence for each setting that changes what recipients see or where bounces go."""
    sender_info = server.sender_info_as_from or server.sender_info_as_mfrom
    settings = {
        _MAIL_FROM_ADDRESS: "@" in server.mfrom_domain,
        _MAIL_FROM_LIST: server.sender_info_as_mfrom and not server.enforced_from,
        _ENFORCED: bool(server.enforced_from),
        _SENDER_INFO_UNUSED: bool(server.enforced_from) and sender_info,
    }
    return [sentence.format(server=server) for sentence, chosen in settings.items() if chosen]


def routing_warnings(
    routing: Mapping[Channel, DeliveryServer], rest: DeliveryServer | None = None
) -> list[str]:
    """A sentence for each risk in who sends what, and the ``rest``, through which server."""
    transactional = routing.get(Channel.TRANSACTIONAL)
    others = [server for channel, server in routing.items() if channel != Channel.TRANSACTIONAL]
    named = dict.fromkeys([*routing.values(), *([rest] if rest else [])])
    retired = [_RETIRED.format(server=server) for server in named if server.retired_at]
    return retired + ([_SHARED] if transactional in others else [])


def _on_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
