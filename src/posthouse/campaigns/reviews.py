"""Looks at a draft as the sending path would, and says what keeps it from being sent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError

from posthouse.accounts.models import Account
from posthouse.audience.models import SubscriberList
from posthouse.campaigns import queries
from posthouse.campaigns.models import Campaign
from posthouse.campaigns.queries import Audience
from posthouse.content.checks import Check, Weight, bare_fields, check_parts
from posthouse.content.parts import Parts
from posthouse.content.services import parts_of
from posthouse.core.channels import Channel
from posthouse.core.identity import IdentityRefused
from posthouse.core.verification.forecast import Forecast
from posthouse.deliveries.explaining import Explanation, explain, explain_dispatch
from posthouse.deliveries.forecasting import forecast_of
from posthouse.deliveries.route import Route, RouteRefused, SenderChoice, preview


@dataclass(frozen=True, slots=True)
class Draft:
    """What a campaign says, who says it, and to whom; saved, or as typed so far."""

    account: Account
    sender: SenderChoice
    parts: Parts
    lists: list[SubscriberList]


@dataclass(frozen=True, slots=True)
class Review:
    """What a person should know before sending; without a ``route`` there is no ``forecast``."""

    checks: tuple[Check, ...]
    audience: Audience
    route: Route | None
    forecast: Forecast | None

    @property
    def stops(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.weight is Weight.STOPS)


def draft_of(campaign: Campaign) -> Draft:
    """A saved campaign as a draft."""
    return Draft(
        account=campaign.account,
        sender=sender_of(campaign.account, campaign),
        parts=parts_of(campaign.content),
        lists=queries.lists_of(campaign),
    )


def sender_of(account: Account, campaign: Campaign) -> SenderChoice:
    """The chosen sender: split in two with sender domain management, else one free address."""
    managed = account.group.sender_domain_management
    return SenderChoice(
        from_name=campaign.from_name,
        from_local=campaign.from_local if managed else "",
        sender_domain=campaign.sender_domain if managed else None,
        from_address="" if managed else campaign.from_address,
        reply_to=campaign.reply_to,
    )


def route_of(draft: Draft) -> Route:
    """The way that the campaign would take now. Raises RouteRefused."""
    ids = [one.pk for one in draft.lists]
    return preview(draft.account, Channel.MARKETING, draft.sender, ids)


def explanation_of(campaign: Campaign) -> Explanation:
    """Step by step, which server and identity an engine would take for it now."""
    if campaign.dispatch:
        return explain_dispatch(campaign.dispatch)
    draft = draft_of(campaign)
    ids = [one.pk for one in draft.lists]
    return explain(draft.account, Channel.MARKETING, draft.sender, ids)


def review(draft: Draft, *, to_lists: bool = True) -> Review:
    """All checks of a draft; a test message needs no lists."""
    found, route = _way(draft)
    found += check_parts(draft.parts, queries.known_fields())
    audience = Audience()
    if to_lists:
        audience = queries.audience(draft.account, draft.lists)
        found += [*_whom(draft.lists, audience), *_gaps(draft)]
    outlook = forecast_of(draft.account, route) if route else None
    return Review(tuple(found), audience, route, outlook)


def forecast(draft: Draft) -> Forecast:
    """What receivers will make of it as things stand; raises ValidationError where none can leave.

    It keeps nothing from being sent: receivers differ, and some readers wait for the mail.
    """
    stops, route = _way(draft)
    if route is None:
        raise _by_field(stops)
    return forecast_of(draft.account, route)


def demand_sendable(reviewed: Review) -> None:
    """Raises ValidationError, by field, where something keeps the draft from being sent."""
    if reviewed.stops:
        raise _by_field(reviewed.stops)


def _by_field(stops: Sequence[Check]) -> ValidationError:
    fields: dict[str, list[str]] = {}
    for check in stops:
        fields.setdefault(check.field or "__all__", []).append(check.sentence)
    return ValidationError(fields)


def _way(draft: Draft) -> tuple[list[Check], Route | None]:
    """The route, or else what keeps the draft from having one."""
    stops = list(_from(draft))
    if stops:
        return stops, None
    try:
        return [], route_of(draft)
    except RouteRefused as refused:
        return [Check(_field_of(draft, refused), Weight.STOPS, str(refused))], None


def _from(draft: Draft) -> Iterator[Check]:
    sender = draft.sender
    if not draft.account.group.sender_domain_management:
        if not sender.from_address:
            yield Check("from_address", Weight.STOPS, "Enter the From address.")
        return
    if not sender.from_local:
        sentence = "Enter what stands before the @ of the From address, for example news."
        yield Check("from_local", Weight.STOPS, sentence)
    if sender.sender_domain is None:
        sentence = "Choose the sender domain that this campaign comes from."
        yield Check("sender_domain", Weight.STOPS, sentence)


def _field_of(draft: Draft, refused: RouteRefused) -> str:
    """Identity is a matter of From; servers are the operator's, and have no field here."""
    if not isinstance(refused.__cause__, IdentityRefused):
        return ""
    return "sender_domain" if draft.account.group.sender_domain_management else "from_address"


def _whom(lists: Sequence[SubscriberList], audience: Audience) -> Iterator[Check]:
    if not lists:
        yield Check("lists", Weight.STOPS, "Choose at least one list.")
    elif not audience.members:
        sentence = "Nobody is subscribed to the chosen lists. Import or add subscribers first."
        yield Check("lists", Weight.STOPS, sentence)
    elif not audience.recipients:
        sentence = f"All {audience.members:,} people of the chosen lists are suppressed."
        yield Check("lists", Weight.STOPS, sentence)
    elif audience.suppressed:
        sentence = (
            f"{audience.suppressed:,} of {audience.members:,} people are suppressed and will be "
            "left out."
        )
        yield Check("lists", Weight.FINE, sentence)


def _gaps(draft: Draft) -> Iterator[Check]:
    known = queries.known_fields()
    keys = [key for key in bare_fields(draft.parts) if key in known]
    if not draft.lists or not keys:
        return
    without, looked_at = queries.gaps(draft.lists, keys)
    for key, count in without.items():
        if count:
            sentence = (
                f"“{key}” is empty for {count:,} of {looked_at:,} people. "
                f'Give it a default: {{{{ {key} | default: "friend" }}}}.'
            )
            yield Check("html", Weight.ADVICE, sentence)
