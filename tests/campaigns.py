"""Writes campaigns for tests, through the product's own services."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError

from posthouse.accounts.actors import SYSTEM
from posthouse.campaigns import services
from posthouse.campaigns.models import Campaign
from tests.factories import unique
from tests.sending import Sending

HTML = "<p>Dear {{ first_name }},</p><p>News. <a href='https://example.com/u'>Unsubscribe</a></p>"

# Attacks A1 and A2 of the reliability page, as people and programs would enter them.
ATTACKS = {
    "crlf": "Hello\r\nBcc: x@example.org",
    "lf": "Hello\nBcc: x@example.org",
    "cr": "Hello\rBcc: x@example.org",
    "nul": "Hel\x00lo",
    "line separator": "Hello\u2028Bcc: x@example.org",
    "next line": "Hello\x85Bcc: x@example.org",
    "open merge tag": "Hello {{ first_name",
    "braces": "{{",
    "endless merge tag": "{{ 'a' | append: 'a' }}{% for i in (1..999999999) %}x{% endfor %}",
    "script": "<script>alert(1)</script>",
    "long": "x" * 10_000,
    "encoded word": "=?utf-8?q?hi=0d=0aBcc:_x@example.org?=",
    "smtp": "x@example.org>\r\nRCPT TO:<y@example.org",
    "quotes": "\"'--; DROP TABLE campaigns_campaign",
    "attribute": '" autofocus onfocus="alert(1)',
}


def draft_values(sending: Sending) -> dict[str, Any]:
    """Everything that a campaign needs before it can be sent."""
    return {
        "name": unique("Spring"),
        "from_name": "Harbour Books",
        "from_local": "news",
        "sender_domain": sending.domain,
        "reply_to": "",
        "subject": "Hello {{ first_name }}",
        "preheader": "What is new",
        "html": HTML,
        "text": "",
        "lists": [sending.list],
    }


def make_draft(sending: Sending, **values: Any) -> Campaign:
    """A draft that is ready to be sent, but for what ``values`` change."""
    return services.create(SYSTEM, sending.account, **(draft_values(sending) | values))


def refusal(act: Callable[[], object]) -> ValidationError | None:
    """What keeps an action from being done, or None after it was done."""
    try:
        act()
    except ValidationError as refused:
        return refused
    return None
