"""Tells an account's owners and managers by mail what they must know: rows first, mail afterwards.

A notice is a row for each person, so that nothing is lost while the mail server is down. What comes
within an hour of a mail goes out together with what else came, so that a bad day is no storm. A
worker that dies while it sends leaves its mail due again, with the same Message-ID.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone

from posthouse.accounts.models import Account, Membership, Notice, Role, User
from posthouse.accounts.tenancy import new_public_id

log = logging.getLogger(__name__)

SAME_AGAIN = timedelta(days=1)  # what flaps every hour is told once a day
COLLECTED_FOR = timedelta(seconds=30)  # what goes wrong together is told together
BETWEEN_MAILS = timedelta(hours=1)  # to one person about one account
MOST_IN_A_MAIL = 20
KEPT_FOR = timedelta(days=30)
READERS = (Role.OWNER, Role.MANAGER)

_SENDING_AT_MOST = timedelta(minutes=10)  # afterwards whoever was sending is taken for dead
_PAUSES = tuple(timedelta(minutes=pause) for pause in (1, 5, 30, 120, 360, 720, 1440))
_FORGOTTEN_AT_ONCE = 1_000
_State = Notice.State


@transaction.atomic
def tell(account: Account, subject: str, text: str, path: str) -> None:
    """Keeps a notice for each owner and manager who wants them; ``path`` is the page to look at."""
    said = {"subject": _one_line(subject)[:200], "text": f"{text}\n\n{settings.BASE_URL}{path}"}
    since = timezone.now() - SAME_AGAIN
    known = Notice.objects.filter(account=account, created_at__gt=since, **said)
    for membership in _readers(account).exclude(user__in=known.values("user")):
        due_at = _when_to_tell(account, membership.user)
        Notice.objects.create(account=account, user=membership.user, due_at=due_at, **said)


def send_next() -> bool:
    """Sends the mail that is due longest; False: none is. To be called across tenants."""
    taken = _take()
    if taken and _still_reads(taken[0]):
        _send(taken)
    elif taken:
        Notice.objects.filter(pk__in=[notice.pk for notice in taken]).delete()
    return bool(taken)


def forget_old() -> bool:
    """Deletes some of those that ended long ago; False: there was none."""
    old = Notice.objects.filter(ended_at__lt=timezone.now() - KEPT_FOR).order_by("pk")
    pks = list(old.values_list("pk", flat=True)[:_FORGOTTEN_AT_ONCE])
    Notice.objects.filter(pk__in=pks).delete()
    return bool(pks)


def _readers(account: Account) -> QuerySet[Membership]:
    return Membership.objects.select_related("user").filter(
        account=account, role__in=READERS, notices_by_mail=True, user__is_active=True
    )


def _still_reads(notice: Notice) -> bool:
    return _readers(notice.account).filter(user=notice.user).exists()


def _when_to_tell(account: Account, user: User) -> datetime:
    soon = timezone.now() + COLLECTED_FOR
    theirs = Notice.objects.filter(account=account, user=user)
    if waiting := theirs.filter(state=_State.WAITING, mail="").order_by("due_at").first():
        return waiting.due_at
    last = theirs.filter(state=_State.SENT).order_by("-ended_at").first()
    return max(soon, last.ended_at + BETWEEN_MAILS) if last and last.ended_at else soon


@transaction.atomic
def _take() -> list[Notice]:
    """What goes out in the next mail, ours for some minutes; empty: nothing is due."""
    now = timezone.now()
    due = Notice.objects.filter(state=_State.WAITING, due_at__lte=now)
    first = due.order_by("due_at", "pk").first()
    if first is None:
        return []
    mail = first.mail or _gather(first)
    ours = due.filter(mail=mail).update(due_at=now + _SENDING_AT_MOST, attempts=F("attempts") + 1)
    rows = Notice.objects.filter(mail=mail, state=_State.WAITING).select_related("account", "user")
    return list(rows.order_by("pk")) if ours else []


def _gather(first: Notice) -> str:
    """Puts what waits for the same person of the same account into one mail, for good."""
    mail = new_public_id("mai")
    waiting = Notice.objects.filter(
        account=first.account, user=first.user, state=_State.WAITING, mail=""
    )
    pks = list(waiting.order_by("pk").values_list("pk", flat=True))
    Notice.objects.filter(pk__in=pks, mail="").update(mail=mail, due_at=first.due_at)
    return mail


def _send(notices: list[Notice]) -> None:
    rows = Notice.objects.filter(mail=notices[0].mail, state=_State.WAITING)
    try:
        _mail(notices).send()
    except OSError as error:  # whatever SMTP says is one, too
        log.warning("A notice could not be mailed; see POSTHOUSE_SYSTEM_MAIL_URL: %s", error)
        _later(rows, notices[0].attempts, _one_line(str(error))[:300])
    else:
        rows.update(state=_State.SENT, ended_at=timezone.now(), problem="")


def _later(rows: QuerySet[Notice], attempts: int, problem: str) -> None:
    now = timezone.now()
    if attempts > len(_PAUSES):
        rows.update(state=_State.FAILED, ended_at=now, problem=problem)
    else:
        rows.update(due_at=now + _PAUSES[attempts - 1], problem=problem)


def _mail(notices: list[Notice]) -> EmailMessage:
    account, user = notices[0].account, notices[0].user
    subject = notices[0].subject
    if len(notices) > 1:
        subject = f"{len(notices)} notices about {_one_line(account.name)}"
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(">")
    return EmailMessage(
        subject,
        _text(notices, account, user),
        to=[user.email],
        headers={
            "Message-ID": f"<{notices[0].mail}@{host}>",
            "Auto-Submitted": "auto-generated",  # RFC 3834: nobody's absence note answers
        },
    )


def _text(notices: list[Notice], account: Account, user: User) -> str:
    shown = notices[:MOST_IN_A_MAIL]
    parts = [f"Hello{f' {user.name}' if user.name else ''},"]
    parts += [f"{one.subject}\n\n{one.text}" if len(notices) > 1 else one.text for one in shown]
    if more := len(notices) - len(shown):
        parts.append(f"And {more} more: sign in to see them.")
    profile = f"{settings.BASE_URL}{reverse('accounts:profile', args=[account.slug])}"
    parts.append(
        f"You get this because you are in the team of {account.name}. "
        f"To have no such mail, switch it off in your profile:\n\n{profile}"
    )
    return "\n\n".join(parts) + "\n"


def _one_line(text: str) -> str:
    """A header is one line, whatever an account is called (A1)."""
    return " ".join(text.split())
