"""Makes one call over HTTP: to a judged address, signed, within ten seconds, reading little."""

import asyncio
import re
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
from django.utils import timezone
from httpx_secure import httpx_ssrf_protection

from posthouse.core.networks import Address, refusal
from posthouse.webhooks.claims import AT_ONCE, Outgoing
from posthouse.webhooks.doors import DoorClosed, Doorkeeper
from posthouse.webhooks.secrets import signed_headers

SECONDS = 10.0  # until the status is there
_CONNECT_SECONDS = 4.0  # then the name's next address
_BODY_SECONDS = 2.0  # who has said 200 has said it, however long the words take
_MOST_READ = 4096  # octets of the answer's body
_MOST_KEPT = 1000  # characters of them
_PORTS = {"https": 443, "http": 80}
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]+")
_NO_SECRET = "The secret cannot be opened: make a new one."  # noqa: S105


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call came to: a status, or the problem that there was instead."""

    milliseconds: int
    status: int | None = None
    problem: str = ""
    excerpt: str = ""
    retry_after: str = ""

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def client_for(keeper: Doorkeeper) -> httpx.AsyncClient:
    """A client that follows nothing, keeps nothing, and connects to judged addresses alone."""
    client = httpx.AsyncClient(
        verify=_trust(),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # tenants share no cookies
        headers={"User-Agent": "Posthouse-Webhooks", "Accept-Encoding": "identity"},
        follow_redirects=False,
        trust_env=False,
        timeout=httpx.Timeout(SECONDS, connect=_CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=0),
    )
    return httpx_ssrf_protection(
        client,
        check_globally_reachable=False,
        custom_validator=lambda _, address, __: not refusal(address, keeper.allowed),
    )


async def post(client: httpx.AsyncClient, keeper: Doorkeeper, outgoing: Outgoing) -> Answer:
    """Makes the call; whatever goes wrong on the way is an answer, too."""
    started = time.monotonic()

    def took() -> int:
        return round((time.monotonic() - started) * 1000)

    if not outgoing.secrets:
        return Answer(took(), problem=_NO_SECRET)
    try:
        async with asyncio.timeout(SECONDS):
            response = await _exchange(client, keeper, outgoing)
    except TimeoutError:
        return Answer(took(), problem=f"No answer within {SECONDS:.0f} seconds.")
    except DoorClosed as error:
        return Answer(took(), problem=_plain(str(error)))
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return Answer(took(), problem=_plain(f"{_WORDS.get(type(error), 'It broke off')}: {error}"))
    return Answer(
        took(),
        status=response.status_code,
        problem=_problem(response),
        excerpt=await _excerpt(response),
        retry_after=response.headers.get("Retry-After", "")[:100],
    )


async def _exchange(
    client: httpx.AsyncClient, keeper: Doorkeeper, outgoing: Outgoing
) -> httpx.Response:
    """The first answer of the name's addresses, in order; its body is still to be read."""
    url = httpx.URL(outgoing.url)
    addresses = await keeper.addresses(url.host, url.port or _PORTS[url.scheme], url.scheme)
    for address in addresses[:-1]:
        with suppress(httpx.ConnectError, httpx.ConnectTimeout):
            return await _exchange_with(client, url, address, outgoing)
    return await _exchange_with(client, url, addresses[-1], outgoing)


async def _exchange_with(
    client: httpx.AsyncClient, url: httpx.URL, address: Address, outgoing: Outgoing
) -> httpx.Response:
    """Connects to the address; Host and the certificate are those of the name."""
    headers = signed_headers(outgoing.secrets, outgoing.message_id, timezone.now(), outgoing.body)
    request = client.build_request(
        "POST",
        url.copy_with(host=str(address)),
        content=outgoing.body.encode(),
        headers={
            **headers,
            "Host": url.netloc.decode(),
            "Content-Type": "application/json; charset=utf-8",
        },
        extensions={"sni_hostname": url.host},
    )
    return await client.send(request, stream=True)


async def _excerpt(response: httpx.Response) -> str:
    """The beginning of the body; then the connection is closed, whatever is still to come."""
    read = b""
    with suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(_BODY_SECONDS):
            async for piece in response.aiter_raw():
                read += piece
                if len(read) >= _MOST_READ:
                    break
    with suppress(httpx.HTTPError):
        await response.aclose()
    return _UNPRINTABLE.sub(" ", read[:_MOST_READ].decode("utf-8", "replace"))[:_MOST_KEPT]


def _problem(response: httpx.Response) -> str:
    if response.is_redirect:
        return "It sent us elsewhere, which is not followed: enter the right URL."
    return "" if response.is_success else f"It answered {response.status_code}."


def _plain(text: str) -> str:
    return " ".join(_UNPRINTABLE.sub(" ", text).split())[:300]


@cache
def _trust() -> ssl.SSLContext:
    """The system's certificate authorities: an operator can add one of their own to them."""
    return ssl.create_default_context()


_WORDS: dict[type[Exception], str] = {
    httpx.InvalidURL: "This is not a URL",
    httpx.ConnectError: "No connection",
    httpx.ConnectTimeout: f"No connection within {_CONNECT_SECONDS:.0f} seconds",
    httpx.ReadTimeout: "No answer in time",
    httpx.RemoteProtocolError: "It did not speak HTTP",
}
