"""What a client needs to connect to a delivery server, its password included."""

import ipaddress
from urllib.parse import urlsplit

from django.conf import settings

from posthouse.accounts import vault
from posthouse.core.smtp.settings import Encryption, ServerSettings
from posthouse.servers.models import DeliveryServer


def settings_of(server: DeliveryServer) -> ServerSettings:
    """All that a client needs to connect; raises vault.SecretUnreadable."""
    sealed = server.password_sealed if server.authentication else ""
    return ServerSettings(
        host=server.host,
        port=server.port,
        encryption=Encryption(server.encryption),
        verify_certificate=server.verify_certificate,
        extra_authorities=server.certificate_authority,
        username=server.username if server.authentication else "",
        password=vault.unlock(sealed, server.public_id) if sealed else "",
        # The operator chose no encryption, and the page says what that means.
        auth_in_clear=server.encryption == server.Encryption.NONE,
        source_ip=server.source_ip or "",
        helo_name=helo_name(),
        timeout=server.timeout,
        max_connections=server.max_connections,
        messages_per_connection=server.messages_per_connection,
    )


def helo_name() -> str:
    """The name to greet with: the configured one, else the installation's (RFC 5321 4.1.3)."""
    name: str = settings.HELO_NAME or urlsplit(settings.BASE_URL).hostname or "localhost"
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name
    return f"[{address}]" if address.version == 4 else f"[IPv6:{address}]"
