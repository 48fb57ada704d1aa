"""What is missing for a first send, in the order in which it is best done."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from posthouse.accounts.models import Account
from posthouse.web.queries import Readiness


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
    """A step as one account sees it; the ``current`` one is the next to do."""

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


def of_account(account: Account, ready: Readiness) -> list[Step]:
    """The account's steps; none once a campaign was sent."""
    plans = (*DOMAIN, *CAMPAIGN) if ready.needs_domain else CAMPAIGN
    return [] if ready.sent else _steps(plans, ready, [account.slug])


def _steps(plans: Iterable[Plan], facts: object, arguments: list[str]) -> list[Step]:
    steps: list[Step] = []
    for plan in plans:
        done = bool(getattr(facts, plan.fact))
        current = not done and all(step.done for step in steps)
        url = reverse(plan.address, args=arguments) if plan.address else ""
        steps.append(Step(plan.title, plan.why, url, plan.action, done, current))
    return steps
