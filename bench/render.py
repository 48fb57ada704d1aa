"""How long a message takes to make: our renderer and signer against the standard library's.

Each round runs every candidate once on the same recipients, so that a drift of the machine's speed
falls on all alike; what counts are the ratios, as medians over the rounds.
"""

import html
import random
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from csv import DictReader
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from statistics import median

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from rich.console import Console
from rich.table import Table

from posthouse.core.composition.compile import CompiledMessage, compile_message
from posthouse.core.composition.content import Content, Recipient, Rendered, Sender
from posthouse.core.composition.dkim import SigningKey, prepare, sign_messages
from posthouse.core.composition.render import render_batch
from posthouse.core.composition.text import text_from_html
from posthouse.demo import newsletter
from posthouse.demo.samples import write_subscribers_csv

ROUNDS = 9
RECIPIENTS = 200
SIGNED = 20  # an RSA signature takes as long as some thirty messages
YARDSTICK = "EmailMessage per recipient"

SENDER = Sender("Harbour Books", "news@mail.example.com", None, "mail.example.com")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SHORT_HTML = (
    '<!doctype html><html><body><p>Dear {{ first_name | default: "reader" }},</p>\n'
    + '<p style="margin:0 0 16px;font-family:Arial,sans-serif;font-size:16px;line-height:24px">'
    'The readings near {{ city | default: "you" }} begin at seven, and there is soup.'
    ' <a href="https://books.example.com/seats?for={{ email }}">Keep me a seat</a></p>\n'
    * 26
    + "</body></html>"
)
CONTENTS = {
    "short letter": Content(newsletter.SUBJECT, SHORT_HTML, text_from_html(SHORT_HTML)),
    "newsletter": Content(newsletter.SUBJECT, newsletter.HTML, text_from_html(newsletter.HTML)),
    "newsletter with logic": Content(
        newsletter.SUBJECT,
        newsletter.HTML.replace(
            "</h2>", '</h2>{% if plan == "gold" %}<p>Gold: signed copy.</p>{% endif %}'
        ),
        text_from_html(newsletter.HTML),
    ),
}
_TAG = re.compile(r'\{\{ (\w+)(?: \| default: "([^"]*)")?[^}]*\}\}')


def people() -> list[Recipient]:
    """Sample subscribers in a random order."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "people.csv")
        write_subscribers_csv(path, RECIPIENTS, seed=1, bad_rows=0, duplicates=0)
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in DictReader(file) if row["email"].isascii()]
    random.Random(1).shuffle(rows)  # noqa: S311  (the same order in every run is the point)
    return [Recipient(row["email"], row, f"id{number}") for number, row in enumerate(rows)]


def merged(text: str, fields: dict[str, str]) -> str:
    """A part with its fields filled in the plain way."""
    return _TAG.sub(lambda tag: html.escape(fields.get(tag[1]) or tag[2] or ""), text)


def by_library(content: Content, recipients: Sequence[Recipient]) -> None:
    """What one writes first: fields by a pattern, then one e-mail object for each recipient."""
    for person in recipients:
        fields = dict(person.fields)
        message = EmailMessage(policy=SMTP)
        message["Date"] = format_datetime(NOW)
        message["From"] = f"{SENDER.from_name} <{SENDER.from_address}>"
        message["To"] = person.address
        message["Subject"] = " ".join(merged(content.subject, fields).split())
        message["Message-ID"] = f"<{person.message_id_token}@{SENDER.message_id_domain}>"
        message.set_content(merged(content.text or "", fields), cte="quoted-printable")
        message.add_alternative(
            merged(content.html or "", fields), subtype="html", cte="quoted-printable"
        )
        message.as_bytes()


def rendered(compiled: CompiledMessage, recipients: Sequence[Recipient]) -> list[Rendered]:
    batch = render_batch(compiled, recipients, date=NOW)
    return [message for message in batch if isinstance(message, Rendered)]


def candidates(
    content: Content, recipients: Sequence[Recipient]
) -> dict[str, tuple[Callable[[], object], int]]:
    """What is timed, and how many messages each call makes."""
    compiled = compile_message(content, SENDER)
    rsa = SigningKey("mail.example.com", "rsa", generate_private_key(65537, 2048))
    ed25519 = SigningKey("mail.example.com", "ed", Ed25519PrivateKey.generate())
    few = rendered(compiled, recipients[:SIGNED])
    return {
        YARDSTICK: (lambda: by_library(content, recipients[:SIGNED]), SIGNED),
        "render": (lambda: rendered(compiled, recipients), len(recipients)),
        "DKIM without the signature": (lambda: [prepare(m, [rsa], NOW) for m in few], SIGNED),
        "DKIM Ed25519": (lambda: sign_messages(few, [ed25519], NOW), SIGNED),
        "DKIM RSA-2048": (lambda: sign_messages(few, [rsa], NOW), SIGNED),
        "compile": (lambda: compile_message(content, SENDER), 1),
    }


def measured(content: Content, recipients: Sequence[Recipient]) -> dict[str, list[float]]:
    """Microseconds a message, for each candidate, one figure a round."""
    timed = candidates(content, recipients)
    figures: dict[str, list[float]] = {name: [] for name in timed}
    for number in range(ROUNDS + 1):
        for name, (call, messages) in timed.items():
            began = time.process_time()
            call()
            if number:  # the first round fills memos and caches
                figures[name].append((time.process_time() - began) / messages * 1e6)
    return figures


def main() -> None:
    """Prints a table for each content: microseconds a message, and the ratio to the yardstick."""
    console = Console()
    recipients = people()
    for name, content in CONTENTS.items():
        octets = len(rendered(compile_message(content, SENDER), recipients[:1])[0].content)
        figures = measured(content, recipients)
        table = Table("", "µs a message", f"times as fast as {YARDSTICK}")
        table.title = f"{name}: {octets / 1000:.1f} kB on the wire, {ROUNDS} rounds, medians"
        for what, times in figures.items():
            ratios = [base / own for base, own in zip(figures[YARDSTICK], times, strict=True)]
            table.add_row(what, f"{median(times):,.1f}", f"{median(ratios):,.2f}")
        console.print(table)


if __name__ == "__main__":
    main()
