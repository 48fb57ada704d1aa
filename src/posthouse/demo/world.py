"""The world in a box: name servers, an SMTP sink, and the settings that lead Posthouse to them."""

import os
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from posthouse.core.dns.records import Record, RecordType, record
from posthouse.demo.certificates import make_certificate
from posthouse.demo.dns.zones import create
from posthouse.demo.parts import Parts, free_port

MASTER = "mailer.example.net"
SENDER_DOMAIN = "mail.harbourbooks.example.com"
UNFINISHED_DOMAIN = "shop.harbourbooks.example.com"
SMTP_LOGIN = "posthouse"


@dataclass(frozen=True)
class World:
    """Where everything is. Ports are on 127.0.0.1."""

    home: Path
    parts: Parts
    environment: dict[str, str]
    zones: Path
    sink_record: Path
    smtp_port: int
    inbox_port: int
    web_port: int
    smtp_password: str
    authority: str  # the PEM text that the sink's certificate is checked against
    dkim_public_key: str

    def posthouse(self, name: str, *arguments: str) -> None:
        """Starts a process of the installation."""
        self.parts.start(name, ["-m", "posthouse.cli.app", *arguments], self.environment)

    def wait_for_site(self) -> None:
        """Until the pages answer; raises PartFailed if their process ended instead."""
        while True:
            self.parts.demand_alive()
            with suppress(OSError), urlopen(f"{self.site}healthz", timeout=5):  # noqa: S310
                return
            time.sleep(0.1)

    @property
    def inbox(self) -> str:
        return f"http://127.0.0.1:{self.inbox_port}/"

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.web_port}/"


def build_world(home: Path) -> World:
    """Starts name servers and sink in ``home``; the settings that lead to them are in the world."""
    parts = Parts(home / "logs")
    zones, record_folder, password = home / "zones.json", home / "sink", secrets.token_urlsafe(12)
    authority = make_certificate(home / "relay.pem", "127.0.0.1")
    private, public = _dkim_key()
    create(zones, {"example.net": _master_records(public), "example.com": ()})
    try:
        dns = parts.start(
            "dns", ["-m", "posthouse.demo.dns", "--zones", str(zones)], os.environ, announces=True
        )
        sink = parts.start(
            "sink",
            [
                *("-m", "posthouse.demo.sink", "--store", str(record_folder)),
                *("--tls", str(home / "relay.pem"), "--login", f"{SMTP_LOGIN}:{password}"),
            ],
            os.environ,
            announces=True,
        )
    except BaseException:
        parts.stop_all()
        raise
    web_port = free_port()
    environment = os.environ | {
        "POSTHOUSE_HOME": str(home),
        "POSTHOUSE_DATABASE_URL": f"sqlite:///{home}/posthouse.db",
        "POSTHOUSE_BASE_URL": f"http://127.0.0.1:{web_port}",
        "POSTHOUSE_DNS_CONFIG": str(home / "dns.toml"),
        "POSTHOUSE_DNS_RESOLVERS": dns["recursor"],
        "POSTHOUSE_DNS_AUTHORITY_PORT": dns["authority"].rpartition(":")[2],
        "POSTHOUSE_DKIM_PRIVATE_KEY": private,
        "POSTHOUSE_UNCERTAIN_RETRY_SECONDS": "2",
        "POSTHOUSE_LOG_LEVEL": "INFO",
        "DJANGO_SETTINGS_MODULE": "posthouse.config.settings",
    }
    return World(
        home=home,
        parts=parts,
        environment=dict(environment),
        zones=zones,
        sink_record=record_folder,
        smtp_port=sink["smtp_port"],
        inbox_port=sink["http_port"],
        web_port=web_port,
        smtp_password=password,
        authority=authority,
        dkim_public_key=public,
    )


def _master_records(public_key: str) -> tuple[Record, ...]:
    """What the operator's own domain publishes; accounts inherit it through their CNAMEs (R03)."""
    return (
        record(MASTER, RecordType.A, "127.0.0.1"),
        record(MASTER, RecordType.MX, f"10 {MASTER}"),
        record(MASTER, RecordType.TXT, "v=spf1 include:spf.example.net -all", "spf"),
        record("spf.example.net", RecordType.TXT, "v=spf1 ip4:127.0.0.1 -all", "spf"),
        record(f"_dmarc.{MASTER}", RecordType.TXT, "v=DMARC1; p=none; adkim=r; aspf=r", "dmarc"),
        record(f"key1._domainkey.{MASTER}", RecordType.TXT, f"v=DKIM1; k=rsa; p={public_key}"),
        record(f"track.{MASTER}", RecordType.A, "127.0.0.1", "tracking"),
    )


def _dkim_key() -> tuple[str, str]:
    """A new RSA-2048 key: private as PEM text, public as DNS wants it (RFC 6376 section 3.6.1)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), "".join(public.decode().splitlines()[1:-1])
