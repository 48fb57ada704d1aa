"""``posthouse dns templates``: DNS templates checked, listed and imported from a shell."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from posthouse.cli import template_changes
from posthouse.cli.starting import fail, start_django

if TYPE_CHECKING:
    from posthouse.core.dns.php_import import Converted
    from posthouse.core.dns.templates import DnsConfiguration
    from posthouse.domains.samples import Sample

app = typer.Typer(
    help="DNS templates: which records the sender domains of a user group must publish.",
    no_args_is_help=True,
)

app.command("changes")(template_changes.changes)
app.command("apply")(template_changes.apply)

AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]
_Told = dict[str, Any]


@app.command("check")
def check(
    file: Annotated[Path | None, typer.Argument(help="Instead of the configured file.")] = None,
    domain: Annotated[
        str, typer.Option(help="Show the records of this domain.")
    ] = "mail.example.com",
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as problems.")] = False,
    as_json: AsJson = False,
) -> None:
    """Says what every template makes of a domain, what is wrong, and what is left open.

    Exit code 1: the file cannot be used, or a user group names a template that it lacks (or, with
    --strict, there are warnings). Example: posthouse dns templates check new.toml
    """
    told = _checked(file, domain)
    if as_json:
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        typer.echo("\n".join(_lines(told)))
    wrong = told["problem"] or told["groups"] or any(each["problem"] for each in told["templates"])
    warned = told["warnings"] or any(each["warnings"] for each in told["templates"])
    raise typer.Exit(1 if wrong or (strict and warned) else 0)


@app.command("list")
def listing(as_json: AsJson = False) -> None:
    """Lists the templates with the user groups that chose them."""
    told = _checked(None, "mail.example.com")
    if told["problem"]:
        fail(f"{told['file']}: line {told['problem']['line']}: {told['problem']['sentence']}", 1)
    rows = [
        {key: each[key] for key in ("section", "name", "groups")}
        | {"records": len(each["records"])}
        for each in told["templates"]
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for row in rows:
        used = ", ".join(row["groups"]) or "no user group"
        typer.echo(f"{row['section']:<9} {row['name']}  {row['records']} records  ({used})")


@app.command("import")
def import_php(
    file: Annotated[Path, typer.Argument(help="A sender_domain_dns.php; it is read, not run.")],
    app_domain: Annotated[
        str, typer.Option(metavar="NAME", help="What the file calls $AppDomain.")
    ] = "",
    *,
    write: Annotated[bool, typer.Option("--write", help="Put them into the file.")] = False,
    into: Annotated[
        Path | None, typer.Option(help="With --write: this file, not the configured one.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="With --write: replace templates of the same name.")
    ] = False,
) -> None:
    """Turns the DNS templates of a PHP file into ours; shows them, or writes them with --write.

    Example: posthouse dns templates import sender_domain_dns.php --write
    """
    from posthouse.core.dns.errors import PhpRefused
    from posthouse.core.dns.php_import import convert

    try:
        templates = convert(_read(file), app_domain)
    except PhpRefused as refused:
        fail(f"{file}: {refused}")
    if write:
        _write(_target(into), templates, replace=replace)
    else:
        typer.echo("\n".join(each.text for each in templates), nl=False)
    for each in templates:
        for left_out in each.left_out:
            line = f"{file}: line {left_out.line}: left out of {each.name}: {left_out.reason}"
            typer.echo(line, err=True)


def _checked(file: Path | None, domain: str) -> _Told:
    """Everything that there is to say about the file."""
    start_django(migrated=False)
    from posthouse.core.addresses import BadDomain, normalise_domain
    from posthouse.core.dns.errors import TemplateError
    from posthouse.core.dns.template_advice import system_warnings
    from posthouse.core.dns.template_file import parse

    try:
        domain = normalise_domain(domain)
    except BadDomain as error:
        fail(str(error))
    path = _target(file)
    told: _Told = {"file": str(path), "domain": domain, "problem": None}
    told |= {"templates": [], "warnings": [], "groups": []}
    try:
        found = parse(_read(path))
    except TemplateError as error:
        return told | {"problem": {"line": error.line, "sentence": error.reason}}
    with _groups_if_any(told):
        from posthouse.domains.samples import groups_without

        told["groups"] = [
            {"group": group, "section": section, "template": name}
            for group, section, name in groups_without(found)
        ]
    told["templates"] = [_told_sample(each) for each in _samples(found, domain, told)]
    told["warnings"] = [
        {"code": each.code, "sentence": each.sentence} for each in system_warnings(found.system)
    ]
    return told


def _samples(found: "DnsConfiguration", domain: str, told: _Told) -> "Iterator[Sample]":
    from posthouse.domains.samples import SECTIONS, groups_with, sample

    for section in SECTIONS:
        for name, template in getattr(found, section).items():
            groups: tuple[str, ...] = ()
            if told["groups"] is not None:
                groups = tuple(groups_with(section, name))
            yield sample(section, template, groups, domain=domain)


@contextmanager
def _groups_if_any(told: _Told) -> Iterator[None]:
    """A file can be checked before there is a database: then nothing is said of groups."""
    from django.db import DatabaseError

    try:
        yield
    except DatabaseError:
        told["groups"] = None


def _told_sample(sample: "Sample") -> _Told:
    return {
        "section": sample.section,
        "name": sample.name,
        "groups": list(sample.groups),
        "problem": sample.problem,
        "records": template_changes.told_records(sample.records),
        "warnings": [{"code": w.code, "sentence": w.sentence} for w in sample.warnings],
    }


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    if told["problem"]:
        yield f"{told['file']}: line {told['problem']['line']}: {told['problem']['sentence']}"
        return
    for each in told["templates"]:
        used = f"chosen by {', '.join(each['groups'])}" if each["groups"] else "chosen by no group"
        yield f"{each['section']} “{each['name']}”, {used}"
        if each["problem"]:
            yield f"  Problem: {each['problem']}"
        for row in each["records"]:
            yield f"  {row['host']}  {row['type']}  {row['value']}  ({row['purpose']})"
        yield from (f"  Warning: {one['sentence']}" for one in each["warnings"])
    yield from (f"Warning: {each['sentence']}" for each in told["warnings"])
    if told["groups"] is None:
        yield "The user groups were not looked at: there is no database yet."
    for each in told["groups"] or ():
        yield (
            f"Problem: the user group {each['group']} names the {each['section']} template "
            f"“{each['template']}”, which is not in the file."
        )


def _target(path: Path | None) -> Path:
    if path is not None:
        return path
    start_django(migrated=False)
    from django.conf import settings

    return Path(settings.DNS_CONFIG)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        fail(f"{path} is not written in UTF-8.")
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}.")


def _write(path: Path, templates: "tuple[Converted, ...]", *, replace: bool) -> None:
    """The file with the templates in it, in one step; the one before is kept beside it."""
    from posthouse.core.dns.errors import TemplateError
    from posthouse.core.dns.template_merge import TemplatesThere, merged

    try:
        text = merged(_read(path), templates, replace=replace)
    except TemplatesThere as there:
        fail(f"{path}: {there} Replace them with --replace, or take them out of the PHP file.", 1)
    except TemplateError as error:
        fail(f"{path} must be in order first: {error}", 1)
    kept = path.with_name(f"{path.name}.{datetime.now(UTC):%Y%m%dT%H%M%S%f}.bak")
    shutil.copy2(path, kept)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    shutil.copymode(path, file.name)
    Path(file.name).replace(path)
    names = ", ".join(f"{each.section} “{each.name}”" for each in templates) or "nothing"
    typer.echo(f"Written to {path}: {names}. The file before it is {kept}.")
