"""Writes sign-ins and changes of passwords and second factors into the log of actions."""

import logging
from typing import Any

from allauth.account import signals as account_signals
from allauth.account.adapter import get_adapter
from allauth.mfa import signals as mfa_signals
from django.contrib.auth.signals import user_login_failed
from django.dispatch import Signal
from django.http import HttpRequest

from posthouse.accounts import audit
from posthouse.accounts.actors import Actor
from posthouse.accounts.models import User

log = logging.getLogger(__name__)

VERBS: dict[Signal, str] = {
    account_signals.user_logged_in: "user.sign-in",
    account_signals.password_changed: "user.password-change",
    account_signals.password_set: "user.password-set",
    account_signals.password_reset: "user.password-reset",
    mfa_signals.authenticator_added: "user.second-factor-add",
    mfa_signals.authenticator_removed: "user.second-factor-remove",
    mfa_signals.authenticator_reset: "user.recovery-codes",
}


def listen() -> None:
    """Connects the table above; called once, when Django is ready."""
    for signal, verb in VERBS.items():
        signal.connect(_record, dispatch_uid=f"audit {verb}")
    user_login_failed.connect(_refused, dispatch_uid="audit refused sign-in")


def _record(signal: Signal, request: HttpRequest, user: User, **more: Any) -> None:
    actor = Actor(kind="user", name=user.email, user=user)
    from_where = {"address": _client_ip(request)}
    if authenticator := more.get("authenticator"):
        from_where["second factor"] = authenticator.type
    audit.record(actor, VERBS[signal], user, after=from_where)


def _refused(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    """For the process log: a line for each refusal, in a form that fail2ban can read."""
    where = _client_ip(request) if request else "unknown"
    log.warning("sign-in refused for %s from %s", credentials.get("email", ""), where)


def _client_ip(request: HttpRequest) -> str:
    return str(get_adapter().get_client_ip(request))
