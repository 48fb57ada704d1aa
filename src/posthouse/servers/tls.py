"""The TLS settings with which a delivery server is met."""

import ssl

from posthouse.core.smtp.settings import ServerSettings


def client_context(settings: ServerSettings) -> ssl.SSLContext:
    """TLS 1.2 or later, certificate and name checked unless the operator switched it off."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.extra_authorities:
        context.load_verify_locations(cadata=settings.extra_authorities)
    if not settings.verify_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
