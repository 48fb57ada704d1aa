"""Signs with the installation's DKIM key, for whichever From domain publishes it (by CNAME)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from django.conf import settings

from posthouse.accounts.dns_configuration import configuration
from posthouse.core.composition.content import CompositionRefused, NotRendered, Rendered
from posthouse.core.composition.dkim import SigningKey, load_key, sign_messages


class NoSigningKey(CompositionRefused):
    """The delivery server leaves signing to Posthouse, which has no key."""

    def __init__(self) -> None:
        super().__init__(
            "The delivery server says that Posthouse signs, but POSTHOUSE_DKIM_PRIVATE_KEY is not "
            "set. Set it, or let the delivery server sign."
        )


class Signer:
    """Holds the key; :meth:`sign` is for a thread, as it takes half a millisecond a message."""

    def __init__(self) -> None:
        pem: str = settings.DKIM_PRIVATE_KEY
        self._key: SigningKey | None = None
        if pem:
            selector = configuration().system.dkim_selector
            # The domain is whichever From is signed for; see sign().
            self._key = load_key(pem.encode(), "localhost", selector)

    def demand_key(self) -> None:
        """Raises NoSigningKey if there is none."""
        if self._key is None:
            raise NoSigningKey

    def sign(
        self, rendered: Sequence[Rendered | NotRendered], domain: str
    ) -> list[Rendered | NotRendered]:
        """The messages, each with a signature of ``domain`` in front; others as they are."""
        assert self._key is not None
        key = replace(self._key, domain=domain)
        messages = [each for each in rendered if isinstance(each, Rendered)]
        signed = iter(sign_messages(messages, [key], datetime.now(UTC)))
        return [next(signed) if isinstance(each, Rendered) else each for each in rendered]
