"""Makes a recipient's value harmless for the place where it stands."""

import html
import re
from collections.abc import Callable
from enum import StrEnum
from typing import Final
from urllib.parse import quote as percent_encode

# Everything that some reader takes for a line end or an order: C0, DEL, C1 with NEL, LS and PS.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_CONTROLS_BUT_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]+")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_ASCII_CLEAN = re.compile(r"[ -~]*")


class Place(StrEnum):
    """Where in a message a merge field stands."""

    TEXT = "text"
    HEADER = "header"
    HTML = "html"
    ATTRIBUTE = "attribute"
    URL = "url"  # the beginning of a link: the value brings its own scheme
    URL_PART = "url_part"
    STYLE = "style"


def clean_value(value: str) -> str:
    """A value as one line of valid Unicode: runs of controls become a space, half pairs U+FFFD."""
    if _ASCII_CLEAN.fullmatch(value):
        return value
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub(" ", value))


def clean_content(text: str) -> str:
    """A part as written, with LF line ends, tabs kept, and no other controls or half pairs."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _SURROGATES.sub("\ufffd", _CONTROLS_BUT_LINES.sub(" ", lines))


# Without quotes a value ends at a space, a quote, "=", "<", ">" or a backtick (HTML 13.1.2.3).
_UNQUOTED: Final = str.maketrans({" ": "&#32;", "=": "&#61;", "`": "&#96;"})

# What a link in a message may lead to.
_LINK = re.compile(r"(?:https?://|mailto:|tel:|sms:)[^\s]+", re.IGNORECASE)
_NOT_IN_STYLE = re.compile(r"[^A-Za-z0-9 #.,%-]+")


def _attribute(value: str) -> str:
    return html.escape(value).translate(_UNQUOTED)


def _whole_url(value: str) -> str:
    link = value.strip()
    if not _LINK.fullmatch(link):
        return "#"  # a link to nowhere; never javascript:, data: or a page of the reader's own disk
    return _attribute(percent_encode(link, safe="%/:?#[]@!$&'()*+,;=-._~"))


def _url_part(value: str) -> str:
    return percent_encode(value, safe="@")


def _style(value: str) -> str:
    return _NOT_IN_STYLE.sub("", value)


ESCAPE: Final[dict[Place, Callable[[str], str]]] = {
    Place.TEXT: str,
    Place.HEADER: str,
    Place.HTML: html.escape,
    Place.ATTRIBUTE: _attribute,
    Place.URL: _whole_url,
    Place.URL_PART: _url_part,
    Place.STYLE: _style,
}
