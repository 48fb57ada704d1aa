"""What can go wrong with sender domains, in sentences that a person can act on."""

from collections.abc import Sequence

from posthouse.accounts.dns_configuration import DnsConfigurationRefused
from posthouse.core.verification.status import StatusRefused


class DomainRefused(Exception):
    """Base of the refusals."""


class ManagementOff(DomainRefused):
    """Sender domain management is off for the account's user group."""

    def __init__(self) -> None:
        super().__init__(
            "Sender domains are not managed in this account: its user group has the feature off."
        )


class DomainInUse(DomainRefused):
    """The domain sends right now."""

    def __init__(self, name: str, users: Sequence[str]) -> None:
        super().__init__(
            f"{name} cannot be deleted while it is used by {', '.join(users)}. "
            "Wait until they are sent, or cancel them."
        )
        self.users = tuple(users)


class NameHeld(DomainRefused):
    """Another account has proven that the name is its own."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"All records of {name} are right, but another account here already sends from it. "
            "Delete the domain there, or ask the operator whose it is."
        )
        self.name = name


class NeighbourHeld(NameHeld):
    """Another account verified a name above or below, and this account has not proven its own."""

    def __init__(self, name: str, neighbour: str) -> None:
        DomainRefused.__init__(
            self,
            f"Another account here sends from {neighbour}, so {name} needs its ownership record. "
            "Publish it and verify again; if none is listed, delete the domain and add it again.",
        )
        self.name, self.neighbour = name, neighbour


class NameLeftBehind(NameHeld):
    """Another account verified the name before, and its records may still stand in DNS."""

    def __init__(self, name: str) -> None:
        DomainRefused.__init__(
            self,
            f"Another account here had verified {name} before, and its records may still be in DNS."
            " So it needs its ownership record. Publish it and verify again; if none is listed,"
            " delete the domain and add it again.",
        )
        self.name = name


class KeysRefused(DomainRefused):
    """Base of what cannot be done with a domain's own DKIM keys."""


class NoOwnKeys(KeysRefused):
    """Nothing to rotate: the domain has no key of its own that signs."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} has no DKIM key of its own that signs. Where its DNS template asks for none, "
            "the operator's key signs, and the operator changes that."
        )


class RotationWaits(KeysRefused):
    """New keys wait for their records already."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"New DKIM keys of {name} already wait for their records. Publish these, or call the "
            "rotation off first."
        )


class NoRotation(KeysRefused):
    """There is no rotation to call off."""

    def __init__(self, name: str) -> None:
        super().__init__(f"No rotation of {name} is under way.")


class NothingToSend(DomainRefused):
    """The domain has no records to mail."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} has no records to publish, so there is nothing to mail.")


class TooManyMails(DomainRefused):
    """Records are mailed to a few people; beyond that a stolen sign-in could spam with them."""

    def __init__(self, at_most: int) -> None:
        super().__init__(
            f"An account can mail its records {at_most} times an hour. Wait a little, or download"
            " the zone file and send it yourself."
        )


class MailNotSent(DomainRefused):
    """The installation's own mail server did not take the mail."""

    def __init__(self, to: str) -> None:
        super().__init__(
            f"The mail to {to} could not be sent: the installation's mail server did not take it."
            " Download the zone file and send it yourself, and tell your operator."
        )


class ChangedMeanwhile(DomainRefused):
    """Its records or its status changed while DNS was asked."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} changed while DNS was asked. Look at it again.")
        self.name = name


class DnsSilent(DomainRefused):
    """DNS could not be asked about the new records, and the domain sends."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"DNS did not answer about the new records of {name}, so nothing was changed: it would "
            "have stopped sending. Try again when DNS answers."
        )
        self.name = name


# What a page shows as a sentence.
REFUSALS = (DomainRefused, DnsConfigurationRefused, StatusRefused)
