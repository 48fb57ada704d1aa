"""Certificates for the TLS tests: a good one, and the bad ones that must be noticed."""

import ssl
import warnings
from datetime import UTC, datetime, timedelta

import trustme

CA = trustme.CA()
TRUSTED = CA.cert_pem.bytes().decode()


def server_side(leaf: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context


YESTERDAY = datetime.now(UTC) - timedelta(days=1)
GOOD = server_side(CA.issue_cert("localhost"))
BAD = {
    "expired": server_side(
        CA.issue_cert("localhost", not_before=YESTERDAY - timedelta(days=9), not_after=YESTERDAY)
    ),
    "self-signed": server_side(trustme.CA().issue_cert("localhost")),
    "wrong name": server_side(CA.issue_cert("other.example.org")),
}


def outdated() -> ssl.SSLContext:
    """A server whose certificate is good, and which knows TLS 1.0 alone."""
    context = server_side(CA.issue_cert("localhost"))
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    return context
