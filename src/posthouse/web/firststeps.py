"""What is missing for a first send, in the order in which it is best done."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from posthouse.accounts.models import Account
from posthouse.web.queries import Installed, Readiness


@dataclass(frozen=True, slots=True)
class Plan:
    """A step as it is planned: ``fact`` names what must be true (or above 0) for it to be done."""

    fact: str
    title: str
    why: str
    address: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A step as one account or installation sees it; the ``current`` one is the next to do."""

    title: str
    why: str
    url: str
    action: str
    done: bool
    current: bool


DOMAIN = (
    Plan(
        "domains",
        "Add a sender domain",
        "Campaigns are sent from it, for example mail.example.com.",
        "domains:add",
        "Add a domain",
    ),
    Plan(
        "enabled",
        "Publish its DNS records and verify",
        "Receivers then see that the mail is yours.",
        "domains:list",
        "Show the records",
    ),
)
CAMPAIGN = (
    Plan(
        "subscribers",
        "Bring in your subscribers",
        "Import a CSV file into a list, or add people one by one.",
        "audience:lists",
        "Open the lists",
    ),
    Plan(
        "campaigns",
        "Write a campaign",
        "Choose who it is from and who gets it, and send yourself a test.",
        "campaigns:create",
        "New campaign",
    ),
    Plan("sent", "Send it", "Its page shows the progress.", "campaigns:list", "Open the campaigns"),
)
INSTALLATION = (
    Plan(
        "servers",
        "Set up a delivery server",
        "The SMTP relay that mail leaves through.",
        "operator-servers:new",
        "New delivery server",
    ),
    Plan(
        "tested",
        "Test its connection",
        "Connect, TLS, sign-in: the test says which step fails, and why.",
        "operator-servers:list",
        "Open the servers",
    ),
    Plan(
        "groups",
        "Create a user group",
        "Accounts inherit its delivery servers, DNS template and limits.",
        "operator-accounts:new-group",
        "New user group",
    ),
    Plan(
        "routed",
        "Choose the group's delivery server",
        "Without one for marketing, its campaigns have no way out.",
        "operator-accounts:groups",
        "Open the groups",
    ),
    Plan(
        "accounts",
        "Create an account",
        "Its owner is mailed a link to sign in.",
        "operator-accounts:new-account",
        "New account",
    ),
    Plan(
        "engines",
        "Start a send engine",
        "On the server, “./run up” starts everything, one engine with it.",
    ),
    Plan("sent", "Send the first campaign", "In the account's own area, by its people."),
)


def of_account(account: Account, ready: Readiness) -> list[Step]:
    """The account's steps; none once a campaign was sent."""
    plans = (*DOMAIN, *CAMPAIGN) if ready.needs_domain else CAMPAIGN
    return [] if ready.sent else _steps(plans, ready, [account.slug])


def of_installation(has: Installed) -> list[Step]:
    """The operator's steps; none once a message was accepted by a server."""
    return [] if has.sent else _steps(INSTALLATION, has, [])


def _steps(plans: Iterable[Plan], facts: object, arguments: list[str]) -> list[Step]:
    steps: list[Step] = []
    for plan in plans:
        done = bool(getattr(facts, plan.fact))
        current = not done and all(step.done for step in steps)
        url = reverse(plan.address, args=arguments) if plan.address else ""
        steps.append(Step(plan.title, plan.why, url, plan.action, done, current))
    return steps
