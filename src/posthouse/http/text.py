"""Text that any of our databases can keep: no NUL, no lone surrogates, no hidden controls."""

import re
from typing import Annotated

from pydantic import AfterValidator

_REFUSED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def safe(text: str) -> str:
    """The text itself, or ValueError naming the character that cannot be kept."""
    if found := _REFUSED.search(text):
        raise ValueError(f"contains the control character U+{ord(found[0]):04X}, which is refused")
    return text


SafeText = Annotated[str, AfterValidator(safe)]
