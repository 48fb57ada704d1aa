"""How the records of a sender domain differ from what its DNS template makes now; applies that.

Domains keep their records when the file or the group's choice changes, so that nobody's mail stops
by an edit. An operator sees the difference and applies it, one domain at a time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from posthouse.accounts import audit, inherited
from posthouse.accounts.actors import Actor
from posthouse.accounts.dns_configuration import DnsConfigurationRefused, campaign_template
from posthouse.accounts.permissions import demand_operator
from posthouse.core.dns.errors import DnsError
from posthouse.core.dns.own_keys import PublicKey
from posthouse.core.dns.records import Record
from posthouse.core.dns.templates import Template
from posthouse.core.verification.checks import CheckResult, Verdict, result
from posthouse.core.verification.status import Event, Status, TransitionRefused, after
from posthouse.domains import checking, key_sets, ownership
from posthouse.domains.errors import ChangedMeanwhile, DnsSilent
from posthouse.domains.examine import Examination, examine
from posthouse.domains.models import SenderDomain
from posthouse.domains.record_sets import follow, records_of, what
from posthouse.domains.services import announce, stand
from posthouse.domains.settling import Asked, asked_of, settle
from posthouse.domains.turns import take_turn

AT_ONCE = 500  # domains compared for one page or one line of progress
NO_KEY_YET = ("new-key", "made-when-it-is-applied")  # a key that the template asks for first now


@dataclass(frozen=True, slots=True)
class Difference:
    """What applying the template would do to the domain's records; `problem`: it cannot be done."""

    domain: SenderDomain
    template: str
    added: tuple[Record, ...] = ()
    removed: tuple[Record, ...] = ()
    kept: tuple[Record, ...] = ()
    problem: str = ""

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.problem)

    @property
    def consequence(self) -> str:
        """What becomes of the domain's status, as far as that is known before DNS is asked."""
        if not self.added:
            return "Its status stays: nothing new is to be published."
        if self.domain.status == SenderDomain.Status.PENDING:
            return "It waits already; from then on for the new records."
        if self.domain.status == SenderDomain.Status.DISABLED:
            return (
                "It stays disabled. If DNS does not have all of the new records yet, they must "
                "pass a check before it can be enabled again."
            )
        return (
            "DNS is asked first. If it has all of the new records already, the status stays; else "
            "the domain goes to Approval Pending, and nothing is sent from it until they are there."
        )


@dataclass(frozen=True, slots=True)
class Applied:
    """The domain afterwards, and what was done."""

    domain: SenderDomain
    difference: Difference
    published: bool  # DNS had all that was added

    @property
    def summary(self) -> str:
        """The outcome in a sentence."""
        counts = f"{len(self.difference.added)} added, {len(self.difference.removed)} removed"
        return f"{self.domain.name}: {counts}. It is {self.domain.get_status_display()}."


def difference(domain: SenderDomain) -> Difference:
    """Compares the records it has with those that its group's template makes. Asks no DNS."""
    name = inherited.campaign_dns_template(domain.account)
    has = [row.as_published() for row in domain.records.all() if row.required]
    try:
        records = wanted(domain, campaign_template(name))
    except (DnsConfigurationRefused, DnsError) as error:
        return Difference(domain, name, kept=tuple(has), problem=str(error))
    before, then = {what(each) for each in has}, {what(each) for each in records}
    return Difference(
        domain,
        name,
        added=tuple(each for each in records if what(each) not in before),
        removed=tuple(each for each in has if what(each) not in then),
        kept=tuple(each for each in records if what(each) in before),
    )


def wanted(domain: SenderDomain, template: Template) -> Sequence[Record]:
    """What the template makes of the domain with the keys that it has; DnsError if nothing.

    A key that it would get first has a made-up name.
    """
    known = key_sets.in_use(domain) if template.keys else {}
    keys = [
        key_sets.public(known[algorithm])
        if algorithm in known
        else PublicKey(algorithm, *NO_KEY_YET)
        for algorithm in template.keys
    ]
    return records_of(domain, template, keys)


def differing(after_pk: int = 0, want: int = 50) -> tuple[list[Difference], int]:
    """Some domains whose records differ, by age, after the one with that key; and the key to go on
    from, 0 when all were compared. To be asked across tenants.
    """
    rows = (
        SenderDomain.objects.filter(pk__gt=after_pk)
        .exclude(status=SenderDomain.Status.DELETED)
        .select_related("account__group")
        .prefetch_related("records")
        .order_by("pk")
    )
    some = list(rows[:AT_ONCE])
    found: list[Difference] = []
    for domain in some:
        if one := difference(domain):
            found.append(one)
        if len(found) == want:
            return found, domain.pk
    return found, some[-1].pk if len(some) == AT_ONCE else 0


def apply(actor: Actor, domain: SenderDomain) -> Applied:
    """Gives the domain the records of its template; what stays keeps what was seen of it.

    DNS is asked before (up to 15 seconds), so that a domain whose owner published the new records
    in advance goes on sending. Enabled without a record that was not seen it is never. Raises
    DnsSilent where it sends and DNS does not answer: trouble there is nobody's missing record.
    """
    demand_operator(actor)
    seen = difference(domain)
    if seen.problem:
        raise ValidationError(seen.problem)
    if domain.status == SenderDomain.Status.SUSPENDED:
        reason = f"{domain.name} is suspended: lift that first, so that its status can follow."
        raise TransitionRefused(Status.SUSPENDED, Event.RECORDS_ADDED, reason)
    if not seen:
        return Applied(domain, seen, published=True)
    records = (*seen.kept, *seen.added)
    examination = examine(records, domain.name, checking.name_servers())
    if domain.status == SenderDomain.Status.ENABLED and _is_open(seen.added, examination):
        raise DnsSilent(domain.name)
    return _apply(actor, domain, seen, examination)


@transaction.atomic
def _apply(
    actor: Actor, asked: SenderDomain, seen: Difference, examination: Examination
) -> Applied:
    take_turn(asked.registered)
    domain = SenderDomain.objects.select_for_update().get(pk=asked.pk)
    again = difference(domain)
    if (again.added, again.problem, domain.status) != (seen.added, "", asked.status):
        raise ChangedMeanwhile(domain.name)
    before, template = domain.status, domain.template
    # Those that were added, not those that were to be: the file may have changed by now.
    added = follow(domain, campaign_template(seen.template))
    published = _verdicts(added, examination) <= {Verdict.OK}
    if not published:
        stand(domain, after(Status(before), Event.RECORDS_ADDED))
        domain.proven, domain.failures_in_row, domain.failed_at = False, 0, None
        domain.waiting_since = timezone.now()
    domain.owner_proven = domain.owner_proven and ownership.proves(domain)
    domain.next_check_at = timezone.now()
    domain.save()
    audit.record(
        actor,
        "domain.apply-template",
        domain,
        account=domain.account,
        before={"status": before, "template": template, "removed": _told(seen.removed)},
        after={"status": domain.status, "template": seen.template, "added": _told(seen.added)},
    )
    counts = {"added": len(seen.added), "removed": len(seen.removed)}
    audit.announce("domain.records", domain.account, domain=domain.pk, **counts)
    announce(domain, before)
    examined = _as_examined(domain, examination)
    if len(examined.rows) == len(examination.diagnoses):
        domain = settle(actor, examined, examination).domain
    return Applied(domain, seen, published)


def _is_open(added: Iterable[Record], examination: Examination) -> bool:
    """True if they may all be in DNS, as far as it answered."""
    return result(_verdicts(added, examination)) is CheckResult.COULD_NOT_CHECK


def _verdicts(added: Iterable[Record], examination: Examination) -> set[Verdict]:
    """What DNS had of the records; one that it was not asked for is not there yet."""
    found = {what(each.finding.record): each.verdict for each in examination.diagnoses}
    return {found.get(what(each), Verdict.NOT_YET) for each in added}


def _as_examined(domain: SenderDomain, examination: Examination) -> Asked:
    """The domain's new rows in the order in which DNS was asked for them; a key that was made
    since has records that nobody asked for.
    """
    rows = {what(row): row for row in asked_of(domain).rows if row.required}
    examined = [what(each.finding.record) for each in examination.diagnoses]
    return Asked(domain, tuple(rows[each] for each in examined if each in rows))


def _told(records: Iterable[Record]) -> list[str]:
    return [f"{each.host} {each.type} {each.value}" for each in records]
