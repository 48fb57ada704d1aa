"""Looks up what a delivery server's domains publish, and keeps what was found with the server."""

from dataclasses import asdict

from django.db import transaction
from django.utils import timezone

from posthouse.accounts import audit
from posthouse.accounts.actors import Actor
from posthouse.accounts.dns_configuration import configuration
from posthouse.accounts.permissions import demand_operator
from posthouse.core.dns.masterdomain import Expected, State, judge
from posthouse.domains.master import answers_about
from posthouse.servers.errors import ServerChangedMeanwhile
from posthouse.servers.models import DeliveryServer

DOMAIN_FIELDS = ("link_tracking_domain", "open_tracking_domain", "mfrom_domain")
# The relay's address sends, not the host that takes bounces: its name is nobody's concern here.
_NOT_OURS = frozenset({"PTR"})


def check_dns(actor: Actor, server: DeliveryServer) -> bool:
    """Looks everything up now (up to 30 seconds) and keeps the findings; is all of it fine?

    Raises ServerChangedMeanwhile when the findings are about domains that are no more.
    """
    demand_operator(actor)
    wanted, asked = wanted_of(server), _domains(server)
    answers = answers_about(wanted)
    found = [one for one in judge(wanted, answers) if one.check not in _NOT_OURS]
    fine = all(one.state is State.OK for one in found)
    with transaction.atomic():
        row = DeliveryServer.objects.select_for_update().get(pk=server.pk)
        if _domains(row) != asked:
            raise ServerChangedMeanwhile(server.name)
        row.dns_findings, row.dns_checked_at = [asdict(one) for one in found], timezone.now()
        row.save(update_fields=["dns_findings", "dns_checked_at"])
        audit.record(actor, "server.check-dns", row, after={"fine": fine})
    return fine


def wanted_of(server: DeliveryServer) -> Expected:
    """The return path with SPF and MX, and tracking domains that lead somewhere."""
    return Expected(
        return_paths=(server.mfrom_domain.rpartition("@")[2],),
        dkim=(),
        dmarc=(),
        trackers=tuple(dict.fromkeys((server.link_tracking_domain, server.open_tracking_domain))),
        spf=configuration().system.spf,
        public_key="",
    )


def _domains(server: DeliveryServer) -> tuple[str, ...]:
    return tuple(getattr(server, name) for name in DOMAIN_FIELDS)
