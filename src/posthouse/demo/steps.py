"""The seven steps of the set-up walkthrough, through the same services as the web pages."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from posthouse.accounts import access, actors, people
from posthouse.accounts import services as accounts
from posthouse.accounts.actors import SYSTEM, Actor
from posthouse.accounts.dns_configuration import configuration
from posthouse.accounts.models import Account, Membership, Role, User, UserGroup
from posthouse.audience import imports
from posthouse.audience.models import Import
from posthouse.campaigns import services as campaigns
from posthouse.campaigns.models import Campaign
from posthouse.core.channels import Channel
from posthouse.deliveries.models import Dispatch, Engine
from posthouse.demo import newsletter, sender_domains
from posthouse.demo.mistakes import TO_BE_LEFT, TO_BE_MENDED
from posthouse.demo.samples import write_subscribers_csv
from posthouse.demo.telling import Teller
from posthouse.demo.world import (
    MASTER,
    SENDER_DOMAIN,
    SMTP_LOGIN,
    UNFINISHED_DOMAIN,
    World,
)
from posthouse.domains import master
from posthouse.domains import queries as domain_queries
from posthouse.domains.models import SenderDomain
from posthouse.servers import services as servers
from posthouse.servers import testing
from posthouse.servers.models import DeliveryServer

PASSWORD = "posthouse-demo"
OPERATOR_ADDRESS, OWNER_ADDRESS = "operator@example.com", "owner@example.com"
_HANGING = 120  # seconds without any progress


class StepFailed(Exception):
    """A step did not come to its end; the text says what was expected and what came."""


@dataclass
class Scene:
    """What the steps have made so far."""

    world: World
    recipients: int
    teller: Teller
    operator: User
    owner: User | None = None
    group: UserGroup | None = None
    account: Account | None = None
    server: DeliveryServer | None = None
    unfinished: SenderDomain | None = None
    campaign: Campaign | None = None
    seconds_sending: float = field(default=0.0)

    def acting(self) -> tuple[Actor, Account]:
        """The owner of the demo's account, and the account."""
        assert self.account is not None
        membership = Membership.objects.select_related("user").get(account=self.account)
        return actors.member(membership), self.account


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the walkthrough; ``take`` says in a sentence what it did."""

    title: str
    take: Callable[[Scene], str]


def dns_template(scene: Scene) -> str:
    """1. Which records a sender domain must publish: the operator's file."""
    found = configuration().campaign
    return f"{settings.DNS_CONFIG.name} has {', '.join(found)}; “Default” is taken."


def dns_settings(scene: Scene) -> str:
    """2. What the operator's own domain publishes, for accounts to inherit; looked up in DNS."""
    findings = master.check(actors.operator(scene.operator)).findings
    wrong = [each["sentence"] for each in findings if each["state"] != "ok"]
    if wrong:
        raise StepFailed(" ".join(wrong))
    return f"{MASTER} has SPF, DKIM, DMARC, MX and PTR; all {len(findings)} findings are fine."


def delivery_server(scene: Scene) -> str:
    """3. The relay, with TLS and a password, tested by really speaking SMTP."""
    world = scene.world
    server = servers.create(
        actors.operator(scene.operator),
        name="Demo relay",
        host="127.0.0.1",
        port=world.smtp_port,
        encryption=DeliveryServer.Encryption.STARTTLS,
        certificate_authority=world.authority,
        authentication=True,
        username=SMTP_LOGIN,
        password=world.smtp_password,
        link_tracking_domain=f"track.{MASTER}",
        open_tracking_domain=f"track.{MASTER}",
        mfrom_domain=MASTER,
        signing=DeliveryServer.Signing.HERE,
    )
    report = testing.test(actors.operator(scene.operator), server)
    if not report.ok:
        raise StepFailed(f"The test failed: {report.steps[-1].words}")
    scene.server = server
    return f"127.0.0.1:{world.smtp_port}, {len(report.steps)} test steps passed."


def user_group(scene: Scene) -> str:
    """4. A group that sends its marketing mail through it, and an account in the group."""
    actor = actors.operator(scene.operator)
    scene.group = accounts.create_group(actor, name="Agencies", campaign_dns_template="Default")
    assert scene.server is not None
    servers.allocate(actor, scene.server, Channel.MARKETING, scene.group)
    scene.account = accounts.create_account(actor, name="Harbour Books", group=scene.group)
    scene.owner = people.create_user(
        actor, email=OWNER_ADDRESS, name="Olive Owner", password=PASSWORD
    )
    people.add_member(actor, scene.account, scene.owner, Role.OWNER)
    return "“Agencies” sends through Demo relay; the account “Harbour Books” is in it."


def sender_domain(scene: Scene) -> str:
    """5. The account's domain: published with mistakes, explained, mended, verified by look-ups."""
    actor, account = scene.acting()
    zones = scene.world.zones
    with access.tenant(account):
        domain = sender_domains.add_with_mistakes(
            actor, account, SENDER_DOMAIN, zones, TO_BE_MENDED
        )
        scene.teller.say(
            f"{domain.name} is added, and its records are published as people do it:"
            f" {len(TO_BE_MENDED)} of them with a mistake."
        )
        _show_the_doctors_words(scene, domain, len(TO_BE_MENDED))
        domain = sender_domains.mend(actor, domain, zones, TO_BE_MENDED)
        if wrong := sender_domains.failing(domain):
            raise StepFailed(f"{domain.name} is {domain.status}: {wrong[0].finding}")
        other = sender_domains.add_with_mistakes(
            actor, account, UNFINISHED_DOMAIN, zones, TO_BE_LEFT
        )
        scene.unfinished = other
        total = domain.records.count()
    return (
        f"Mended and verified again: {total} of {total} records are right, {domain.name} is"
        f" {domain.get_status_display()}. {other.name} keeps its mistakes, to be looked at."
    )


def _show_the_doctors_words(scene: Scene, domain: SenderDomain, mistakes: int) -> None:
    """What the domain's page says now; the doctor must have found each mistake, and no other."""
    failing, total = sender_domains.failing(domain), domain.records.count()
    if domain.status != SenderDomain.Status.PENDING or len(failing) != mistakes:
        raise StepFailed(f"{domain.name} is {domain.status} with {len(failing)} records wrong.")
    scene.teller.say(
        f"Verified: {total - mistakes} of {total} records are right, {domain.name} is"
        f" {domain.get_status_display()}. The DNS doctor says:"
    )
    scene.teller.findings(failing)


def send_engine(scene: Scene) -> str:
    """6. An engine and the housekeeping worker, as processes of their own."""
    scene.world.posthouse("worker", "worker")
    scene.world.posthouse("engine-1", "engine", "--name", "engine-1")
    for _ in _patiently(scene):
        engine = Engine.objects.filter(state=Engine.State.RUNNING).first()
        if engine:
            return f"{engine.name} works as process {engine.pid}."
    raise StepFailed("No engine has shown itself.")


def campaign(scene: Scene) -> str:
    """7. Subscribers imported from a CSV file, a newsletter written, sent, and followed."""
    actor, account = scene.acting()
    imported = _import(scene, actor, account)
    with access.tenant(account):
        row = campaigns.create(
            actor,
            account,
            name="Autumn newsletter",
            from_name="Harbour Books",
            from_local="news",
            sender_domain=domain_queries.enabled().get(),
            subject=newsletter.SUBJECT,
            preheader=newsletter.PREHEADER,
            html=newsletter.HTML,
            lists=[imported.list],
        )
        scene.campaign = row = campaigns.send_now(actor, row)
        assert row.dispatch_id is not None
        began = time.monotonic()
        dispatch = _follow(scene, row.dispatch_id)
        scene.seconds_sending = time.monotonic() - began
        row.refresh_from_db()
    return f"“{row.name}” is {row.get_state_display()}: {dispatch.accepted:,} accepted."


STEPS: tuple[Step, ...] = (
    Step("DNS template", dns_template),
    Step("DNS settings", dns_settings),
    Step("Delivery server", delivery_server),
    Step("User group", user_group),
    Step("Sender domain", sender_domain),
    Step("Send engine", send_engine),
    Step("Campaign", campaign),
)


def make_operator() -> User:
    """Who sets the demo up."""
    return people.create_user(
        SYSTEM, email=OPERATOR_ADDRESS, name="Otto Operator", password=PASSWORD, is_operator=True
    )


def _import(scene: Scene, actor: Actor, account: Account) -> Import:
    file = scene.world.home / "subscribers.csv"
    write_subscribers_csv(file, scene.recipients, seed=7, bad_rows=0)
    with access.tenant(account):
        row = imports.receive(actor, account, file.name, [Path(file).read_bytes()])
        claim = imports.new_claim()
        row = imports.start(actor, row, into="Readers", consent="sample data", claim=claim)
        return imports.run_here(
            row, lambda now: scene.teller.progress(now.rows_read, scene.recipients)
        )


def _follow(scene: Scene, dispatch_id: int) -> Dispatch:
    """Waits until the campaign is Sent, showing how far it is."""
    for _ in _patiently(scene, lambda: Dispatch.objects.get(pk=dispatch_id).accepted):
        dispatch = Dispatch.objects.get(pk=dispatch_id)
        scene.teller.progress(dispatch.accepted, scene.recipients)
        if dispatch.state in {Dispatch.State.PAUSED, Dispatch.State.CANCELLED}:
            raise StepFailed(f"The campaign was paused: {dispatch.reason}")
        if Campaign.objects.filter(dispatch=dispatch_id, state=Campaign.State.SENT).exists():
            return dispatch
    raise StepFailed("The campaign makes no progress.")


def _patiently(scene: Scene, progress: Callable[[], int] = lambda: 0) -> Iterator[None]:
    """Looks again and again, until nothing has moved for two minutes."""
    last, since = progress(), time.monotonic()
    while time.monotonic() - since < _HANGING:
        yield
        scene.world.parts.demand_alive()
        time.sleep(0.1)
        if (now := progress()) != last:
            last, since = now, time.monotonic()
