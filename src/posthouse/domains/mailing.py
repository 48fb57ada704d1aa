"""Mails a sender domain's records to whoever can publish them."""

from datetime import timedelta
from smtplib import SMTPException
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from posthouse.accounts import audit
from posthouse.accounts.actors import Actor
from posthouse.accounts.models import Account, AuditRecord
from posthouse.accounts.permissions import demand
from posthouse.domains import handing_over, showing
from posthouse.domains.errors import MailNotSent, NothingToSend, TooManyMails
from posthouse.domains.models import SenderDomain

AT_MOST: Final = 20  # mails of an account in an hour: a stolen sign-in must not spam with them
PER: Final = timedelta(hours=1)
LONGEST_NOTE: Final = 1_000
VERB: Final = "domain.send-records"


def send_records(actor: Actor, domain: SenderDomain, *, to: str, note: str = "") -> None:
    """Sends one mail to one address; replies go to the person who asks.

    Raises ValidationError by field, TooManyMails, NothingToSend and MailNotSent.
    """
    demand(actor, "edit")
    to, note = _address(to), _note(note)
    if not domain.records.exists():
        raise NothingToSend(domain.name)
    message = _message(actor, domain, to, note)
    _take_one(actor, domain, to)
    try:
        message.send()
    except (OSError, SMTPException) as error:
        raise MailNotSent(to) from error


@transaction.atomic
def _take_one(actor: Actor, domain: SenderDomain, to: str) -> None:
    """Counts this mail, one at a time for each account; what is tried counts."""
    account = Account.objects.select_for_update(no_key=True).get(pk=domain.account_id)
    since = timezone.now() - PER
    sent = AuditRecord.objects.filter(at__gte=since, account=account, verb=VERB).count()
    if sent >= AT_MOST:
        raise TooManyMails(AT_MOST)
    audit.record(actor, VERB, domain, account=account, after={"to": to})


def _message(actor: Actor, domain: SenderDomain, to: str, note: str) -> EmailMessage:
    reply = actor.user.email if actor.user else ""
    text = render_to_string(
        "domains/mail/records.txt",
        {
            "asker": actor.user.email if actor.user else actor.name,
            "account": domain.account.name,
            "domain": domain,
            "note": "\n".join(f"> {line}".rstrip() for line in note.splitlines()),
            "records": handing_over.text_of(domain),
            "words": showing.words(domain),
            "reply": reply,
        },
    )
    message = EmailMessage(
        subject=f"DNS records to publish for {domain.name}",
        body=text,
        from_email=settings.SYSTEM_FROM,
        to=[to],
        reply_to=[reply] if reply else None,
    )
    message.attach(f"{domain.name}.zone", handing_over.zone_of(domain), "text/plain")
    return message


def _address(text: str) -> str:
    """One address; what could end a header or begin another address is none (A1)."""
    address = text.strip()
    try:
        validate_email(address)
    except ValidationError as error:
        raise ValidationError({"to": "Write one e-mail address, as in dns@example.com."}) from error
    return address


def _note(text: str) -> str:
    """The note without control characters, at most 1,000 characters long."""
    plain = "".join(c if c.isprintable() or c == "\n" else " " for c in text.replace("\r\n", "\n"))
    if len(plain) > LONGEST_NOTE:
        raise ValidationError({"note": f"At most {LONGEST_NOTE:,} characters, please."})
    return plain.strip()
