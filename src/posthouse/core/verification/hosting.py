"""Who holds a zone, told by its name servers, and what that provider calls host and value."""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Provider:
    """A DNS provider, and its form's words for the host of a record, its value and, where that has
    a word of its own, the target of a CNAME. The words are empty where we could not confirm them.
    """

    name: str
    host: str = ""
    text: str = ""
    target: str = ""

    @property
    def value(self) -> str:
        """The words for either, as in `Value or Target`."""
        return f"{self.text} or {self.target}" if self.target else self.text

    def value_of(self, kind: str) -> str:
        """The word for the value of a record of this type."""
        return self.target if self.target and kind == "CNAME" else self.text


def provider(name_servers: Iterable[str]) -> Provider | None:
    """The provider whose name servers these are; None if it is none that we know."""
    return _of_first(name_servers, _PROVIDERS)


def named(name: str) -> Provider | None:
    """The provider of this name, as `provider` told it, if we know the words of its form."""
    return next((each for each in _PROVIDERS.values() if each.name == name and each.host), None)


def parking(name_servers: Iterable[str]) -> str:
    """The service that parks domains behind these name servers; empty if none does."""
    return _of_first(name_servers, _PARKING) or ""


def expiry(name_servers: Iterable[str]) -> str:
    """The registrar that puts these name servers on domains that ran out; empty if none does."""
    return _of_first(name_servers, _EXPIRED) or ""


def proxy(addresses: Iterable[str]) -> str:
    """The proxy that one of the addresses belongs to; empty if none does."""
    for text in addresses:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            continue
        for name, networks in _PROXIES.items():
            if any(address in network for network in networks):
                return name
    return ""


def _of_first(name_servers: Iterable[str], table: Mapping[str, _Found]) -> _Found | None:
    for server in name_servers:
        for ending, found in table.items():
            if f".{server}".endswith(f".{ending}"):
                return found
    return None


def _networks(*texts: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


_AWS = Provider("Amazon Route 53", "Record name", "Value")
_AZURE = Provider("Azure DNS", "Name", "Value", "Alias")
_HETZNER = Provider("Hetzner", "Name", "Value")
_IONOS = Provider("IONOS", "Host name", "Value", "Points to")
_OVH = Provider("OVHcloud", "Sub-domain", "Value", "Target")

# With words where a provider's own guide, or a guide to its form, confirms them (November 2026).
_PROVIDERS: Mapping[str, Provider] = {
    "ns.cloudflare.com": Provider("Cloudflare", "Name", "Content", "Target"),
    "domaincontrol.com": Provider("GoDaddy", "Name", "Value"),
    "registrar-servers.com": Provider("Namecheap", "Host", "Value"),
    "squarespacedns.com": Provider("Squarespace", "Host", "Data"),
    "ovh.net": _OVH,
    "anycast.me": _OVH,
    "linode.com": Provider("Akamai (Linode)", "Hostname", "Value", "Alias to"),
    "hetzner.com": _HETZNER,
    "hetzner.de": _HETZNER,
    "your-server.de": _HETZNER,
    "wixdns.net": Provider("Wix", "Host Name", "TXT Value", "Points to"),
    "dnsmadeeasy.com": Provider("DNS Made Easy", "Name", "Value", "Alias to"),
    "hover.com": Provider("Hover", "Hostname", "Value", "Target Host"),
    "name.com": Provider("Name.com", "Host", "Answer"),
    "dreamhost.com": Provider("DreamHost", "Name", "Value"),
    "netcup.net": Provider("netcup", "Host", "Destination"),
    "googledomains.com": Provider("Google Cloud DNS"),
    "gandi.net": Provider("Gandi"),
    "digitalocean.com": Provider("DigitalOcean"),
    "dnsimple.com": Provider("DNSimple"),
    "nsone.net": Provider("NS1"),
    "porkbun.com": Provider("Porkbun"),
    "strato.de": Provider("STRATO"),
    "inwx.de": Provider("INWX"),
    "transip.net": Provider("TransIP"),
    "ultradns.net": Provider("UltraDNS"),
    **dict.fromkeys((f"azure-dns.{end}" for end in ("com", "net", "org", "info")), _AZURE),
    **dict.fromkeys((f"ui-dns.{end}" for end in ("com", "de", "org", "biz")), _IONOS),
    **{
        f"awsdns-{number:02d}.{end}": _AWS
        for number in range(64)
        for end in ("com", "net", "org", "co.uk")
    },
}

_PARKING: Mapping[str, str] = {
    "sedoparking.com": "Sedo",
    "parkingcrew.net": "ParkingCrew",
    "bodis.com": "Bodis",
    "above.com": "Above.com",
    "dan.com": "Dan.com",
    "undeveloped.com": "Dan.com",
    "afternic.com": "Afternic",
    "cashparking.com": "GoDaddy CashParking",
    "hugedomains.com": "HugeDomains",
    "uniregistrymarket.link": "Uniregistry",
    "parklogic.com": "ParkLogic",
    "voodoo.com": "Voodoo",
    "fastpark.net": "NameDrive",
    "fabulous.com": "Fabulous",
}

_EXPIRED: Mapping[str, str] = {
    "renewyourname.net": "its registrar",
    "expirationwarning.net": "its registrar",
    "pendingrenewaldeletion.com": "Network Solutions",
    "expirens3.hichina.com": "Alibaba Cloud",
    "expirens4.hichina.com": "Alibaba Cloud",
    "verify-contact-details.namecheap.com": "Namecheap",
    "failed-whois-verification.namecheap.com": "Namecheap",
}

# As the services publish them; an address that moved elsewhere only makes the advice less exact.
_PROXIES = {
    "Cloudflare": _networks(
        "173.245.48.0/20",
        "103.21.244.0/22",
        "103.22.200.0/22",
        "103.31.4.0/22",
        "141.101.64.0/18",
        "108.162.192.0/18",
        "190.93.240.0/20",
        "188.114.96.0/20",
        "197.234.240.0/22",
        "198.41.128.0/17",
        "162.158.0.0/15",
        "104.16.0.0/13",
        "104.24.0.0/14",
        "172.64.0.0/13",
        "131.0.72.0/22",
        "2400:cb00::/32",
        "2606:4700::/32",
        "2803:f800::/32",
        "2405:b500::/32",
        "2405:8100::/32",
        "2a06:98c0::/29",
        "2c0f:f248::/32",
    ),
    "Fastly": _networks("151.101.0.0/16", "199.232.0.0/16", "2a04:4e40::/32"),
    "Sucuri": _networks("192.88.134.0/23", "185.93.228.0/22", "66.248.200.0/22"),
    "Imperva": _networks("199.83.128.0/21", "198.143.32.0/19", "45.60.0.0/16", "45.223.0.0/16"),
}
