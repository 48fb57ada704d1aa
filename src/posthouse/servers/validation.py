"""What each field of a delivery server may hold, and the form in which it is kept."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any

import idna
from cryptography import x509

from posthouse.core.addresses import AddressRefused, normalise_domain, parse_address
from posthouse.core.routing.pacing import Per
from posthouse.servers.models import DeliveryServer

Rule = Callable[[Any], Any]

# What a local MTA is reached by, whatever the other fields say; nothing connects to a folder.
_ON_THIS_MACHINE = {
    "host": "127.0.0.1",
    "port": 25,
    "encryption": DeliveryServer.Encryption.NONE,
    "authentication": False,
    "source_ip": None,
}
IMPLIED: dict[str, dict[str, Any]] = {
    DeliveryServer.Kind.LOCAL: _ON_THIS_MACHINE,
    DeliveryServer.Kind.DISK: _ON_THIS_MACHINE,
}

# Names of containers and of machines in a private network: one label, underscores allowed.
_HOST_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_FOLDER_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,49}")
_DEEPEST = 4
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Unfit(ValueError):
    """A value that a field cannot hold; the text is a sentence for who typed it."""


def cleaned(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The values in the form in which they are kept, and a sentence for each that is not fit."""
    kept: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, value in values.items():
        try:
            kept[name] = RULES[name](value)
        except (Unfit, AddressRefused) as refused:
            wrong[name] = str(refused)
    return kept, wrong


def host(text: str) -> str:
    """A host name (A-labels, lower case) or an IP address."""
    typed = text.strip()
    if not typed:
        raise Unfit("Enter the server's host name or IP address, for example smtp.example.com.")
    if address := _ip(typed.strip("[]")):
        return address
    if re.search(r"[/:@\s]", typed):
        raise Unfit(f"“{typed[:60]}” is not a host: write the name alone, and the port below.")
    name = _ascii(typed.lower().removesuffix("."))
    labels = name.split(".")
    if len(name) > 253 or not all(_HOST_LABEL.fullmatch(label) for label in labels):
        raise Unfit(
            f"“{typed[:60]}” is not a host name: parts between dots have 1 to 63 letters, digits "
            "or hyphens, 253 characters in all."
        )
    if labels[-1].isdigit():
        raise Unfit(f"“{typed[:60]}” is neither a host name nor a complete IP address.")
    return name


def mail_from(text: str) -> str:
    """A domain, or a whole address that is then used as it is."""
    return str(parse_address(text)) if "@" in text else normalise_domain(text)


def source_address(text: str | None) -> str | None:
    """An IP address of this machine, or none: whether it has it shows in the test."""
    if not (text or "").strip():
        return None
    if address := _ip(str(text).strip()):
        return address
    raise Unfit(f"“{str(text)[:60]}” is no IP address; leave it empty to let the system choose.")


def authority(text: str) -> str:
    """Certificates in PEM, or nothing."""
    if not (pem := text.strip()):
        return ""
    try:
        x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        raise Unfit(
            "This is no certificate in PEM form: it begins with -----BEGIN CERTIFICATE-----."
        ) from None
    return pem + "\n"


def password(text: str) -> str:
    """A password without line breaks, which only get in by pasting, and without NUL (RFC 4616)."""
    if _CONTROL.search(text):
        raise Unfit("The password contains a line break or another control character.")
    return text


def folder(text: str) -> str:
    """A path below POSTHOUSE_DISK_FOLDER: plain names, none of which leads upwards or hides."""
    typed = text.strip().strip("/")
    names = typed.split("/") if typed else []
    if len(names) > _DEEPEST or not all(_FOLDER_NAME.fullmatch(name) for name in names):
        raise Unfit(
            f"“{typed[:60]}” is not a folder here: up to {_DEEPEST} names between slashes, of "
            "letters, digits, hyphens, underscores and dots, none beginning with a dot."
        )
    return typed


def contradictions(server: DeliveryServer, *, can_sign: bool) -> dict[str, str]:
    """Fields that do not go together, each with a sentence."""
    rules = {
        "username": (
            server.authentication and not server.username,
            "Enter the user name, or turn authentication off.",
        ),
        "folder": (
            server.kind == server.Kind.DISK and not server.folder,
            "Name the folder for its files, for example marketing.",
        ),
        "signing": (
            server.signing == server.Signing.HERE and not can_sign,
            "There is no key to sign with: set POSTHOUSE_DKIM_PRIVATE_KEY, or let the server sign.",
        ),
    }
    return {field: sentence for field, (broken, sentence) in rules.items() if broken}


def _line(what: str, *, required: bool) -> Rule:
    def rule(text: str) -> str:
        typed = text.strip()
        if required and not typed:
            raise Unfit(f"Enter {what}.")
        if _CONTROL.search(typed):
            raise Unfit("This contains a line break or another control character; type it anew.")
        return typed

    return rule


def _whole(least: int, most: int, unit: str) -> Rule:
    def rule(number: int | None) -> int:
        if number is None or isinstance(number, bool) or not least <= number <= most:
            raise Unfit(f"Enter {unit} from {least:,} to {most:,}.")
        return number

    return rule


def _one_of(*choices: str) -> Rule:
    def rule(value: str) -> str:
        if value not in choices:
            raise Unfit(f"“{str(value)[:60]}” is not a choice here: {', '.join(choices)}.")
        return value

    return rule


def _ip(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def _ascii(name: str) -> str:
    if name.isascii():
        return name
    try:
        return idna.encode(name[:253], uts46=True).decode("ascii")
    except idna.IDNAError:
        raise Unfit(f"“{name[:60]}” is not a host name.") from None


RULES: dict[str, Rule] = {
    "name": _line("a name, for example “EU marketing”", required=True),
    "kind": _one_of(*DeliveryServer.Kind),
    "host": host,
    "port": _whole(1, 65_535, "a port"),
    "encryption": _one_of(*DeliveryServer.Encryption),
    "verify_certificate": bool,
    "certificate_authority": authority,
    "timeout": _whole(1, 600, "seconds"),
    "authentication": bool,
    "username": _line("the user name", required=False),
    "source_ip": source_address,
    "folder": folder,
    "disk_layout": _one_of(*DeliveryServer.DiskLayout),
    "max_connections": _whole(1, 1_000, "a number of connections"),
    "messages_per_connection": _whole(0, 1_000_000, "a number of messages (0 is no limit)"),
    **{f"rate_per_{per}": _whole(0, 10_000_000, "messages (0 is no limit)") for per in Per},
    "link_tracking_domain": normalise_domain,
    "open_tracking_domain": normalise_domain,
    "mfrom_domain": mail_from,
    "enforced_from": lambda text: str(parse_address(text)) if text.strip() else "",
    "sender_info_as_mfrom": bool,
    "sender_info_as_from": bool,
    "signing": _one_of(*DeliveryServer.Signing),
}
# A change of these makes the last test's result worthless.
CONNECTION_FIELDS = frozenset(
    {
        "kind",
        "host",
        "port",
        "encryption",
        "verify_certificate",
        "certificate_authority",
        "timeout",
        "authentication",
        "username",
        "password",
        "source_ip",
        "folder",
    }
)
