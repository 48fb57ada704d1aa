"""Tells in sentences what people and Posthouse did to a sender domain, from the audit trail."""

from collections.abc import Callable, Mapping
from typing import Any

from posthouse.accounts.models import AuditRecord
from posthouse.domains.models import DomainCheck, SenderDomain

_STATUS = dict(SenderDomain.Status.choices)
_RESULT = dict(DomainCheck.Result.choices)
_SETTINGS = {
    "subdomain": "return-path label",
    "track_prefix": "tracking prefix",
    "tracking_subdomain": "tracking host of its own",
}
_SWITCH = {True: "on", False: "off", "": "the installation's", None: "the installation's"}


def told(record: AuditRecord) -> str:
    """One sentence; a verb that this table does not know is told by its own words and values."""
    sentence = _SENTENCES.get(record.verb)
    return sentence(record.before, record.after) if sentence else _unknown(record)


Values = Mapping[str, Any]


def _added(before: Values, after: Values) -> str:
    return f"Added, with the DNS template {after.get('template', '')}."


def _changed(before: Values, after: Values) -> str:
    parts = [
        f"{_SETTINGS.get(name, name.replace('_', ' '))} from {_plain(before.get(name))} to"
        f" {_plain(value)}"
        for name, value in after.items()
    ]
    return f"Changed {'; '.join(parts)}. The records were made anew."


def _checked(before: Values, after: Values) -> str:
    result = _RESULT.get(after.get("result", ""), "")
    moved = before.get("status") != after.get("status")
    status = _status(after)
    return f"Checked: {result.lower()}. {'It is' if moved else 'Still'} {status}{_now(moved)}."


def _suspended(before: Values, after: Values) -> str:
    reason = after.get("reason")
    return f"Suspended by the operator: {reason}" if reason else "Suspended by the operator."


def _of_keys(sentence: str, word: str) -> Callable[[Values, Values], str]:
    """Names the DKIM keys by their selectors."""
    return lambda before, after: sentence.format(" and ".join(after.get(word, ())))


def _became(words: str) -> Callable[[Values, Values], str]:
    return lambda before, after: f"{words}: it is {_status(after)} now."


def _unknown(record: AuditRecord) -> str:
    verb = record.verb.rpartition(".")[2].replace("-", " ").capitalize()
    values = [f"{name.replace('_', ' ')} {_plain(value)}" for name, value in record.after.items()]
    return f"{verb}: {', '.join(values)}." if values else f"{verb}."


def _status(values: Values) -> str:
    return str(_STATUS.get(values.get("status", ""), values.get("status", "")))


def _now(moved: bool) -> str:
    return " now" if moved else ""


def _plain(value: Any) -> str:
    return str(_SWITCH[value]) if isinstance(value, bool | None) or value == "" else str(value)


_SENTENCES: Mapping[str, Callable[[Values, Values], str]] = {
    "domain.add": _added,
    "domain.change": _changed,
    "domain.verify": _checked,
    "domain.disable": lambda before, after: "Disabled: nothing is sent from it.",
    "domain.enable": _became("Enabled again"),
    "domain.suspend": _suspended,
    "domain.unsuspend": _became("The operator lifted the suspension"),
    "domain.delete": lambda before, after: "Deleted.",
    "domain.give-way": lambda before, after: "Another account proved that the name is its own.",
    "domain.key-rotate": _of_keys("New DKIM keys wait for their records: {}.", "waiting"),
    "domain.key-call-off": _of_keys("The rotation was called off; dropped: {}.", "waiting"),
    "domain.key-sign": _of_keys("The DKIM keys {} sign now.", "signing"),
    "domain.key-drop": _of_keys("The retired DKIM key {} is destroyed.", "retired"),
    "domain.send-records": lambda before, after: f"Mailed the records to {after.get('to', '')}.",
}
