"""The mail that a connection test offers to a server: who it is from, and what it says."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from posthouse.core.smtp.messages import Outgoing
from posthouse.servers.models import DeliveryServer

_TEXT = """This message was sent by the connection test of the delivery server {name}.

It left through {host}, port {port}, with the return path {path}.
If you read it, the server takes mail from this installation and carries it on.
"""


@dataclass(frozen=True, slots=True)
class Trial:
    """MAIL and RCPT are tried with ``mail``; its content is only sent where ``whole``."""

    mail: Outgoing
    whole: bool


def trial_of(server: DeliveryServer, recipient: str, now: datetime, *, whole: bool) -> Trial:
    """To one recipient (a valid address), from the server's own addresses."""
    path = server.mfrom_domain
    if "@" not in path:
        path = f"posthouse-test@{path}"
    message = EmailMessage(policy=SMTP)
    message["From"] = server.enforced_from or path
    message["To"] = recipient
    message["Subject"] = f"Test of the delivery server {server.name}"
    message["Date"] = format_datetime(now.astimezone(UTC))
    message["Message-ID"] = f"<{server.public_id}.{now:%Y%m%d%H%M%S%f}@{path.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers it
    message.set_content(
        _TEXT.format(name=server.name, host=server.host, port=server.port, path=path),
        cte="quoted-printable",
    )
    return Trial(Outgoing(0, path, recipient, message.as_bytes()), whole)
