"""Turns the DNS templates of a PHP file into our own form, and says what cannot come along."""

import json
import re
from dataclasses import dataclass, replace

from posthouse.core.dns.errors import PhpRefused, TemplateError
from posthouse.core.dns.php_file import APP_DOMAIN, PhpRecord, PhpTemplate, read
from posthouse.core.dns.template_file import parse

# How the file joined its two labels; here the installation says that, for all templates.
_JOINED = re.compile(r"\{track_prefix\}[-.]?\{subdomain\}")
_NO_APP_DOMAIN = "it needs the old application's domain: say it with --app-domain NAME"
_SYSTEM_KEYS = "spf dkim_selector dkim_public_key dmarc sender_domain link_tracker open_tracker"
_ANY_SYSTEM = "\n[system]\n" + "\n".join(f'{key} = ""' for key in _SYSTEM_KEYS.split())

# What a record is for, by its pattern; the first that fits.
_PURPOSES = (
    ("ownership", lambda r: "_SenderDomainHash_" in r.value or "_SenderDomainRandom_" in r.host),
    ("dkim", lambda r: "_domainkey" in r.host.lower()),
    ("dmarc", lambda r: r.host.lower().startswith("_dmarc.")),
    ("tracking", lambda r: "{track_prefix}" in r.host),
    ("return-path", lambda r: r.type == "CNAME" and r.host == "{subdomain}._SenderDomain_"),
    ("spf", lambda r: r.value.lower().startswith("v=spf1")),
    ("mx", lambda r: r.type == "MX"),
)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A record or comment that is not carried over: its line in the PHP file, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Converted:
    """A template in our form: `text` is its table in TOML, which `template_file.parse` accepts."""

    section: str
    name: str
    records: int
    left_out: tuple[LeftOut, ...]
    text: str


@dataclass(frozen=True, slots=True)
class _Line:
    """A record on its way; `problem` says why it cannot come along."""

    record: PhpRecord
    problem: str = ""

    @property
    def written(self) -> str:
        fields = {"host": self.record.host, "type": self.record.type, "value": self.record.value}
        fields["purpose"] = next((p for p, fits in _PURPOSES if fits(self.record)), "other")
        return "{ " + ", ".join(f"{key} = {_quoted(text)}" for key, text in fields.items()) + " },"


def convert(text: str, app_domain: str = "") -> tuple[Converted, ...]:
    """The templates of the PHP text. `app_domain` is what its functions get as first argument."""
    return tuple(_converted(each, app_domain) for each in read(text))


def _converted(template: PhpTemplate, app_domain: str) -> Converted:
    lines = [_line(each, app_domain) for each in template.records]
    while (mistake := _mistake(template, lines)) is not None:
        number = mistake.line - len(_head(template)) - 1
        if not 0 <= number < len(lines) or lines[number].problem:
            raise PhpRefused(template.line, "a template that can be carried over", str(mistake))
        problem = _in_php_lines(mistake.reason, template)
        lines[number] = replace(lines[number], problem=problem)
    notes = [LeftOut(each.record.line, each.problem) for each in lines if each.problem]
    notes += [LeftOut(line, words) for line, words in template.asides]
    comments = [
        f"# Left out of line {line}: {_printable(words)}" for line, words in template.asides
    ]
    kept = sum(not each.problem for each in lines)
    text = "\n".join([*comments, *_table(template, lines)]) + "\n"
    return Converted(template.section, template.name, kept, tuple(notes), text)


def _line(record: PhpRecord, app_domain: str) -> _Line:
    kind = record.type.strip().upper()
    value = record.value
    if kind == "MX" and value and " " not in value.strip():
        value = f"10 {value.strip()}"  # the form of old has no preference
    host = _JOINED.sub("{track_prefix}{merge}{subdomain}", record.host)
    needs_domain = APP_DOMAIN in host + value and not app_domain
    host, value = (each.replace(APP_DOMAIN, app_domain or "$AppDomain") for each in (host, value))
    changed = replace(record, host=host, type=kind, value=value)
    return _Line(changed, _NO_APP_DOMAIN if needs_domain else "")


def _mistake(template: PhpTemplate, lines: list[_Line]) -> TemplateError | None:
    """The first thing that our own reader finds wrong with the template."""
    try:
        parse("\n".join(_table(template, lines)) + _ANY_SYSTEM)
    except TemplateError as error:
        return error
    return None


def _in_php_lines(reason: str, template: PhpTemplate) -> str:
    """The reason with the PHP file's line where it names another record's."""
    first = len(_head(template)) + 1
    return re.sub(
        r"in line (\d+)",
        lambda match: f"in line {template.records[int(match[1]) - first].line}",
        reason,
    )


def _head(template: PhpTemplate) -> list[str]:
    return [
        f"# From line {template.line} of a PHP file of DNS templates.",
        f"[{template.section}.{_quoted(template.name)}]",
        "records = [",
    ]


def _table(template: PhpTemplate, lines: list[_Line]) -> list[str]:
    """The template as lines of TOML: one for each record, so that a mistake has its line."""
    return [*_head(template), *map(_entry, lines), "]"]


def _entry(line: _Line) -> str:
    if not line.problem:
        return f"  {line.written}"
    words = f"line {line.record.line}, {line.problem}"
    return f"  # Left out ({_printable(words)}): {_printable(line.written)}"


def _quoted(text: str) -> str:
    """A basic string of TOML; JSON writes one, but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
