"""The badge that stands for each channel wherever a delivery server is listed."""

from collections.abc import Mapping
from dataclasses import dataclass

from posthouse.core.channels import Channel


@dataclass(frozen=True, slots=True)
class Badge:
    """A channel as people see it: letters, colour and name, so that colour never stands alone."""

    letters: str
    colour: str
    name: str


BADGES: Mapping[Channel, Badge] = {
    Channel.MARKETING: Badge("M", "blue", "Marketing"),
    Channel.TRANSACTIONAL: Badge("T", "green", "Transactional"),
    Channel.AUTORESPONDER: Badge("AR", "purple", "Autoresponder"),
}

NOT_ALLOCATED = "Not Allocated"
