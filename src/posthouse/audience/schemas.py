"""The bodies of the audience's requests and answers; ids are public ids, times UTC."""

from datetime import datetime

from ninja import Schema
from pydantic import ConfigDict, Field

from posthouse.http.problems import Problem
from posthouse.http.text import SafeText

ERRORS = {401: Problem, 403: Problem, 404: Problem, 409: Problem, 422: Problem, 429: Problem}
PAGE_ERRORS = ERRORS | {400: Problem}

FieldValue = bool | int | float | SafeText | None
_ADDRESS = Field(max_length=400, examples=["anna@example.com"])


class Strict(Schema):
    """A body whose unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class ListNew(Strict):
    """A list to create."""

    name: SafeText = Field(max_length=400, examples=["Newsletter"])
    sender_name: SafeText = ""
    sender_address: SafeText = ""


class ListChange(Strict):
    """What to change; what is not named stays."""

    name: SafeText | None = None
    sender_name: SafeText | None = None
    sender_address: SafeText | None = None


class ListOut(Schema):
    """A list, and how many people are on it."""

    id: str
    name: str
    sender_name: str
    sender_address: str
    subscribed: int
    unsubscribed: int
    created_at: datetime


class ListPage(Schema):
    """Some lists, newest first; ``next`` is the cursor of the page after it, or empty."""

    items: list[ListOut]
    next: str


class FieldNew(Strict):
    """A custom field to create; without a key one is made from the label."""

    label: SafeText = Field(max_length=400, examples=["First name"])
    key: SafeText = Field(default="", max_length=400, examples=["first_name"])
    kind: SafeText = Field(default="text", description="text, number, date or yes-no")


class FieldChange(Strict):
    """Another label."""

    label: SafeText = Field(max_length=400)


class FieldOut(Schema):
    """A custom field; ``key`` is what stands in messages and in ``fields``."""

    id: str
    key: str
    label: str
    kind: str


class SubscriberSave(Strict):
    """A person by address: created, or if known, the named fields filled. Null clears a field."""

    address: SafeText = _ADDRESS
    fields: dict[SafeText, FieldValue] = Field(default={}, examples=[{"first_name": "Anna"}])


class SubscriberChange(Strict):
    """Fields to set; those not named stay, null clears one."""

    fields: dict[SafeText, FieldValue]


class SubscriberOut(Schema):
    """A person; ``suppressed``: gets no mail at all from the account."""

    id: str
    address: str
    fields: dict[str, FieldValue]
    suppressed: bool
    created_at: datetime


class SubscriberPage(Schema):
    """Some people, newest first; ``next`` is the cursor of the page after it, or empty."""

    items: list[SubscriberOut]
    next: str


class MembershipNew(SubscriberSave):
    """A person to put on a list. Who left it comes back only with ``asked_again``."""

    consent: SafeText = Field(default="", max_length=400, examples=["Order form, 3 May"])
    asked_again: bool = False


class MembershipOut(Schema):
    """A person's standing in a list: subscribed or unsubscribed, since when, where from."""

    list: str
    list_name: str
    subscriber: str
    address: str
    status: str
    source: str
    consent: dict[str, str]
    changed_at: datetime


class MembershipPage(Schema):
    """Some memberships, newest first; ``next`` is the cursor of the page after it, or empty."""

    items: list[MembershipOut]
    next: str


class SuppressionNew(Strict):
    """An address that the account must not mail."""

    address: SafeText = _ADDRESS


class SuppressionOut(Schema):
    """An address that gets no mail from the account, or none of one list."""

    id: str
    address: str
    reason: str
    list: str | None
    created_at: datetime


class SuppressionPage(Schema):
    """Some suppressions, newest first; ``next`` is the cursor of the page after it, or empty."""

    items: list[SuppressionOut]
    next: str


class ImportNew(Strict):
    """Where the people of the file go: a list by its id, or a new one by its name."""

    list: SafeText = ""
    new_list: SafeText = ""
    consent: SafeText = Field(default="", max_length=400, examples=["Shop checkout, box ticked"])


class ImportOut(Schema):
    """An import and how far it is. Of the rows read, each was added, updated or rejected;
    ``kept_out`` counts those of people who left the list or are suppressed, and stay so."""

    id: str
    file_name: str
    state: str
    problem: str
    list: str | None
    consent_source: str
    bytes_total: int
    bytes_read: int
    rows_read: int
    added: int
    updated: int
    rejected: int
    kept_out: int
    created_at: datetime
    finished_at: datetime | None


class ImportPage(Schema):
    """Some imports, newest first; ``next`` is the cursor of the page after it, or empty."""

    items: list[ImportOut]
    next: str
