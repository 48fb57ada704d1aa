"""What a group puts around its accounts' messages: read for composition, kept after judging it."""

from dataclasses import asdict
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from posthouse.accounts import audit
from posthouse.accounts.actors import Actor
from posthouse.accounts.models import UserGroup
from posthouse.accounts.permissions import demand_operator
from posthouse.content.models import GroupFrame
from posthouse.content.parts import body, cleaned, line
from posthouse.core.composition.compile import compile_message
from posthouse.core.composition.content import CompositionRefused, Content, Sender
from posthouse.core.composition.frame import ALLOWED_NAMES, Frame

_LONGEST: Final = 50_000  # characters of a header or footer: it is in every message
_LONGEST_LINE: Final = 200
_ANYBODY: Final = Sender("", "anybody@example.com", None, "example.com")
_RULES: Final = {
    **dict.fromkeys(("html_header", "html_footer", "text_header", "text_footer"), body),
    "x_mailer": lambda text: line(text, _LONGEST_LINE),
}


def frame_of(group_id: int) -> Frame:
    """The group's frame; an empty one where nothing was ever set."""
    row = GroupFrame.objects.filter(group_id=group_id).first()
    if row is None:
        return Frame()
    headers = tuple((name, value) for name, value in row.headers)
    return Frame(**{name: getattr(row, name) for name in _RULES}, headers=headers)


@transaction.atomic
def change_frame(actor: Actor, group: UserGroup, *, headers: str = "", **values: str) -> Frame:
    """Keeps a group's whole frame; ``headers`` has a line ``Name: value`` for each.

    Raises ValidationError by field: too long, a name that is not allowed, merge tags that cannot
    be read. Mail that engines claim from now on has it.
    """
    demand_operator(actor)
    frame = _judged(headers, values)
    before = asdict(frame_of(group.pk))
    if (after := asdict(frame)) == before:
        return frame
    GroupFrame.objects.update_or_create(group=group, defaults=after)
    changed = {name for name in after if after[name] != before[name]}
    audit.record(
        actor,
        "group.frame",
        group,
        before={name: before[name] for name in sorted(changed)},
        after={name: after[name] for name in sorted(changed)},
    )
    return frame


def _judged(headers: str, values: dict[str, str]) -> Frame:
    wrong: dict[str, Any] = {}
    kept: dict[str, str] = {}
    try:
        kept = cleaned({name: values.get(name, "") for name in _RULES}, _RULES)
    except ValidationError as refused:
        wrong |= refused.message_dict
    for name, text in kept.items():
        if sentence := _objection(name, text):
            wrong[name] = [sentence]
    try:
        pairs = _pairs(headers)
    except ValidationError as refused:
        wrong["headers"] = refused.messages
    if wrong:
        raise ValidationError(wrong)
    return Frame(**kept, headers=pairs)


def _objection(name: str, text: str) -> str:
    """What keeps it from standing in a message, on its own: merge tags end where they begin."""
    if len(text) > _LONGEST:
        return f"This has {len(text):,} characters; {_LONGEST:,} is the limit."
    if not text:
        return ""
    if name == "x_mailer":
        return _refusal(Content("x", None, "x"), ("X-Mailer", text))
    html = name.startswith("html")
    return _refusal(Content("x", text if html else None, "x" if html else text))


def _pairs(headers: str) -> tuple[tuple[str, str], ...]:
    """Each typed line as a pair, with the name as it is usually written."""
    pairs: dict[str, str] = {}
    for typed in headers.splitlines():
        if not typed.strip():
            continue
        given, colon, value = typed.partition(":")
        name = ALLOWED_NAMES.get(given.strip().lower(), "")
        if not colon or not name:
            raise ValidationError(
                f"“{given.strip()[:60]}” is not a header that can be added here. Allowed: "
                f"{', '.join(ALLOWED_NAMES.values())}."
            )
        if name in pairs:
            raise ValidationError(f"{name} stands here twice; a message has it once.")
        pairs[name] = line(value, _LONGEST_LINE)
        if sentence := _refusal(Content("x", None, "x"), (name, pairs[name])):
            raise ValidationError(f"{name}: {sentence}")
    return tuple(pairs.items())


def _refusal(content: Content, *headers: tuple[str, str]) -> str:
    try:
        compile_message(content, _ANYBODY, extra_headers=headers)
    except CompositionRefused as refused:
        return str(refused)
    return ""
