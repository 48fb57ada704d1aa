"""Reads the template file's text, and says on which line it is wrong and why."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields

from posthouse.core.dns import own_keys
from posthouse.core.dns.clashes import first_clash
from posthouse.core.dns.errors import (
    DnsError,
    DuplicateTemplate,
    KeyMissing,
    KeyUnknown,
    PatternMalformed,
    PatternsClash,
    PlaceholderUnknown,
    RecordTypeUnknown,
    TemplateError,
    TomlSyntaxWrong,
)
from posthouse.core.dns.own_keys import SAMPLE_KEYS
from posthouse.core.dns.records import Record, RecordType
from posthouse.core.dns.templates import (
    PLACEHOLDERS,
    PURPOSES,
    DnsConfiguration,
    RecordPattern,
    SystemDns,
    Template,
    generate,
)
from posthouse.core.dns.toml_lines import Path, TomlLines, find_lines

_SECTIONS = ("campaign", "gateway", "system")
_RECORD_KEYS = ("host", "type", "value", "purpose")

MOST_RECORDS = 100  # of one template: all of them are looked up within ten seconds

# What a person may have meant as a placeholder: braces, or a capitalised name in underscores.
_LIKE_PLACEHOLDER = re.compile(r"\{[^{}]*\}?|\}|_[A-Z][a-z]+[A-Za-z]*_|(?i:_SenderDomain\w*)")

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?")

# Stands for any domain when a template is tried out.
_SAMPLE = {
    "domain": "example.com",
    "subdomain": "sl",
    "track_prefix": "track",
    "track_merge": "-",
    "random": "abcdefghij",
    "ownership_hash": "c2FtcGxl",
}


def parse(text: str) -> DnsConfiguration:
    """The configuration in `text` (TOML); a TemplateError carries the line and the reason."""
    document = _document(text)
    lines = find_lines(text)
    _refuse_unknown(document, _SECTIONS, 1, "the file")
    return DnsConfiguration(
        campaign=_templates(document, "campaign", lines),
        gateway=_templates(document, "gateway", lines),
        system=_system(document.get("system"), lines),
    )


def _document(text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(text, str(error)) from error


def _syntax_error(text: str, message: str) -> TemplateError:
    position = re.search(r"\(at line (\d+), column \d+\)", message)
    line = int(position[1]) if position else text.count("\n") + 1
    reason = message.partition(" (at ")[0]
    twice = re.match(r"Cannot declare \('(campaign|gateway)', (['\"])(.*)\2\) twice", reason)
    if twice:
        return DuplicateTemplate(line, f'there are two {twice[1]} templates named "{twice[3]}"')
    return TomlSyntaxWrong(line, f"this is not TOML: {reason}")


def _templates(
    document: Mapping[str, object], section: str, lines: TomlLines
) -> Mapping[str, Template]:
    tables = _table(document.get(section, {}), lines.of_table((section,)), f"[{section}]")
    return {name: _template((section, name), table, lines) for name, table in tables.items()}


def _template(path: Path, content: object, lines: TomlLines) -> Template:
    line = lines.of_table(path)
    title = f'the template "{path[1]}"'
    table = _table(content, line, title)
    _refuse_unknown(table, ("records",), line, title)
    records = table.get("records")
    if not isinstance(records, list):
        raise KeyMissing(line, f"{title} needs a list named records (empty: records = [])")
    if len(records) > MOST_RECORDS:
        reason = f"{title} has {len(records)} records; at most {MOST_RECORDS} can be checked"
        raise PatternMalformed(line, reason)
    at = [lines.of_entry(path, number) for number in range(len(records))]
    patterns = [_pattern(entry, line) for entry, line in zip(records, at, strict=True)]
    _refuse_clashes(patterns, at)
    _refuse_half_keys(patterns, at)
    return Template(path[1], tuple(patterns))


def _pattern(content: object, line: int) -> RecordPattern:
    entry = _table(content, line, "a record")
    _refuse_unknown(entry, _RECORD_KEYS, line, "a record")
    texts = {key: _text(entry, key, line, "a record") for key in _RECORD_KEYS}
    if texts["purpose"] not in PURPOSES:
        known = ", ".join(PURPOSES)
        raise PatternMalformed(line, f'"{texts["purpose"]}" is no purpose; one of: {known}')
    for key in ("host", "value"):
        _refuse_unknown_placeholder(texts[key], line)
    kind = _record_type(texts["type"], line)
    pattern = RecordPattern(texts["host"], kind, texts["value"], texts["purpose"])
    if reason := own_keys.mistake(pattern.host, kind, pattern.value):
        raise PatternMalformed(line, reason)
    _try_out(pattern, line)
    return pattern


def _record_type(text: str, line: int) -> RecordType:
    try:
        return RecordType(text.upper())
    except ValueError:
        known = ", ".join(RecordType)
        raise RecordTypeUnknown(line, f'"{text}" is no record type; one of: {known}') from None


def _refuse_unknown_placeholder(pattern: str, line: int) -> None:
    # Known ones give way to a letter, so that what stands around them is not run together.
    rest = pattern
    for known in PLACEHOLDERS:
        rest = rest.replace(known, "x")
    unknown = _LIKE_PLACEHOLDER.search(rest)
    if unknown:
        known = ", ".join(sorted(PLACEHOLDERS))
        raise PlaceholderUnknown(line, f'"{unknown.group()}" is no placeholder; one of: {known}')


def _try_out(pattern: RecordPattern, line: int) -> None:
    """Refuses a pattern that cannot become a record, before an account meets it."""
    if not re.search(r"(^|\.)_SenderDomain_$", pattern.host):
        reason = f'accounts publish only under their domain: end "{pattern.host}" in _SenderDomain_'
        raise PatternMalformed(line, reason)
    try:
        host = _made(pattern).host
    except DnsError as error:
        raise PatternMalformed(line, str(error)) from error
    if not all(_LABEL.fullmatch(label) for label in host.split(".")):
        reason = "a host has letters, digits, hyphens and underscores between its dots"
        raise PatternMalformed(line, f'"{pattern.host}" cannot be a host: {reason}')


def _refuse_clashes(patterns: Sequence[RecordPattern], lines: Sequence[int]) -> None:
    """Refuses two patterns that no zone can hold together, on the line of the second one."""
    made = [_made(pattern) for pattern in patterns]
    seen: dict[tuple[str, RecordType, str], int] = {}
    for number, pattern in enumerate(patterns):
        first = seen.setdefault((pattern.host.lower(), pattern.type, made[number].value), number)
        if first != number:
            reason = f'the record "{pattern.host}" stands in line {lines[first]} already'
            raise PatternsClash(lines[number], f"{reason}; DNS does not tell capital letters apart")
    if clash := first_clash(made):
        reason = f"{clash.reason} The other one is in line {lines[clash.earlier]}."
        raise PatternsClash(lines[clash.later], reason)


def _refuse_half_keys(patterns: Sequence[RecordPattern], lines: Sequence[int]) -> None:
    """Refuses keys of the domain's own with which receivers could not check its mail."""
    hosts = [pattern.host for pattern in patterns]
    for pattern, line in zip(patterns, lines, strict=True):
        for algorithm in pattern.keys:
            if reason := own_keys.missing(hosts, algorithm):
                raise PatternMalformed(line, reason)


def _made(pattern: RecordPattern) -> Record:
    (entry,) = generate(
        Template("", (pattern,)), tracking_subdomain=True, keys=SAMPLE_KEYS, **_SAMPLE
    )
    return entry


def _system(content: object, lines: TomlLines) -> SystemDns:
    line = lines.of_table(("system",))
    if content is None:
        raise KeyMissing(1, "the table [system] is missing")
    table = _table(content, line, "[system]")
    keys = tuple(each.name for each in fields(SystemDns))
    _refuse_unknown(table, keys, line, "[system]")
    return SystemDns(**{key: _text(table, key, line, "[system]") for key in keys})


def _table(content: object, line: int, title: str) -> Mapping[str, object]:
    if isinstance(content, dict):
        return content
    raise KeyMissing(line, f"{title} must be a table, not {type(content).__name__}")


def _text(table: Mapping[str, object], key: str, line: int, title: str) -> str:
    if key not in table:
        raise KeyMissing(line, f'{title} lacks the key "{key}"')
    value = table[key]
    if not isinstance(value, str):
        raise KeyMissing(line, f'"{key}" of {title} must be a text in quotes')
    return value


def _refuse_unknown(
    table: Mapping[str, object], known: Iterable[str], line: int, title: str
) -> None:
    known = tuple(known)
    unknown = next((key for key in table if key not in known), None)
    if unknown is not None:
        raise KeyUnknown(line, f'"{unknown}" is no key of {title}; one of: {", ".join(known)}')
