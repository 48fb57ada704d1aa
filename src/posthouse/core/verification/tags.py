"""Reads the tag lists of DMARC policies and DKIM keys, and says what is wrong with them."""

import base64
import binascii
import re
from collections.abc import Mapping

_ONE_OF: Mapping[str, tuple[str, ...]] = {
    "p": ("none", "quarantine", "reject"),
    "sp": ("none", "quarantine", "reject"),
    "np": ("none", "quarantine", "reject"),
    "adkim": ("r", "s"),
    "aspf": ("r", "s"),
}

_KEY_TYPES = ("rsa", "ed25519")  # RFC 8463
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/=]+")


def tag_list(text: str) -> dict[str, str]:
    """`k=rsa; p=AAA` as a mapping, names in lower case (RFC 6376 section 3.2)."""
    pairs = (part.partition("=") for part in text.split(";") if part.strip())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def is_like_dmarc(text: str) -> bool:
    """True if whoever published the text meant a DMARC policy."""
    policy = text.lstrip().lower().startswith("p=") and tag_list(text)["p"].lower() in _ONE_OF["p"]
    return policy or "v=dmarc" in "".join(text.lower().split())


def dmarc_mistake(text: str) -> str:
    """What makes receivers ignore a DMARC policy, as half a sentence; empty if nothing does."""
    first, *others = text.strip().removesuffix(";").split(";")
    if "".join(first.split()) != "v=DMARC1":
        return f"it must begin with “v=DMARC1;”, and begins with “{first.strip()[:40]}”"
    for part in others:
        name, equals, value = (each.strip() for each in part.partition("="))
        if not (name and equals and value) or "=" in value.partition("mailto:")[0]:
            return f"“{part.strip()[:40]}” is not of the form name=value"
        allowed = _ONE_OF.get(name.lower())
        if allowed and value.lower() not in allowed:
            return f"“{name}” may be {', '.join(allowed)}, and is “{value[:40]}”"
    return "" if "p" in tag_list(text) else "the tag “p” is missing"


def demands_exact_names(text: str) -> bool:
    """True if a DMARC policy takes neither an SPF nor a DKIM pass of a subdomain (`s`, strict)."""
    tags = tag_list(text)
    return tags.get("aspf", "").lower() == tags.get("adkim", "").lower() == "s"


def is_like_dkim(text: str) -> bool:
    """True if the text is a DKIM key, or was meant to be one."""
    tags = tag_list(text)
    return "p" in tags and (tags.get("v") == "DKIM1" or set(tags) <= set("vkhstnp"))


def dkim_mistake(text: str) -> str:
    """What keeps receivers from using a DKIM key for mail, as half a sentence; empty if nothing.

    RFC 6376 section 3.6.1: a tag that is not known is no mistake.
    """
    tags = tag_list(text)
    if tags.get("v", "DKIM1") != "DKIM1":
        return f"“v” must be DKIM1, and is “{tags['v'][:40]}”"
    if "p" not in tags:
        return "the tag “p” with the key is missing"
    if tags.get("k", "rsa").lower() not in _KEY_TYPES:
        return f"“k” may be {', '.join(_KEY_TYPES)}, and is “{tags['k'][:40]}”"
    if not {"*", "email"} & _parts(tags.get("s", "*")):
        return f"“s={tags['s'][:40]}” keeps it for other services than e-mail"
    if "sha256" not in _parts(tags.get("h", "sha256")):
        return f"“h={tags['h'][:40]}” rules out sha256, with which mail is signed"
    foreign = _NO_BASE64.search(dkim_key(text))
    return f"“{foreign.group()[:40]}” cannot be a part of the key" if foreign else ""


def _parts(text: str) -> set[str]:
    return {part.strip().lower() for part in text.split(":")}


def dkim_key(text: str) -> str:
    """The public key of a DKIM record, in base64 without blanks; empty if it is revoked."""
    return "".join(tag_list(text).get("p", "").split())


def is_cut_key(key: str) -> bool:
    """True if base64 ends in the middle, or the key in it is shorter than it says (X.690 8.1.3)."""
    try:
        octets = base64.b64decode(key, validate=True)
    except binascii.Error:
        return True
    if octets[:2] != b"\x30\x82":  # short forms are no RSA key; an Ed25519 key has 32 octets
        return False
    return len(octets) < 4 + int.from_bytes(octets[2:4], "big")
