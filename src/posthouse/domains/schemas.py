"""What the API tells and takes of sender domains."""

from datetime import date, datetime

from ninja import Schema
from pydantic import ConfigDict, Field

from posthouse.http.text import SafeText


class RecordOut(Schema):
    """A DNS record to publish, and what the last check found. ``relative_host`` is for forms that
    add the registered domain by themselves; ``required`` ones decide about the status.
    """

    host: str
    relative_host: str
    type: str
    value: str
    purpose: str
    required: bool
    state: str
    code: str
    sentence: str
    next_step: str
    seen: list[str]


class AdviceOut(Schema):
    """What is the matter, by a code that stays, and what to do next."""

    code: str
    sentence: str
    next_step: str


class DayOut(Schema):
    """How the checks of a day ended: verified, failed, could_not_check or none."""

    day: date
    result: str


class DomainRow(Schema):
    """A sender domain as lists show it; ``volume``: accepted by servers in the last seven days."""

    id: str
    name: str
    status: str
    suspension_reason: str
    mfrom_host: str
    tracking_host: str
    records_ok: int
    records_total: int
    volume: int
    health: list[DayOut]
    checked_at: datetime | None
    next_check_at: datetime | None
    verified_at: datetime | None
    failures_in_row: int
    warning: str


class DomainOut(DomainRow):
    """A sender domain with its records and the advice of the last check."""

    dns_provider: str
    advice: list[AdviceOut]
    records: list[RecordOut]


class DomainPage(Schema):
    """Some domains, newest first; ``next`` is the cursor of the page after it, or empty."""

    items: list[DomainRow]
    next: str


class DomainsVerified(Schema):
    """What one call made of the domains that wait; ``left``: how many it did not reach."""

    enabled: list[str]
    waiting: list[str]
    left: int


class CheckOut(Schema):
    """One check of a domain: how it ended, and the records that did not pass."""

    at: datetime
    by: str
    result: str
    status: str
    right: int
    total: int
    wrong: list[dict[str, str]]


class CheckPage(Schema):
    """Some checks, newest first; ``next`` is the cursor of the page after it, or empty."""

    items: list[CheckOut]
    next: str


class ChangeOut(Schema):
    """What somebody did to a domain; ``sentence`` is for people, ``verb`` for programs."""

    at: datetime
    by: str
    verb: str
    sentence: str


class ChangePage(Schema):
    """Some changes, newest first; ``next`` is the cursor of the page after it, or empty."""

    items: list[ChangeOut]
    next: str


class _Strict(Schema):
    model_config = ConfigDict(extra="forbid")


class DomainNew(_Strict):
    """The domain to add."""

    name: SafeText = Field(max_length=400, examples=["mail.example.com"])


class DomainChange(_Strict):
    """What to change; what is not named stays. Changed names make the records anew."""

    tracking_subdomain: bool | None = None
    subdomain: SafeText | None = Field(default=None, max_length=100)
    track_prefix: SafeText | None = Field(default=None, max_length=100)
