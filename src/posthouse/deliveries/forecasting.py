"""Forecasts what receivers will make of an account's mail, from rows alone: no DNS is asked."""

from collections.abc import Iterator
from typing import Any, Final

from posthouse.accounts.dns_configuration import ConfigurationUnreadable, configuration
from posthouse.accounts.models import Account
from posthouse.core.channels import Channel
from posthouse.core.dns.masterdomain import MasterFinding, State
from posthouse.core.dns.names import normal_name
from posthouse.core.verification.evidence import Stored, StoredRecord
from posthouse.core.verification.forecast import Forecast, Mail, Signature, forecast
from posthouse.deliveries.route import Route, SenderChoice, preview
from posthouse.domains.models import DomainRecord, MasterCheck, SenderDomain


def forecast_of(account: Account, route: Route) -> Forecast:
    """SPF, DKIM and DMARC of mail that takes this route, as of the last checks."""
    mail = Mail(
        from_domain=normal_name(route.signing_domain),
        return_path=normal_name(route.identity.mfrom.rpartition("@")[2]),
        signatures=_signatures(route),
        server=route.server_name,
    )
    return forecast(mail, _stored(account, mail))


def forecast_for(domain: SenderDomain) -> Forecast:
    """The same for campaigns from a sender domain, as its account would send them now.

    Raises RouteRefused where none can leave.
    """
    sender = SenderChoice(from_local=_ANYBODY, sender_domain=domain)
    return forecast_of(domain.account, preview(domain.account, Channel.MARKETING, sender))


_ANYBODY: Final = "news"  # what stands before the @ makes no difference


def _signatures(route: Route) -> tuple[Signature, ...] | None:
    if not route.signs_here:
        return None
    domain = normal_name(route.signing_domain)
    if route.own_keys:
        return tuple(Signature(domain, key.selector) for key in route.own_keys)
    try:
        selector = configuration().system.dkim_selector
    except ConfigurationUnreadable:
        return None  # nothing leaves until it can be read again
    return (Signature(domain, selector),)


def _stored(account: Account, mail: Mail) -> Stored:
    names = {*_upwards(mail.from_domain), *_upwards(mail.return_path)}
    rows = (
        DomainRecord.objects.filter(domain__account=account, domain__name__in=names)
        .exclude(domain__status=SenderDomain.Status.DELETED)
        .select_related("domain")
        .order_by("domain__name", "position")
    )
    check = MasterCheck.objects.first()
    return Stored(
        records=tuple(_record(row) for row in rows),
        master=tuple(_finding(each) for each in check.findings) if check else (),
        master_at=check.at if check else None,
    )


def _upwards(name: str) -> Iterator[str]:
    """The name and all above it."""
    while name:
        yield name
        name = name.partition(".")[2]


def _record(row: DomainRecord) -> StoredRecord:
    return StoredRecord(
        domain=row.domain.name,
        host=row.host,
        type=row.type,
        value=row.value,
        purpose=row.purpose,
        state=row.state,
        seen=tuple(row.seen),
        finding=row.finding,
        advice=row.advice,
        at=row.domain.checked_at,
    )


def _finding(kept: dict[str, Any]) -> MasterFinding:
    """As it was kept; checks from before a field was added lack it."""
    return MasterFinding(
        check=kept["check"],
        host=normal_name(kept["host"]),
        state=State(kept["state"]),
        sentence=kept["sentence"],
        next_step=kept["next_step"],
        seen=kept.get("seen", ""),
    )
