"""Walks at random through all that can happen to a sender domain; what must hold, holds always."""

import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from posthouse.accounts import access, services
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account
from posthouse.core.dns.records import Record
from posthouse.core.verification.status import StatusRefused
from posthouse.domains import checking, keys, template_changes
from posthouse.domains import services as domains
from posthouse.domains.errors import DomainRefused
from posthouse.domains.examine import Examination, examine
from posthouse.domains.key_queries import key_ring, signing_for
from posthouse.domains.models import DomainKey, SenderDomain
from posthouse.domains.settling import Asked, asked_of, settle
from tests.features.own_keys import MASTER, asked

if TYPE_CHECKING:
    from tests.features.dns_servers import DnsWorld

pytest_plugins = ["tests.features.dns_servers"]
ZONE, NAME = "walk.example.com", "mail.walk.example.com"
STEPS, TEMPLATES = 60, ("Own keys", "Own keys", "Default", "Empty")
REFUSALS = (DomainRefused, StatusRefused, ValidationError)


class Walker:
    """An owner, an operator and the clock, who take no notice of each other."""

    def __init__(self, account: Account, world: "DnsWorld", seed: int) -> None:
        self.account, self.world = account, world
        self.chance = random.Random(seed)
        self.begun: list[tuple[Asked, Examination]] = []
        self.published: Sequence[Record] = ()
        self.add()

    @property
    def row(self) -> SenderDomain:
        return SenderDomain.objects.select_related("account__group").get(name=NAME)

    def step(self) -> str:
        """One deed, which may be refused; its name."""
        deed = self.chance.choice(DEEDS)
        try:
            deed(self)
        except REFUSALS:
            return f"{deed.__name__} (refused)"
        return deed.__name__

    def add(self) -> None:
        domains.add(SYSTEM, self.account, NAME)

    def publish(self) -> None:
        self.published = asked(self.row)
        self.world.set_zone(ZONE, self.published)

    def lose_a_record(self) -> None:
        kept = [each for each in self.published if self.chance.random() < 0.9]
        self.published = kept
        self.world.set_zone(ZONE, kept)

    def begin_a_check(self) -> None:
        if self.row.status != "deleted":
            begun = asked_of(self.row)
            found = examine(begun.records, NAME, checking.name_servers())
            self.begun.append((begun, found))

    def end_a_check(self) -> None:
        if self.begun:
            settle(SYSTEM, *self.begun.pop(self.chance.randrange(len(self.begun))))

    def check(self) -> None:
        self.begin_a_check()
        self.end_a_check()

    def rotate(self) -> None:
        keys.rotate(SYSTEM, self.row)

    def call_off(self) -> None:
        keys.call_off(SYSTEM, self.row)

    def change(self) -> None:
        names = ["news", *self.row.keys.values_list("selector", flat=True)]
        domains.change(SYSTEM, self.row, subdomain=self.chance.choice(names))

    def stop(self) -> None:
        self.chance.choice((domains.disable, domains.suspend))(SYSTEM, self.row)

    def start(self) -> None:
        suspended = self.row.status == "suspended"
        (domains.unsuspend if suspended else domains.enable)(SYSTEM, self.row)

    def delete(self) -> None:
        if self.chance.random() < 0.2:
            domains.delete(SYSTEM, self.row)

    def choose_a_template(self) -> None:
        name = self.chance.choice(TEMPLATES)
        services.change_group(SYSTEM, self.row.account.group, campaign_dns_template=name)
        self.account.group.refresh_from_db()

    def apply(self) -> None:
        if self.row.status != "deleted":
            template_changes.apply(SYSTEM, self.row)

    def drop_old(self) -> None:
        DomainKey.objects.filter(state="retired").update(keep_until=timezone.now())
        keys.drop_old()


DEEDS: Sequence[Callable[[Walker], None]] = (
    *(Walker.publish, Walker.check) * 5,
    *(Walker.rotate, Walker.start, Walker.begin_a_check, Walker.end_a_check, Walker.apply) * 2,
    Walker.add,
    Walker.lose_a_record,
    Walker.call_off,
    Walker.change,
    Walker.stop,
    Walker.delete,
    Walker.choose_a_template,
    Walker.drop_old,
)


def broken(domain: SenderDomain) -> list[str]:
    """What does not hold, in words."""
    ring, records = key_ring(domain), list(domain.records.all())
    own = {row.key_id for row in records if row.required and row.key_id}
    signing = {key.id for key in signing_for(domain.account_id, NAME)}
    enabled, waits = domain.status == "enabled", domain.status == "approval_pending"
    coming_or_gone = {key.pk for key in (*ring.coming, *ring.retired)}
    must_hold = {
        "Enabled is who was verified": domain.proven or not enabled,
        "Enabled holds the name": domain.holds_name or not enabled,
        "who waits holds no name": not (waits and domain.holds_name),
        "who waits is looked at again": bool(domain.next_check_at) or not waits,
        "nothing is left of the deleted": domain.status != "deleted" or not (records or ring.all),
        "own keys sign where they are published": bool(own) == bool(signing) or not enabled,
        "what signs is published": signing <= own,
        "who signs has a record": own
        == {key.pk for key in (*ring.waiting, *ring.signing)} - {key.pk for key in ring.coming},
        "what comes or goes does not count": not own & coming_or_gone,
        "every key has its record": {row.key_id for row in records if row.key_id}
        == {key.pk for key in ring.all},
        "no record stands twice": len({each.as_published() for each in records}) == len(records),
    }
    return [words for words, holds in must_hold.items() if not holds]


@pytest.mark.parametrize("seed", range(6))
def test_what_must_hold_holds_after_every_step_and_there_is_always_a_way_back(
    account: Account, dns_world: "DnsWorld", settings: Any, seed: int
) -> None:
    settings.DNS_RESOLVERS = (f"127.0.0.1:{dns_world.resolver[1]}",)
    settings.DNS_AUTHORITY_PORT = dns_world.authority[1]
    dns_world.set_zone("example.net", [*MASTER, 'key1._domainkey.mailer TXT "k=rsa; p=AAAA"'])
    with access.across_tenants():
        services.change_group(SYSTEM, account.group, campaign_dns_template="Own keys")
        account.group.refresh_from_db()
        walker = Walker(account, dns_world, seed)
        way: list[str] = []
        for _ in range(STEPS):
            way.append(walker.step())
            assert not broken(walker.row), way

        if walker.row.status == "deleted":
            walker.add()
        if walker.row.status == "suspended":
            domains.unsuspend(SYSTEM, walker.row)
        walker.publish()
        checking.verify(SYSTEM, walker.row)
        if walker.row.status == "disabled":
            domains.enable(SYSTEM, walker.row)
        assert (walker.row.status, broken(walker.row)) == ("enabled", []), way
