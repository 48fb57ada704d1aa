"""Says how mail of an account would leave now, and why so, in the words of the deciding steps."""

from dataclasses import dataclass
from enum import StrEnum

from posthouse.accounts.models import Account
from posthouse.core.channels import Channel
from posthouse.core.dns.names import normal_name
from posthouse.core.routing.badges import BADGES
from posthouse.deliveries import quotas
from posthouse.deliveries.clock import database_now
from posthouse.deliveries.models import Dispatch
from posthouse.deliveries.quotas import LimitReached
from posthouse.deliveries.route import (
    Route,
    RouteRefused,
    SenderChoice,
    ServerPaused,
    judge,
    sender_of,
)
from posthouse.domains.models import SenderDomain


class Ending(StrEnum):
    """What becomes of the mail."""

    LEAVES = "leaves"
    WAITS = "waits"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Explanation:
    """The same on the page, in the API and in a shell: steps in order, then what follows.

    Without a route (`ending` REFUSED) the last four names are empty.
    """

    ending: Ending
    conclusion: str
    reasons: tuple[str, ...]
    server: str = ""
    from_address: str = ""
    return_path: str = ""
    signature: str = ""

    @property
    def text(self) -> str:
        """The whole as plain lines."""
        steps = [f"{number}. {reason}" for number, reason in enumerate(self.reasons, 1)]
        return "\n".join([*steps, self.conclusion])


def explain(
    account: Account,
    channel: Channel,
    sender: SenderChoice,
    list_ids: list[int] | None = None,
    *,
    goes_on_by_itself: bool = True,
) -> Explanation:
    """What an engine would decide now about mail never tried before: it asks the same."""
    what = f"{BADGES[channel].name} mail"
    try:
        route = judge(account, channel, sender, list_ids or [])
        quotas.demand_room(account, database_now())
    except RouteRefused as refused:
        return Explanation(
            Ending.REFUSED, f"{what} does not leave. {refused.rest}", refused.reasons
        )
    except ServerPaused as paused:
        return _routed(Ending.WAITS, paused.route, f"{what} waits: {paused}")
    except LimitReached as reached:
        limit = reached.sentence(by_itself=goes_on_by_itself)
        return _routed(Ending.WAITS, route, f"{what} waits. {limit}")
    sentence = (
        f"{what} leaves through {route.server_name}, from {route.identity.from_address}, with the "
        f"return path {route.identity.mfrom}."
    )
    return _routed(Ending.LEAVES, route, sentence)


def explain_dispatch(dispatch: Dispatch) -> Explanation:
    """What an engine would decide now about the rest of a dispatch."""
    return explain(
        dispatch.account,
        Channel(dispatch.channel),
        sender_of(dispatch),
        dispatch.list_ids,
        goes_on_by_itself=dispatch.goes_on_by_itself,
    )


def sender_at(account: Account, address: str) -> SenderChoice:
    """The choice that a From address stands for: at a sender domain of the account, or free."""
    local, _, name = address.rpartition("@")
    if account.group.sender_domain_management:
        domain = (
            SenderDomain.objects.filter(account=account, name=normal_name(name))
            .exclude(status=SenderDomain.Status.DELETED)
            .first()
        )
        if domain:
            return SenderChoice(from_local=local, sender_domain=domain)
    return SenderChoice(from_address=address)


def _routed(ending: Ending, route: Route, conclusion: str) -> Explanation:
    return Explanation(
        ending=ending,
        conclusion=conclusion,
        reasons=(*route.reasons, signature := _signature(route)),
        server=route.server_name,
        from_address=route.identity.from_address,
        return_path=route.identity.mfrom,
        signature=signature,
    )


def _signature(route: Route) -> str:
    if not route.signs_here:
        return "The delivery server signs with DKIM, or nobody does."
    whose = "the sender domain's own" if route.own_keys else "the installation's"
    return f"Posthouse signs with DKIM for {route.signing_domain}, with {whose} key."
