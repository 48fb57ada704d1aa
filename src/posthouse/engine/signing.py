"""Signs with the DKIM keys of the sender domain, or else with the installation's (by CNAME)."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from django.conf import settings

from posthouse.accounts.dns_configuration import ConfigurationUnreadable, configuration
from posthouse.accounts.vault import SecretUnreadable
from posthouse.core.composition.content import NotRendered, Rendered
from posthouse.core.composition.dkim import SigningKey, UnusableKey, load_key, sign_messages
from posthouse.deliveries.route import Route
from posthouse.domains import key_queries
from posthouse.domains.private_keys import open_key
from posthouse.engine.store import Store

_OPEN_AT_MOST = 512  # domains' own keys kept open; some KB each


class CannotSign(Exception):
    """Nothing can be signed here: no message's fault, so nobody's message fails for it."""


class NoSigningKey(CannotSign):
    """The delivery server leaves signing to Posthouse, which has no key."""

    def __init__(self) -> None:
        super().__init__(
            "The delivery server says that Posthouse signs, but POSTHOUSE_DKIM_PRIVATE_KEY is not "
            "set. Set it, or let the delivery server sign."
        )


class OwnKeyGone(CannotSign):
    """A key of the sender domain was destroyed after the route named it."""

    def __init__(self, domain: str) -> None:
        super().__init__(
            f"The DKIM keys of {domain} were changed while this was being sent; the present ones "
            "sign from the next batch on."
        )


class OwnKeyUnreadable(CannotSign):
    """A key of the sender domain does not open."""

    def __init__(self, domain: str, selector: str) -> None:
        super().__init__(
            f"The DKIM key {selector} of {domain} cannot be opened. Set the "
            "POSTHOUSE_ENCRYPTION_KEY under which it was made, or rotate the keys "
            f"(posthouse domains rotate {domain}); then resume."
        )


class Signer:
    """Holds the keys that are in use; one that is known by its id never changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._installations: SigningKey | None = None
        self._own: OrderedDict[int, SigningKey] = OrderedDict()

    async def keys_of(self, route: Route) -> tuple[SigningKey, ...]:
        """What signs mail on this route, RSA first. Raises CannotSign."""
        if not route.own_keys:
            return (replace(self._installation_key(), domain=route.signing_domain),)
        ids = [key.id for key in route.own_keys]
        if not all(pk in self._own for pk in ids):
            self._own.update(await self._store.ask(_open, ids, route.signing_domain))
        for pk in ids:
            self._own.move_to_end(pk)
        while len(self._own) > _OPEN_AT_MOST:
            self._own.popitem(last=False)
        return tuple(self._own[pk] for pk in ids)

    def _installation_key(self) -> SigningKey:
        if self._installations is None:
            self._installations = _load_installations()
        return self._installations


def sign(
    rendered: Sequence[Rendered | NotRendered], keys: Sequence[SigningKey]
) -> list[Rendered | NotRendered]:
    """The messages, each with a signature of every key in front; others as they are.

    For a thread, as it takes half a millisecond a message.
    """
    messages = [each for each in rendered if isinstance(each, Rendered)]
    signed = iter(sign_messages(messages, keys, datetime.now(UTC)))
    return [next(signed) if isinstance(each, Rendered) else each for each in rendered]


def _load_installations() -> SigningKey:
    pem: str = settings.DKIM_PRIVATE_KEY
    if not pem:
        raise NoSigningKey
    try:
        # The domain is whichever From is signed for; see Signer.keys_of().
        return load_key(pem.encode(), "localhost", configuration().system.dkim_selector)
    except UnusableKey as error:
        raise CannotSign(f"POSTHOUSE_DKIM_PRIVATE_KEY cannot be used: {error}") from error
    except ConfigurationUnreadable as error:
        raise CannotSign(f"The DKIM selector is not known: {error}") from error


def _open(ids: Sequence[int], domain: str) -> dict[int, SigningKey]:
    """The keys of these ids; for the store's thread."""
    rows = key_queries.sealed(ids)
    if len(rows) < len(ids):
        raise OwnKeyGone(domain)
    opened = {}
    for row in rows:
        try:
            opened[row.pk] = open_key(row)
        except SecretUnreadable as error:
            raise OwnKeyUnreadable(domain, row.selector) from error
    return opened
