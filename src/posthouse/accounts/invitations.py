"""Tells a person by mail that they can sign in, with a link to set their password."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from posthouse.accounts.models import User


def reset_link(user: User) -> str:
    """Address of the page where the person sets a password: works once, for an hour (A16)."""
    key = default_token_generator.make_token(user)
    uid = user_pk_to_url_str(user)
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": key})
    return f"{settings.BASE_URL}{path}"


def send(user: User, inviter: str, account: str = "", *, new: bool = True) -> None:
    """Mails the invitation once the transaction is safe; a mail server that is down undoes nothing.

    ``new`` people get a link to set their password, the others a link to sign in.
    """
    context = {
        "user": user,
        "inviter": inviter,
        "account": account,
        "link": reset_link(user) if new else f"{settings.BASE_URL}{reverse('account_login')}",
        "forgot": f"{settings.BASE_URL}{reverse('account_reset_password')}",
        "new": new,
    }
    text = render_to_string("accounts/mail/invitation.txt", context)
    subject = f"{account}: you are in the team" if account else "You can sign in to Posthouse"
    transaction.on_commit(
        lambda: send_mail(_one_line(subject), text, settings.DEFAULT_FROM_EMAIL, [user.email]),
        robust=True,
    )


def _one_line(text: str) -> str:
    """A header is one line, whatever an account is called (A1)."""
    return " ".join(text.split())
