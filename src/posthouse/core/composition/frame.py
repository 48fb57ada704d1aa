"""What an operator puts around every message of a group: headers, footers and header lines."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from posthouse.core.composition.content import Content

# What an operator may add to a message. Whatever routes or authenticates mail, names its sender
# or its parts, is not among them.
_ALLOWED = (
    "Auto-Submitted Feedback-ID List-Archive List-Help List-ID List-Owner Organization Precedence"
    " X-Auto-Response-Suppress X-Campaign-ID X-Complaints-To X-Entity-Ref-ID X-Job X-Report-Abuse"
)
ALLOWED_NAMES: Final[Mapping[str, str]] = {name.lower(): name for name in _ALLOWED.split()}

_BEFORE_CONTENT = re.compile(
    r"\s*(?:<!doctype[^>]*>)?\s*(?:<html\b[^>]*>)?(?:.*?</head\s*>)?(?:\s*<body\b[^>]*>)?",
    re.IGNORECASE | re.DOTALL,
)
_ENDS = re.compile(r"<!--.*?-->|(</body\s*>)|(</html\s*>)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Frame:
    """Empty strings add nothing. All of it may hold merge fields; headers are (name, value)."""

    html_header: str = ""
    html_footer: str = ""
    text_header: str = ""
    text_footer: str = ""
    x_mailer: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def header_lines(self) -> tuple[tuple[str, str], ...]:
        """The headers, X-Mailer first."""
        return (*([("X-Mailer", self.x_mailer)] if self.x_mailer else []), *self.headers)


def body_start(html: str) -> int:
    """Where the visible content begins: after `<body>`, where there is one."""
    found = _BEFORE_CONTENT.match(html)
    return found.end() if found else 0


def body_end(html: str) -> int:
    """Where the visible content ends: at the last `</body>`, else the last `</html>`, else at the
    end; what stands in comments does not count."""
    ends = list(_ENDS.finditer(html))
    bodies = [found.start() for found in ends if found[1]]
    htmls = [found.start() for found in ends if found[2]]
    return max((bodies or htmls or [len(html)])[-1], body_start(html))


def framed(content: Content, frame: Frame) -> Content:
    """The content with the group's header and footer inside its parts.

    A text part that is made from the HTML gets them from there.
    """
    html, text = content.html, content.text
    if html and html.strip():
        start, end = body_start(html), body_end(html)
        pieces = (html[:start], frame.html_header, html[start:end], frame.html_footer, html[end:])
        html = "".join(pieces)
    if text and text.strip():
        around = (frame.text_header.strip("\n"), text.strip("\n"), frame.text_footer.strip("\n"))
        text = "\n\n".join(part for part in around if part) + "\n"
    return replace(content, html=html, text=text)
