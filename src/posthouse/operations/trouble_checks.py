"""What else can keep mail from leaving, or spoil how it arrives: the troubleshooting list."""

from collections.abc import Callable, Iterable, Sequence

from posthouse.accounts.models import UserGroup
from posthouse.core.channels import Channel
from posthouse.core.routing.quotas import Level
from posthouse.domains import queries as domains
from posthouse.domains.models import SenderDomain
from posthouse.operations.checks import Check, Mark, to
from posthouse.operations.facts import Facts, routed
from posthouse.servers import advice
from posthouse.servers.models import DeliveryServer
from posthouse.servers.queries import badges, routing_of_rows

MOST_OF_A_KIND = 5  # findings; the page behind them shows all
HIGH_DAILY_LIMIT = 100_000  # recipients a day that no new sender should begin with


def others(facts: Facts) -> list[Check]:
    """Each question's findings, or one line that says that there are none."""
    found: list[Check] = []
    for key, title, fine, url, question in _QUESTIONS:
        rows = list(question(facts))
        found += rows[:MOST_OF_A_KIND]
        if not rows and fine and (facts.in_use or url != "servers:list"):
            found.append(Check(key, title, Mark.FINE, fine, to(url)))
    return found


def _tests(facts: Facts) -> Iterable[Check]:
    says = {
        DeliveryServer.TestState.FAILED: (Mark.TROUBLE, "failed its last connection test"),
        DeliveryServer.TestState.NEVER: (Mark.ADVICE, "was never tested"),
    }
    for server in facts.in_use:
        if server.test_state in says:
            mark, what = says[DeliveryServer.TestState(server.test_state)]
            yield _server("server-test", server, mark, f"{server.name} {what}.", "test")


def _allocations(facts: Facts) -> Iterable[Check]:
    for server in facts.servers:
        used = bool(badges(server))
        if server.retired_at is not None and used:
            sentence = f"{server.name} is retired, but somebody is still routed through it."
            yield _server("server-use", server, Mark.TROUBLE, sentence, "use")
        elif server.retired_at is None and not used:
            sentence = f"{server.name} is Not Allocated: no group and no account sends through it."
            yield _server("server-use", server, Mark.ADVICE, sentence, "use")


def _pauses(facts: Facts) -> Iterable[Check]:
    for server in facts.in_use:
        if server.paused_until and server.paused_until > facts.now:
            sentence = f"Nothing leaves through {server.name}: {server.paused_reason}"
            yield _server("server-pause", server, Mark.TROUBLE, sentence, "edit")


def _signing(facts: Facts) -> Iterable[Check]:
    for server in facts.in_use:
        if server.signing == DeliveryServer.Signing.HERE and not facts.signs_with:
            sentence = (
                f"{server.name} leaves signing to Posthouse, which has no key: mail from domains "
                "without DKIM keys of their own cannot leave. Set POSTHOUSE_DKIM_PRIVATE_KEY, or "
                "let the delivery server sign."
            )
            yield _server("signing-key", server, Mark.TROUBLE, sentence, "edit")


def _encryption(facts: Facts) -> Iterable[Check]:
    for server in facts.in_use:
        for warning in advice.warnings_of(server):
            yield _server("encryption", server, Mark.ADVICE, f"{server.name}: {warning}", "edit")


def _routing(facts: Facts) -> Iterable[Check]:
    for group in facts.groups:
        if not group.accounts_count:  # type: ignore[attr-defined]
            continue
        if not routed(facts, group, Channel.MARKETING):
            sentence = (
                f"{group.name} has no delivery server in use for marketing: its accounts' "
                "campaigns pause, unless an account has a server of its own."
            )
            yield _group("group-routing", group, Mark.TROUBLE, sentence)
        for warning in advice.routing_warnings(routing_of_rows(group.allocations.all())):
            yield _group("one-server-for-all", group, Mark.ADVICE, f"{group.name}: {warning}")


def _templates(facts: Facts) -> Iterable[Check]:
    for group in facts.groups:
        missing = group.campaign_dns_template not in facts.campaign_templates
        if group.sender_domain_management and missing and facts.campaign_templates:
            sentence = (
                f"{group.name} names the DNS template “{group.campaign_dns_template}”, which is "
                "not in the file: its accounts can add no sender domains."
            )
            yield _group("group-template", group, Mark.TROUBLE, sentence)


def _limits(facts: Facts) -> Iterable[Check]:
    for group in facts.groups:
        unlimited = not (group.daily_limit or group.monthly_limit or group.lifetime_limit)
        if unlimited:
            what = "no sending limit at all"
        elif group.daily_limit > HIGH_DAILY_LIMIT:
            what = f"a daily limit of {group.daily_limit:,} recipients"
        else:
            continue
        sentence = (
            f"{group.name} has {what}: a new domain that sends so much at once is taken for spam. "
            "Begin low and raise it as its reputation grows."
        )
        url = to("deliveries:group-limits", group.public_id)
        yield Check("high-limits", "Limits", Mark.ADVICE, sentence, url, "Open the limits")


def _at_limits(facts: Facts) -> Iterable[Check]:
    for quota in facts.limits:
        over = quota.level == Level.EXCEEDED
        sentence = (
            f"{quota.account.name} has used {quota.used:,} of its {quota.kind} limit of "
            f"{quota.cap:,}{': its campaigns are held.' if over else '.'}"
        )
        mark = Mark.TROUBLE if over else Mark.ADVICE
        url = to("deliveries:account-limits", quota.account.public_id)
        yield Check("at-limit", "Accounts at their limits", mark, sentence, url, "Open the limits")


def _domains(facts: Facts) -> Iterable[Check]:
    url = to("domains:list")
    if broken := facts.domains.get(domains.BROKEN, 0):
        sentence = f"{broken:,} wrong or failing: mail from them may soon stop."
        yield Check(
            "domains-broken", "Sender domains", Mark.TROUBLE, sentence, f"{url}?state=broken"
        )
    if waiting := facts.domains.get(SenderDomain.Status.PENDING, 0):
        sentence = f"{waiting:,} in Approval Pending: their records are not all published."
        state = SenderDomain.Status.PENDING.value
        yield Check(
            "domains-pending", "Sender domains", Mark.ADVICE, sentence, f"{url}?state={state}"
        )


def _mail(facts: Facts) -> Iterable[Check]:
    if facts.mail_is_written_to:
        sentence = (
            f"Invitations and notices are not sent: they are written into "
            f"{facts.mail_is_written_to}. Set POSTHOUSE_SYSTEM_MAIL_URL."
        )
        yield Check("system-mail", "System mail", Mark.ADVICE, sentence, to("accounts:people"))
    if facts.mail_problem:
        sentence = f"System mail is not accepted; it is tried again. {facts.mail_problem}"
        yield Check("system-mail", "System mail", Mark.TROUBLE, sentence, to("accounts:people"))


def _engines(facts: Facts) -> Iterable[Check]:
    for line in facts.engines:
        if line.is_in_trouble:
            said = line.engine.last_error if line.works else "it has stopped answering."
            sentence = f"{line.engine.name}: {said}"
            url = to("operations:engines")
            yield Check("engine", "Send engines", Mark.TROUBLE, sentence, url, "Open the engines")


def _server(key: str, server: DeliveryServer, mark: Mark, sentence: str, page: str) -> Check:
    url = to(f"servers:{page}", server.public_id)
    return Check(key, "Delivery servers", mark, sentence, url, "Open the server")


def _group(key: str, group: UserGroup, mark: Mark, sentence: str) -> Check:
    url = to("accounts:group", group.public_id)
    return Check(key, "User groups", mark, sentence, url, "Open the group")


Question = Callable[[Facts], Iterable[Check]]
# Key, title, what is said when there is nothing to say (empty: nothing), the page, the question.
_QUESTIONS: Sequence[tuple[str, str, str, str, Question]] = (
    ("engine", "Send engines", "", "operations:engines", _engines),
    ("server-test", "Delivery servers", "", "servers:list", _tests),
    ("server-pause", "Delivery servers", "None is paused.", "servers:list", _pauses),
    ("server-use", "Delivery servers", "", "servers:list", _allocations),
    ("signing-key", "Signing", "No server waits for a key.", "servers:list", _signing),
    ("encryption", "Encryption", "TLS is on where mail leaves.", "servers:list", _encryption),
    ("group-routing", "User groups", "", "accounts:groups", _routing),
    ("group-template", "User groups", "", "accounts:groups", _templates),
    ("high-limits", "Limits", "", "accounts:groups", _limits),
    (
        "at-limit",
        "Accounts at their limits",
        "No account is near a limit.",
        "accounts:accounts",
        _at_limits,
    ),
    ("domains-broken", "Sender domains", "None waits or is broken.", "domains:list", _domains),
    ("system-mail", "System mail", "It is sent, and accepted.", "accounts:people", _mail),
)
