"""A verified domain takes its name; whoever stands in the way without a proof gives way."""

from django.core.exceptions import ValidationError

from posthouse.accounts import access, audit
from posthouse.accounts.actors import Actor
from posthouse.accounts.dns_configuration import DnsConfigurationRefused, campaign_template
from posthouse.core.verification.status import Event, Status, after
from posthouse.domains import ownership
from posthouse.domains.errors import NameHeld
from posthouse.domains.models import SenderDomain
from posthouse.domains.record_sets import make_records
from posthouse.domains.services import announce


def take_name(actor: Actor, domain: SenderDomain) -> NameHeld | None:
    """Makes the domain the holder of its name, or says why that cannot be (A13)."""
    if domain.holds_name:
        return None
    if refused := ownership.refusal(domain, proof=domain.owner_proven):
        return refused
    with access.across_tenants():
        holder = ownership.holder_of(domain)
        unproven = ownership.neighbours(domain).filter(owner_proven=False)
        yielding = [holder] if holder else []
        yielding += unproven if domain.owner_proven else []
        SenderDomain.objects.filter(pk__in=[each.pk for each in yielding]).update(holds_name=False)
        domain.holds_name = True
        domain.save()
        for each in yielding:
            _give_way(actor, each, domain)
    return None


def _give_way(actor: Actor, holder: SenderDomain, to: SenderDomain) -> None:
    before = holder.status
    if Status(before) is Status.ENABLED:
        holder.status = SenderDomain.Status(after(Status.ENABLED, Event.FAILED_THREE_TIMES).value)
    holder.holds_name = holder.proven = False
    _ask_for_proof(holder)
    holder.warning = f"Another account has proven that {to.name} is its own."
    if holder.name != to.name:
        holder.warning += f" Publish the ownership record to show that {holder.name} is yours."
    holder.save()
    audit.record(
        actor,
        "domain.give-way",
        holder,
        account=holder.account,
        before={"status": before},
        after={"status": holder.status},
    )
    announce(holder, before)


def _ask_for_proof(holder: SenderDomain) -> None:
    """Records with a token where there was none: without it the name could not be had back."""
    if ownership.proves(holder):
        return
    try:
        make_records(holder, campaign_template(holder.template))
    except (DnsConfigurationRefused, ValidationError):
        # Its template is gone from the file, or makes nothing of it any more: the operator sees it.
        holder.refresh_from_db(fields=["template", "mfrom_host", "tracking_host", "random"])
        return
    holder.proven = False
