"""``posthouse dns templates``: a file is judged before it counts, and a PHP file carried over."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from posthouse.accounts.models import UserGroup
from posthouse.cli.app import app
from posthouse.core.dns.template_file import parse
from tests.factories import make_group

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parents[2]
SHIPPED, HARBOUR = ROOT / "config" / "dns.toml", ROOT / "tests" / "core" / "dns" / "harbour.php"
Run = Callable[..., Result]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A copy of the shipped template file; the commands take it for the configured one."""
    copy = tmp_path / "dns.toml"
    copy.write_text(SHIPPED.read_text())
    return copy


@pytest.fixture
def run(file: Path, settings: Any) -> Run:
    """``run("check", "--json")``: the command on this test's rows and file."""
    settings.DNS_CONFIG = file

    def begin(*arguments: str | Path) -> Result:
        done = CliRunner().invoke(app, ["dns", "templates", *map(str, arguments)])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    return begin


def test_check_says_what_each_template_makes_who_uses_it_and_what_is_open(run: Run) -> None:
    make_group("Agencies", campaign_dns_template="Octeth classic", gateway_dns_template="Empty")
    done = run("check", "--json", "--domain", "News.Harbour.example")
    told = json.loads(done.stdout)
    by_name = {(each["section"], each["name"]): each for each in told["templates"]}
    classic = by_name["campaign", "Octeth classic"]

    assert (done.exit_code, told["problem"], told["groups"]) == (0, None, [])
    assert classic["groups"] == ["Agencies"] == by_name["gateway", "Empty"]["groups"]
    assert classic["records"][0] == {
        "host": "sl.news.harbour.example",
        "type": "CNAME",
        "value": "mailer.example.net",
        "purpose": "return-path",
    }
    codes = [each["code"] for each in classic["warnings"]]
    assert codes == ["no_dkim_at_from", "no_dmarc_at_from", "example_left"]
    assert run("check", "--strict").exit_code == 1
    assert "chosen by Agencies" in run("check").stdout
    assert "campaign  Octeth classic  5 records  (Agencies)" in run("list").stdout


def test_check_names_groups_whose_template_is_missing(run: Run) -> None:
    make_group("Agencies")
    UserGroup.objects.update(gateway_dns_template="Gone")
    done = run("check")
    assert done.exit_code == 1
    assert "the user group Agencies names the gateway template “Gone”" in done.stdout


@pytest.mark.parametrize("arguments", [("check",), ("list",)])
def test_a_broken_file_is_told_with_its_line(
    run: Run, file: Path, arguments: tuple[str, ...]
) -> None:
    file.write_text('[campaign."Default"]\nrecords = [\n  { host = "x" },\n]\n')
    done = run(*arguments)
    assert done.exit_code == 1
    assert 'line 3: a record lacks the key "type"' in done.stdout + done.stderr


def test_a_clash_by_the_installations_own_names_is_a_problem(
    run: Run, file: Path, settings: Any
) -> None:
    text = file.read_text()
    extra = (
        '{ host = "assets-sl._SenderDomain_", type = "A", value = "192.0.2.1", purpose = "other" },'
    )
    file.write_text(text.replace("records = [\n", f"records = [\n  {extra}\n", 1))
    assert run("check").exit_code == 0
    settings.DNS_TRACK_PREFIX = "assets"
    done = run("check")
    assert done.exit_code == 1
    assert "Problem: The host assets-sl.mail.example.com would have a CNAME" in done.stdout


def test_a_file_that_is_not_there_and_a_name_that_is_none_are_refused(run: Run) -> None:
    assert "cannot be read" in run("check", "/nowhere/dns.toml").stderr
    assert "public suffix" in run("check", "--domain", "co.uk").stderr
    assert "cannot be read" in run("import", "/nowhere/x.php").stderr


def test_import_shows_what_it_would_write_and_what_it_leaves_out(run: Run, file: Path) -> None:
    before = file.read_text()
    done = run("import", HARBOUR)
    assert done.exit_code == 0
    assert '[campaign."Deep water"]' in done.stdout
    assert "line 23: left out of Deep water" in done.stderr
    assert file.read_text() == before


def test_import_writes_in_one_step_and_keeps_the_file_before(run: Run, file: Path) -> None:
    before = file.read_text()
    refused = run("import", HARBOUR, "--write")
    assert refused.exit_code == 1
    assert 'campaign "Default"' in refused.stderr
    assert [each.name for each in file.parent.iterdir()] == ["dns.toml"]

    done = run("import", HARBOUR, "--write", "--replace", "--app-domain", "harbour.example")
    assert done.exit_code == 0, done.stderr
    (kept,) = file.parent.glob("dns.toml.*.bak")
    assert kept.read_text() == before
    assert len(list(file.parent.iterdir())) == 2
    found = parse(file.read_text())
    assert list(found.gateway)[-1] == "Default"
    assert len(found.campaign["Default"].patterns) == 5


def test_import_says_where_a_php_file_cannot_be_read(run: Run, tmp_path: Path) -> None:
    php = tmp_path / "odd.php"
    php.write_text(
        "<?php\n$EmailCampaignDNSTemplates = function($a) {\n  return strrev('x');\n};\n"
    )
    done = run("import", php)
    assert done.exit_code == 2
    assert "line 3: expected a text in quotes, a variable or an array, found strrev" in done.stderr


def test_the_gateway_has_a_return_path_label_of_its_own(run: Run, settings: Any) -> None:
    settings.DNS_GATEWAY_SUBDOMAIN = "tx"
    told = json.loads(run("check", "--json").stdout)
    hosts = {
        each["section"]: each["records"][0]["host"]
        for each in told["templates"]
        if each["name"] == "Default"
    }
    assert hosts == {"campaign": "sl.mail.example.com", "gateway": "tx.mail.example.com"}
