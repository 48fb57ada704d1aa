"""Says in a sentence why no conversation with a delivery server came about."""

import socket
import ssl

from posthouse.core.delivery.replies import Stage
from posthouse.core.smtp.breakdown import Breakdown, Cause
from posthouse.core.smtp.settings import ServerSettings


def breakdown_of(error: Exception, stage: Stage, settings: ServerSettings) -> Breakdown:
    """What `error`, raised by a socket or by TLS at `stage`, means for a person."""
    where = f"{settings.host}, port {settings.port}"
    match error:
        case ssl.SSLCertVerificationError():
            words = f"The certificate of {where} is not accepted: {error.verify_message}."
            return Breakdown(Cause.TLS, Stage.TLS, words)
        case ssl.SSLError():
            words = f"No encryption came about with {where}: {_tls_words(error)}."
            return Breakdown(Cause.TLS, Stage.TLS, words)
        case socket.gaierror():
            words = f"The name {settings.host} has no address: {error.strerror}."
        case TimeoutError():
            words = f"{where} did not answer within {settings.timeout:g} seconds."
        case ConnectionRefusedError():
            words = f"{where} refuses connections: nothing listens there, or a firewall rejects us."
        case ConnectionError():
            words = f"{where} ended the connection: {error.strerror or 'it was closed'}."
        case _:
            words = f"{where} cannot be reached: {error}."
    return Breakdown(Cause.TLS if stage is Stage.TLS else Cause.UNREACHABLE, stage, words)


def _tls_words(error: ssl.SSLError) -> str:
    reason = (error.reason or str(error)).replace("_", " ").lower()
    if reason == "wrong version number":
        return "it does not speak TLS on this port from the first byte"
    return reason
