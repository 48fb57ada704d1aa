"""Finds the DNS templates in a PHP file in the form of Octeth's sender_domain_dns.php."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from posthouse.core.dns.errors import PhpRefused
from posthouse.core.dns.php_tokens import Token, tokens
from posthouse.core.dns.php_values import Array, Entry, Reader, Value

# The variables that hold the two functions, and the section of our file that each fills.
SECTIONS: Mapping[str, str] = {
    "$EmailCampaignDNSTemplates": "campaign",
    "$EmailGatewayDNSTemplates": "gateway",
}
APP_DOMAIN = "\ue000"  # stands for the first parameter: no DNS text has this character
_ARGUMENTS = (APP_DOMAIN, "{subdomain}", "{track_prefix}")  # by place, whatever their names


@dataclass(frozen=True, slots=True)
class PhpRecord:
    """A record as the file has it; `verified`: it had a third value."""

    host: str
    type: str
    value: str
    line: int
    verified: bool = False


@dataclass(frozen=True, slots=True)
class PhpTemplate:
    """A template of the file; `asides` are comments and forgotten entries, with their lines."""

    section: str
    name: str
    line: int
    records: tuple[PhpRecord, ...]
    asides: tuple[tuple[int, str], ...] = ()


def read(text: str) -> tuple[PhpTemplate, ...]:
    """The templates of both functions, in the file's order. PhpRefused says where and why not."""
    reader = Reader(tokens(text))
    found: list[PhpTemplate] = []
    everywhere: dict[str, Value] = {}
    missing = dict(SECTIONS)
    while reader.now.kind != "end":
        token = reader.step()
        if token.kind != "variable" or not reader.takes("="):
            continue
        reader.variables = dict(everywhere)
        if section := missing.pop(token.text, ""):
            found += _templates(reader, section)
        else:
            _keep(reader, token, everywhere)
    if len(missing) == len(SECTIONS):
        raise PhpRefused(1, f"a function in {' or '.join(SECTIONS)}", "neither")
    return tuple(found)


def _keep(reader: Reader, name: Token, everywhere: dict[str, Value]) -> None:
    """Remembers a variable that the functions may use; what cannot be read is not for them."""
    place = reader.place
    try:
        everywhere[name.text] = reader.value()
    except PhpRefused:
        reader.place = place


def _templates(reader: Reader, section: str) -> list[PhpTemplate]:
    reader.takes("static")
    reader.demand("function")
    _parameters(reader)
    if reader.takes("use"):
        _passed(reader)
    while reader.now.text not in {"{", ""}:  # the type of what it returns
        reader.step()
    reader.demand("{")
    token = reader.now
    sets = _returned(reader)
    if not isinstance(sets, Array):
        raise PhpRefused(token.line, "a function that returns an array of templates", "none")
    return [_template(reader, section, each) for each in sets.entries]


def _parameters(reader: Reader) -> None:
    """Gives the parameters their values, by their places."""
    reader.demand("(")
    known: list[str] = []
    while not reader.takes(")"):
        token = reader.step()
        if token.kind == "end" or (token.kind == "variable" and len(known) == 3):
            raise PhpRefused(token.line, "at most three parameters", token.shown)
        if token.kind == "variable":
            known.append(token.text)
            if reader.takes("="):
                reader.value()
    reader.variables |= dict(zip(known, _ARGUMENTS, strict=False))


def _passed(reader: Reader) -> None:
    reader.demand("(")
    while not reader.takes(")"):
        if reader.step().kind == "end":
            reader.demand(")")


def _returned(reader: Reader) -> Value:
    """Follows the statements of the function to what it returns."""
    while not reader.takes("return"):
        token = reader.step()
        if token.kind != "variable":
            raise PhpRefused(token.line, "an assignment or a return", token.shown)
        _assign(reader, token)
        reader.demand(";")
    value = reader.value()
    reader.demand(";")
    reader.demand("}")
    return value


def _assign(reader: Reader, name: Token) -> None:
    """`$name = value`, or one entry of the array that it holds: `$name['key'] = value`."""
    keys: list[str] = []
    while reader.takes("["):
        keys.append(reader.text())
        reader.demand("]")
    reader.demand("=")
    value = reader.value()
    if not keys:
        reader.variables[name.text] = value
        return
    array = reader.variables.setdefault(name.text, Array(name.line, name.line))
    for key in keys[:-1]:
        array = _inside(array, key, name)
    if not isinstance(array, Array):
        raise PhpRefused(name.line, "an array", name.shown)
    if earlier := array.put(Entry(keys[-1], value, name.line)):
        reader.forgotten.append(earlier)


def _inside(array: Value, key: str, name: Token) -> Value:
    if not isinstance(array, Array):
        raise PhpRefused(name.line, "an array", name.shown)
    for entry in array.entries:
        if entry.key == key:
            return entry.value
    inner = Array(name.line, name.line)
    array.put(Entry(key, inner, name.line))
    return inner


def _template(reader: Reader, section: str, entry: Entry) -> PhpTemplate:
    if not entry.key or not isinstance(entry.value, Array):
        raise PhpRefused(entry.line, "a template: a name => an array of records", "something else")
    records = tuple(_record(each) for each in entry.value.entries)
    asides = _asides(reader, entry.key, entry.value)
    return PhpTemplate(section, entry.key, entry.line, records, asides)


def _record(entry: Entry) -> PhpRecord:
    values: Sequence[Value] = ()
    if isinstance(entry.value, Array):
        values = [each.value for each in entry.value.entries]
    match values:
        case [str(kind), str(value)] if entry.key:
            return PhpRecord(entry.key, kind, value, entry.line)
        case [str(kind), str(value), bool() | int() | None] if entry.key:
            return PhpRecord(entry.key, kind, value, entry.line, verified=True)
    raise PhpRefused(entry.line, "a record: 'host' => ['type', 'value']", "something else")


def _asides(reader: Reader, name: str, records: Array) -> tuple[tuple[int, str], ...]:
    """What stands in the template and is no record of it: comments that look like one, and keys
    that PHP forgets because they come again.
    """
    lines = range(records.line, records.last_line + 1)
    comments = [
        (each.line, f"a comment: {' '.join(each.text.split())}")
        for each in reader.comments
        if each.line in lines and "=>" in each.text
    ]
    twice = [
        (each.line, f"PHP forgets this one, for it comes again: {each.key}")
        for each in reader.forgotten
        if each.line in lines or each.key == name
    ]
    return tuple(sorted(comments + twice))
