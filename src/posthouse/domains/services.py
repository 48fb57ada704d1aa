"""The verbs on sender domains: add, change, verify, disable, enable, suspend, delete."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from posthouse.accounts import audit, inherited
from posthouse.accounts.actors import Actor
from posthouse.accounts.dns_configuration import campaign_template
from posthouse.accounts.models import Account
from posthouse.accounts.permissions import demand, demand_operator
from posthouse.core.addresses import BadDomain, normalise_domain
from posthouse.core.dns.names import registered_domain
from posthouse.core.dns.templates import Template
from posthouse.core.verification.status import Event, Status, after
from posthouse.domains import ownership
from posthouse.domains.errors import DomainInUse, ManagementOff
from posthouse.domains.models import SenderDomain
from posthouse.domains.record_sets import make_records
from posthouse.domains.turns import take_turn

# Whether somebody still needs a domain is known by features above; they add their question here.
IN_USE: list[Callable[[SenderDomain], list[str]]] = []

# Who would be left without a From address, were the domain deleted; told in the same way.
LEFT_WITHOUT: list[Callable[[SenderDomain], list[str]]] = []

LONGEST_REASON = 500

_RECORD_SETTINGS = ("subdomain", "track_prefix", "tracking_subdomain")


@transaction.atomic
def add(actor: Actor, account: Account, name: str) -> SenderDomain:
    """Registers a domain: Approval Pending, or Enabled where the template asks for no record."""
    demand(actor, "edit")
    if not account.group.sender_domain_management:
        raise ManagementOff
    name = _normal(name)
    _one_at_a_time(account)
    take_turn(registered_domain(name))
    domain = SenderDomain.objects.select_for_update().filter(account=account, name=name).first()
    if domain and domain.status != SenderDomain.Status.DELETED:
        raise ValidationError({"name": f"{name} is already one of your sender domains."})
    _demand_room(account)
    before = Status(domain.status) if domain else Status.NEW
    domain = domain or SenderDomain(account=account, name=name, registered=registered_domain(name))
    template = campaign_template(inherited.campaign_dns_template(account))
    domain.template = template.name
    event = Event.ADD_WITHOUT_RECORDS if _is_free(domain, template) else Event.ADD
    stand(domain, after(before, event, suspended_from=_suspended_from(domain)))
    make_records(domain, template)
    audit.record(actor, "domain.add", domain, account=account, after={"template": template.name})
    return domain


@transaction.atomic
def change(actor: Actor, domain: SenderDomain, **values: Any) -> SenderDomain:
    """Changes the hosts' names: the records are made anew, and it is Approval Pending again.

    Where there is nothing to publish it goes on as it was.
    """
    demand(actor, "edit")
    unknown = set(values) - {*_RECORD_SETTINGS}
    if unknown:
        raise ValidationError(dict.fromkeys(unknown, "This cannot be changed."))
    take_turn(domain.registered)
    domain = SenderDomain.objects.select_for_update().get(pk=domain.pk)
    before, changed = audit.changes(domain, values)
    if not changed:
        return domain
    for field, value in values.items():
        setattr(domain, field, value)
    status = domain.status
    following = after(Status(status), Event.SETTINGS_CHANGED)
    template = campaign_template(inherited.campaign_dns_template(domain.account))
    if _is_free(domain, template):
        domain.owner_proven = False
    else:
        stand(domain, following)
    make_records(domain, template)
    announce(domain, status)
    audit.record(
        actor, "domain.change", domain, account=domain.account, before=before, after=changed
    )
    return domain


def disable(actor: Actor, domain: SenderDomain) -> SenderDomain:
    """The owner stops sending from it; records and history stay."""
    demand(actor, "edit")
    return _happen(actor, domain, Event.DISABLE)


def enable(actor: Actor, domain: SenderDomain) -> SenderDomain:
    """The owner sends from it again; a domain never verified cannot be enabled by hand."""
    demand(actor, "edit")
    return _happen(actor, domain, Event.ENABLE)


def suspend(actor: Actor, domain: SenderDomain, reason: str = "") -> SenderDomain:
    """The operator stops it, and may tell its owner why; its owner cannot lift that."""
    demand_operator(actor)
    reason = " ".join(reason.split())
    if len(reason) > LONGEST_REASON:
        raise ValidationError({"reason": f"At most {LONGEST_REASON} characters, please."})
    return _happen(actor, domain, Event.SUSPEND, reason)


def unsuspend(actor: Actor, domain: SenderDomain) -> SenderDomain:
    """The operator lifts the suspension: back to where it began."""
    demand_operator(actor)
    return _happen(actor, domain, Event.UNSUSPEND)


@transaction.atomic
def delete(actor: Actor, domain: SenderDomain) -> None:
    """It goes from all lists; sent mail keeps its history. Adding it again begins anew."""
    demand(actor, "edit")
    if users := users_of(domain):
        raise DomainInUse(domain.name, users)
    ownership.forget(_happen(actor, domain, Event.DELETE))


def users_of(domain: SenderDomain) -> list[str]:
    """Who is sending from it now, as in “the campaign “Autumn””."""
    return [user for question in IN_USE for user in question(domain)]


def left_without(domain: SenderDomain) -> list[str]:
    """Who means to send from it."""
    return [one for question in LEFT_WITHOUT for one in question(domain)]


@transaction.atomic
def _happen(actor: Actor, domain: SenderDomain, event: Event, reason: str = "") -> SenderDomain:
    take_turn(domain.registered)
    row = SenderDomain.objects.select_for_update().get(pk=domain.pk)
    before = Status(row.status)
    following = after(before, event, proven=row.proven, suspended_from=_suspended_from(row))
    if event is Event.SUSPEND and before is not Status.SUSPENDED:
        row.suspended_from, row.suspension_reason = before, reason
    if event is Event.UNSUSPEND:
        row.suspended_from = row.suspension_reason = ""
    stand(row, following)
    row.save()
    audit.record(
        actor,
        f"domain.{event}",
        row,
        account=row.account,
        before={"status": before},
        after={"status": following} | ({"reason": reason} if reason else {}),
    )
    announce(row, before)
    return row


def announce(domain: SenderDomain, before: str) -> None:
    """Tells whoever listens that the status changed."""
    if domain.status != before:
        audit.announce(
            "domain.status", domain.account, domain=domain.pk, before=before, after=domain.status
        )


def stand(domain: SenderDomain, status: Status) -> None:
    """Sets the status and what goes with it: who is Enabled holds the name, who waits does not."""
    domain.status = SenderDomain.Status(status.value)
    if status is Status.ENABLED:
        domain.holds_name = not ownership.refusal(domain, proof=domain.owner_proven)
        if not domain.holds_name:  # an empty template proves nothing: no second holder (A13)
            domain.status = SenderDomain.Status.PENDING
    if status in {Status.PENDING, Status.DELETED}:
        domain.holds_name = domain.owner_proven = False


def _is_free(domain: SenderDomain, template: Template) -> bool:
    """True if there is nothing to publish: no record of the template's, and nobody to outdo."""
    return template.is_empty and not ownership.refusal(domain, proof=False)


def _normal(name: str) -> str:
    try:
        return normalise_domain(name)
    except BadDomain as error:
        raise ValidationError({"name": str(error)}) from error


def _one_at_a_time(account: Account) -> None:
    """Others who add a domain to the account wait, so that no two take its last place."""
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)


def _demand_room(account: Account) -> None:
    limit = inherited.sender_domains_limit(account)
    if not limit:
        return
    used = SenderDomain.objects.filter(account=account).exclude(status="deleted").count()
    if used >= limit:
        raise ValidationError(
            {"name": f"The account has {used} of at most {limit} sender domains. Delete one first."}
        )


def _suspended_from(domain: SenderDomain) -> Status | None:
    return Status(domain.suspended_from) if domain.suspended_from else None
