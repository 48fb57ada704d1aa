"""What the API says of campaigns and what it takes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from ninja import Schema
from pydantic import ConfigDict, Field

from posthouse.campaigns.models import Campaign, CampaignTest
from posthouse.campaigns.progress import counts_of
from posthouse.core.verification.evidence import Outlook
from posthouse.core.verification.forecast import Forecast
from posthouse.deliveries.models import Attempt, Delivery
from posthouse.http.text import SafeText


class CampaignLine(Schema):
    """A campaign in a list. ``counts`` are recipients by delivery state."""

    id: str
    name: str
    state: str
    reason: str
    revision: int
    from_name: str
    from_local: str
    sender_domain: str | None
    from_address: str
    reply_to: str
    goes_on_by_itself: bool
    subject: str
    preheader: str
    lists: list[str]
    expected: int
    counts: Mapping[str, int]
    created_at: datetime
    queued_at: datetime | None
    finished_at: datetime | None


class CampaignOut(CampaignLine):
    """A campaign with its content."""

    html: str
    text: str


class CampaignPage(Schema):
    """Some campaigns, newest first; ``next`` is the cursor of the page after it, or empty."""

    items: list[CampaignLine]
    next: str


class _Strict(Schema):
    model_config = ConfigDict(extra="forbid")


class _Written(_Strict):
    """What both a new campaign and a change may name."""

    from_name: SafeText = ""
    from_local: SafeText = Field(default="", description="With sender domain management.")
    sender_domain: str | None = Field(default=None, description="Id of an Enabled sender domain.")
    from_address: SafeText = Field(default="", description="Without sender domain management.")
    reply_to: SafeText = ""
    goes_on_by_itself: bool = Field(
        default=True, description="Held at a limit of the account, it goes on when there is room."
    )
    subject: SafeText = ""
    preheader: SafeText = ""
    html: SafeText = ""
    text: SafeText = Field(default="", description="Empty: made from the HTML.")
    lists: list[str] = Field(default=[], max_length=1000, description="Ids of lists.")


class CampaignNew(_Written):
    """A new draft; gaps can be filled later."""

    name: SafeText = Field(examples=["Spring"])


class CampaignChange(_Written):
    """What to change; what is not named stays."""

    name: SafeText = ""
    revision: int | None = Field(default=None, description="Refuse if it is another by now.")


class Sending(_Strict):
    """What the caller knows of what is sent."""

    revision: int | None = Field(default=None, description="Refuse if it is another by now.")


class TestNew(_Strict):
    """Who gets a test message."""

    __test__ = False

    addresses: list[SafeText] = Field(examples=[["you@example.com"]])
    as_subscriber: str | None = Field(
        default=None, description="Whose values are filled in; else the first recipient's."
    )


class MechanismOut(Schema):
    """What receivers will make of SPF, DKIM or DMARC: ``passes``, ``fails`` or ``unknown``.

    ``aligned`` is whether it counts for DMARC (null: not known), ``as_of`` the time of the oldest
    DNS check that this rests on (null: there is none).
    """

    outlook: Outlook
    domain: str
    aligned: bool | None
    sentence: str
    next_step: str
    as_of: datetime | None


class ForecastOut(Schema):
    """The three together; ``policy`` is what the From domain's DMARC policy asks for, if known."""

    spf: MechanismOut
    dkim: MechanismOut
    dmarc: MechanismOut
    policy: str


class DeliveryOut(Schema):
    """One message to one person."""

    id: str
    address: str
    state: str
    said: str
    attempts: int
    next_attempt_at: datetime | None


class DeliveryPage(Schema):
    """Some deliveries, newest first; ``next`` is the cursor of the page after it, or empty."""

    items: list[DeliveryOut]
    next: str


class AttemptOut(Schema):
    """One try, and what the server said."""

    at: datetime
    result: str
    stage: str
    code: int
    enhanced: str
    text: str


class DeliveryStory(DeliveryOut):
    """A delivery with its attempts, oldest first."""

    story: list[AttemptOut]


class TestOut(Schema):
    """A test under way."""

    __test__ = False

    id: str
    filled_in_as: str
    deliveries: list[DeliveryOut]


def campaign_out(row: Campaign) -> CampaignOut:
    """A campaign with its content and counts."""
    content = row.content
    return CampaignOut(**campaign_line(row).model_dump(), html=content.html, text=content.text)


def campaign_line(row: Campaign) -> CampaignLine:
    """A campaign in a list."""
    return CampaignLine(
        id=row.public_id,
        name=row.name,
        state=row.shown_state,
        reason=row.reason,
        revision=row.revision,
        from_name=row.from_name,
        from_local=row.from_local,
        sender_domain=row.sender_domain.public_id if row.sender_domain else None,
        from_address=row.from_address,
        reply_to=row.reply_to,
        goes_on_by_itself=row.goes_on_by_itself,
        subject=row.content.subject,
        preheader=row.content.preheader,
        lists=[one.public_id for one in row.lists.all()],
        expected=row.expected,
        counts=counts_of(row.dispatch),
        created_at=row.created_at,
        queued_at=row.queued_at,
        finished_at=row.finished_at,
    )


def delivery_out(row: Delivery) -> DeliveryOut:
    """A delivery in a list."""
    return DeliveryOut(
        id=row.public_id,
        address=row.address,
        state=row.state,
        said=row.said,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
    )


def story_out(row: Delivery, attempts: Sequence[Attempt]) -> DeliveryStory:
    """A delivery and what became of it."""
    told = [
        AttemptOut(
            at=attempt.at,
            result=attempt.result,
            stage=attempt.stage,
            code=attempt.code,
            enhanced=attempt.enhanced,
            text=attempt.text,
        )
        for attempt in attempts
    ]
    return DeliveryStory(**delivery_out(row).model_dump(), story=told)


def forecast_out(found: Forecast) -> ForecastOut:
    """A forecast as it is; pages and the command line tell the same sentences."""
    return ForecastOut.model_validate(asdict(found))


def test_out(test: CampaignTest) -> TestOut:
    """A test message and where it goes."""
    rows = Delivery.objects.filter(dispatch=test.dispatch).order_by("pk")
    return TestOut(
        id=test.public_id,
        filled_in_as=test.filled_in_as,
        deliveries=[delivery_out(row) for row in rows],
    )
