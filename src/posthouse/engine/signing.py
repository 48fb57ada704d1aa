"""Signs with the installation's DKIM key, for whichever From domain publishes it (by CNAME)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from django.conf import settings

from posthouse.accounts.dns_configuration import ConfigurationUnreadable, configuration
from posthouse.core.composition.content import NotRendered, Rendered
from posthouse.core.composition.dkim import SigningKey, UnusableKey, load_key, sign_messages


class CannotSign(Exception):
    """Nothing can be signed here: no message's fault, so nobody's message fails for it."""


class NoSigningKey(CannotSign):
    """The delivery server leaves signing to Posthouse, which has no key."""

    def __init__(self) -> None:
        super().__init__(
            "The delivery server says that Posthouse signs, but POSTHOUSE_DKIM_PRIVATE_KEY is not "
            "set. Set it, or let the delivery server sign."
        )


class Signer:
    """Holds the key; :meth:`sign` is for a thread, as it takes half a millisecond a message."""

    def __init__(self) -> None:
        self._key: SigningKey | None = None

    def demand_key(self) -> None:
        """Has the key from now on, or raises CannotSign."""
        if self._key is not None:
            return
        pem: str = settings.DKIM_PRIVATE_KEY
        if not pem:
            raise NoSigningKey
        try:
            selector = configuration().system.dkim_selector
            # The domain is whichever From is signed for; see sign().
            self._key = load_key(pem.encode(), "localhost", selector)
        except UnusableKey as error:
            raise CannotSign(f"POSTHOUSE_DKIM_PRIVATE_KEY cannot be used: {error}") from error
        except ConfigurationUnreadable as error:
            raise CannotSign(f"The DKIM selector is not known: {error}") from error

    def sign(
        self, rendered: Sequence[Rendered | NotRendered], domain: str
    ) -> list[Rendered | NotRendered]:
        """The messages, each with a signature of ``domain`` in front; others as they are."""
        assert self._key is not None
        key = replace(self._key, domain=domain)
        messages = [each for each in rendered if isinstance(each, Rendered)]
        signed = iter(sign_messages(messages, [key], datetime.now(UTC)))
        return [next(signed) if isinstance(each, Rendered) else each for each in rendered]
