"""Which URLs a webhook may have: judged when it is saved; the address itself when we connect."""

from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx

from posthouse.core.networks import Network, literal, refusal

LONGEST = 500
_PORTS = {"https": 443, "http": 80}


class UrlRefused(ValueError):
    """The URL cannot be called; the text says why and what would do."""


def checked_url(text: str, allowed: Sequence[Network] = ()) -> str:
    """The URL, without spaces around it, or :class:`UrlRefused`.

    ``allowed`` are the operator's own networks that webhooks may reach; plain http is for them.
    """
    url = text.strip()
    if len(url) > LONGEST:
        raise UrlRefused(f"The URL is longer than {LONGEST} characters.")
    if not url.isascii() or any(ord(letter) <= 32 or letter == "\\" for letter in url):
        raise UrlRefused("Write the URL without spaces and letters outside ASCII (xn--... names).")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        httpx.URL(url)  # which makes the call; it is stricter
    except (ValueError, httpx.InvalidURL) as error:
        raise UrlRefused(f"This is not a URL: {error}.") from error
    schemes = ("https", "http") if allowed else ("https",)
    if parts.scheme not in schemes or not host:
        raise UrlRefused("The URL must begin with https:// and name a host.")
    if "@" in parts.netloc:
        raise UrlRefused("Leave out the user name and password: the signature proves who calls.")
    if "#" in url:
        raise UrlRefused("Leave out the part from # on: it would never be sent.")
    _demand_port(parts.scheme, port)
    _demand_host(host, allowed)
    return url


def _demand_port(scheme: str, port: int | None) -> None:
    usual = _PORTS[scheme]
    if port is not None and port != usual and port < 1024:
        raise UrlRefused(f"Port {port} is for another service. Use {usual}, or one above 1023.")


def _demand_host(host: str, allowed: Sequence[Network]) -> None:
    address = literal(host)
    if address is not None and (why := refusal(address, allowed)):
        raise UrlRefused(f"{host} is not a public address ({why}).")
    if address is None and (host == "localhost" or "." not in host) and not allowed:
        raise UrlRefused(f"{host} is not a name on the Internet. Write it in full.")
