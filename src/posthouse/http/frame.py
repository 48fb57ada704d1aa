"""What surrounds every signed-in page: the product's name and look, areas, accounts, navigation.

`posthouse.web.navigation` fills it for each request; the template `http/base.html` draws it.
"""

from dataclasses import dataclass, field
from typing import Literal

Area = Literal["account", "operator"]

# Accents of the white label. Each has one shade for light and one for dark in frontend/app.css,
# with white or black text on it at a contrast of 4.5 or more; a free colour could not promise that.
ACCENTS = ("blue", "indigo", "purple", "pink", "red", "orange", "green", "teal")


@dataclass(frozen=True, slots=True)
class NavigationEntry:
    """One link at the side; entries of one `section` stand together under its name."""

    label: str
    url: str
    icon: str
    active: bool = False
    section: str = ""
    count: int | None = None


@dataclass(frozen=True, slots=True)
class AccountChoice:
    """An account that the signed-in user may switch to."""

    name: str
    url: str
    active: bool = False


@dataclass(frozen=True, slots=True)
class Product:
    """The name, logo (URL of an image, or none) and accent that an account's group shows."""

    name: str = "Posthouse"
    logo: str = ""
    accent: str = "blue"


@dataclass(frozen=True, slots=True)
class Frame:
    """Everything around a page but its navigation entries."""

    product: Product = field(default_factory=Product)
    area: Area = "account"
    account: str = ""
    accounts: tuple[AccountChoice, ...] = ()
    other_area: NavigationEntry | None = None
    acting_for: str = ""
    stop_acting_url: str = ""
