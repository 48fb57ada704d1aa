"""The verb on content: keep what was written as a version that never changes."""

from dataclasses import asdict

from django.db import transaction

from posthouse.accounts import audit
from posthouse.accounts.actors import Actor
from posthouse.accounts.models import Account
from posthouse.accounts.permissions import demand
from posthouse.content.models import ContentVersion
from posthouse.content.parts import RULES, Parts, cleaned


@transaction.atomic
def save_version(
    actor: Actor, account: Account, *, subject: str, preheader: str, html: str, text: str
) -> ContentVersion:
    """The version with exactly these parts: the one there is, or a new one.

    Raises ValidationError by part (too long, a control character). Parts may be empty and merge
    tags wrong, as drafts are; ``checks`` says what keeps a version from being sent.
    """
    demand(actor, "edit")
    given = {"subject": subject, "preheader": preheader, "html": html, "text": text}
    parts = Parts(**cleaned(given, RULES))
    present = ContentVersion.objects.filter(account=account, digest=parts.digest).first()
    if present is not None:
        return present
    version = ContentVersion.objects.create(account=account, digest=parts.digest, **asdict(parts))
    sizes = {"html": len(parts.html), "text": len(parts.text)}
    audit.record(actor, "content.save", version, account=account, after=sizes)
    return version


def parts_of(version: ContentVersion) -> Parts:
    """The parts of a version, for composition and for checks."""
    return Parts(version.subject, version.preheader, version.html, version.text)
