"""Tests a delivery server's connection and keeps what was found, without the password."""

from base64 import b64encode
from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from posthouse.accounts import audit, vault
from posthouse.accounts.actors import Actor
from posthouse.accounts.permissions import demand_operator
from posthouse.core.addresses import AddressRefused, parse_address
from posthouse.core.smtp.settings import ServerSettings
from posthouse.servers.connecting import settings_of
from posthouse.servers.disk import disk_settings_of, probe_disk
from posthouse.servers.errors import ServerChangedMeanwhile
from posthouse.servers.models import DeliveryServer
from posthouse.servers.probe import ProbeReport, ProbeStep, probe
from posthouse.servers.trial import Trial, trial_of
from posthouse.servers.validation import CONNECTION_FIELDS

_SHORTEST_SECRET = 4  # a shorter password would blot out parts of every other word


def test(
    actor: Actor,
    server: DeliveryServer,
    *,
    recipient: str = "",  # noqa: PT028 - no test of pytest's
    message: bool = False,  # noqa: PT028
) -> ProbeReport:
    """Connects, signs in, says goodbye, and keeps the result with the server.

    With a recipient it also asks whether the server would take mail to them; ``message``: and
    sends one. Raises ValidationError for a recipient that is no address. A folder is written to
    and cannot be asked: both do nothing there.

    Blocks for at most the server's time-out a step; no transaction is open meanwhile. Raises
    ServerChangedMeanwhile when the result is about settings that are no more.
    """
    demand_operator(actor)
    trial = _trial(server, recipient, whole=message)
    tried = _connection(server)
    try:
        report = _report(server, trial)
    except vault.SecretUnreadable as error:
        advice = "Enter the password again."
        report = ProbeReport((ProbeStep("password", False, str(error), 0, advice),), ())
    _keep(actor, server, tried, report)
    return report


def _trial(server: DeliveryServer, recipient: str, *, whole: bool) -> Trial | None:
    if server.kind == server.Kind.DISK:
        return None
    if not recipient.strip():
        if whole:
            raise ValidationError({"recipient": "Enter who gets the message."})
        return None
    try:
        address = str(parse_address(recipient))
    except AddressRefused as refused:
        raise ValidationError({"recipient": str(refused)}) from refused
    return trial_of(server, address, timezone.now(), whole=whole)


def _report(server: DeliveryServer, trial: Trial | None) -> ProbeReport:
    if server.kind == server.Kind.DISK:
        return probe_disk(disk_settings_of(server))
    settings = settings_of(server)
    return _without_secrets(probe(settings, trial), settings)


@transaction.atomic
def _keep(actor: Actor, server: DeliveryServer, tried: dict[str, Any], report: ProbeReport) -> None:
    server.refresh_from_db(from_queryset=DeliveryServer.objects.select_for_update())
    if _connection(server) != tried:
        raise ServerChangedMeanwhile(server.name)
    states = server.TestState
    server.test_state = states.OK if report.ok else states.FAILED
    server.test_steps = [
        {
            "name": step.name,
            "ok": step.ok,
            "words": step.words,
            "milliseconds": step.milliseconds,
            "advice": step.advice,
        }
        for step in report.steps
    ]
    server.test_conversation = list(report.conversation)
    server.tested_at = timezone.now()
    server.save(update_fields=["test_state", "test_steps", "test_conversation", "tested_at"])
    failed = next((step.name for step in report.steps if not step.ok), None)
    audit.record(
        actor, "server.test", server, after={"result": server.test_state, "failed_at": failed}
    )


def _connection(server: DeliveryServer) -> dict[str, Any]:
    """What a test is about."""
    names = {name for name in CONNECTION_FIELDS if name != "password"} | {"password_sealed"}
    return {name: getattr(server, name) for name in names}


def _without_secrets(report: ProbeReport, settings: ServerSettings) -> ProbeReport:
    """The report with the password blotted out: some servers repeat what they were sent."""
    plain = settings.password
    sign_in = f"\0{settings.username}\0{plain}"  # RFC 4616 2
    secrets = [_base64(sign_in), _base64(plain), plain]
    secrets = [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET and plain]

    def blotted(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "***")
        return text

    return ProbeReport(
        tuple(replace(step, words=blotted(step.words)) for step in report.steps),
        tuple(blotted(line) for line in report.conversation),
    )


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode("ascii")
