"""``posthouse domains``: the verbs of the pages, on the same rows, for a person and a script."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account
from posthouse.core.dns.records import Record, RecordType
from posthouse.domains import services
from posthouse.domains.models import SenderDomain

if TYPE_CHECKING:
    from tests.features.dns_servers import DnsWorld

pytest_plugins = ["tests.features.dns_servers"]
pytestmark = pytest.mark.django_db(transaction=True)

HANGING = 60
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(child_environment: dict[str, str]) -> Run:
    """``run("list", "--json")``: the command on this test's rows."""

    def begin(*arguments: str) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [sys.executable, "-m", "posthouse.cli.app", "domains", *arguments],
            env=child_environment,
            capture_output=True,
            text=True,
            timeout=HANGING,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return begin


def row(account: Account, name: str) -> SenderDomain:
    with access.tenant(account):
        return SenderDomain.objects.prefetch_related("records").get(name=name)


def test_a_domain_goes_from_added_to_enabled(
    account: Account, run: Run, dns_world: "DnsWorld"
) -> None:
    name, resolver = "mail.shell.example", f"127.0.0.1:{dns_world.resolver[1]}"
    dns_world.set_zone("shell.example", [])
    assert json.loads(run("list", "--json").stdout) == []
    added = run("add", name, "--account", account.slug, "--json")
    (told,) = json.loads(added.stdout)
    assert (told["status"], added.returncode) == ("approval_pending", 0)
    failed = run("verify", name, "--resolver", resolver, "--json")
    assert failed.returncode == 1
    assert {each["state"] for each in json.loads(failed.stdout)[0]["records"]} == {"not_yet"}

    dns_world.set_zone(
        "shell.example",
        [Record(each["host"], RecordType(each["type"]), each["value"]) for each in told["records"]],
    )
    passed = run("verify", name, "--resolver", resolver, "--account", account.slug)
    assert passed.returncode == 0, passed.stderr + passed.stdout
    assert f"{name}: enabled" in passed.stdout
    (listed,) = json.loads(run("list", "--account", account.slug, "--json").stdout)
    assert (listed["status"], listed["records_ok"]) == ("enabled", listed["records_total"])
    assert "sl.mail.shell.example  CNAME" in run("records", name).stdout


def test_a_resolver_that_does_not_reply_is_told_from_domains_that_cannot_be_checked(
    run: Run,
) -> None:
    silent = "127.0.0.1:9"  # the discard service, which nobody runs
    done = run("explain", "a.example", "--template", "Default", "--resolver", silent)
    assert done.returncode == 2
    assert "no reply from the resolver (127.0.0.1 port" in done.stderr
    assert done.stdout == ""


def test_what_to_publish_stands_with_each_record_that_is_not_there(
    run: Run, dns_world: "DnsWorld"
) -> None:
    dns_world.set_zone("listed.example", ["sl CNAME mailer.example.net."])
    resolver = f"127.0.0.1:{dns_world.resolver[1]}"
    names = ["listed.example", "listed.example"]
    said = run("explain", *names, "--template", "Default", "--resolver", resolver).stdout
    assert said.count("unregistered") == 1
    assert "  OK              sl.listed.example  CNAME  (ok)" in said
    assert "track-sl.listed.example  CNAME track.mailer.example.net  (absent)" in said


def test_explaining_changes_nothing(account: Account, run: Run, dns_world: "DnsWorld") -> None:
    name, resolver = "mail.quiet.example", f"127.0.0.1:{dns_world.resolver[1]}"
    dns_world.set_zone("quiet.example", ["sl.mail A 192.0.2.1"])
    run("add", name, "--account", account.slug)
    before = row(account, name)
    said = run("explain", name, "--resolver", resolver)
    assert said.returncode == 0
    assert "sl.mail.quiet.example has an address (192.0.2.1) instead of a CNAME." in said.stdout
    assert "→ Delete the A and AAAA records" in said.stdout
    (told,) = json.loads(run("explain", name, "--resolver", resolver, "--json").stdout)
    assert set(told) == {"domain", "status", "records", "advice"}
    assert set(told["records"][0]) == {
        *("host", "type", "state", "code", "found", "expected", "sentence", "next_step")
    }
    assert told["records"][0]["found"] == ["A 192.0.2.1"]
    assert [each["code"] for each in told["advice"]] == ["address_not_alias", "absent"]
    after = row(account, name)
    assert (after.status, after.checked_at) == (before.status, before.checked_at)
    assert {each.state for each in after.records.all()} == {"not_checked"}


def test_a_name_in_two_accounts_needs_the_account(
    account: Account, other_account: Account, run: Run
) -> None:
    for owner in (account, other_account):
        assert run("add", "mail.both.example", "--account", owner.slug).returncode == 0
    unclear = run("records", "mail.both.example")
    assert unclear.returncode == 2
    assert other_account.slug in unclear.stderr
    (told,) = json.loads(
        run("records", "mail.both.example", "--account", other_account.slug, "--json").stdout
    )
    assert told["account"] == other_account.slug


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add", "mail.example.com"], "--account SLUG"),
        (["add", "mail.example.com", "--account", "nobody"], "no account 'nobody'"),
        (["add", "co.uk", "--account", "harbour-books"], "co.uk"),
        (["explain", "unknown.example"], "--template"),
        (["explain", "a.example", "--template", "Nothing"], "“Nothing”"),
        (["explain", "a..example", "--template", "Default"], "a..example"),
        (["explain", "a.example", "--template", "Default", "--token", "x/y="], "LABEL:VALUE"),
        (["explain", "a.example", "--template", "Default", "--token", "a b:x"], "LABEL:VALUE"),
        (["explain", "a.example", "--template", "Default", "--token", "ab:"], "LABEL:VALUE"),
        (["list", "--resolver", "dns.example"], "is no resolver"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    account: Account, run: Run, arguments: list[str], words: str
) -> None:
    said = run(*arguments)
    assert said.returncode == 2
    assert words in said.stderr


def test_all_that_wait_are_verified_with_progress(
    account: Account, other_account: Account, run: Run, dns_world: "DnsWorld"
) -> None:
    resolver = f"127.0.0.1:{dns_world.resolver[1]}"
    for owner, name in ((account, "mail.one.example"), (other_account, "mail.two.example")):
        with access.tenant(owner):
            services.add(SYSTEM, owner, name)
    one = row(account, "mail.one.example")
    dns_world.set_zone("one.example", [each.as_published() for each in one.records.all()])
    dns_world.set_zone("two.example", [])

    done = run("verify", "--pending", "--resolver", resolver, "--json")
    assert done.returncode == 1
    assert "2 checked, 1 Enabled" in done.stderr
    told = {each["domain"]: each["status"] for each in json.loads(done.stdout)}
    assert told == {"mail.one.example": "enabled", "mail.two.example": "approval_pending"}
    mine = run("verify", "--pending", "--account", account.slug, "--resolver", resolver)
    assert (mine.returncode, mine.stdout) == (0, "")
    assert "say --pending" in run("verify").stderr
    assert "say --pending" in run("verify", "mail.one.example", "--pending").stderr


def test_a_domain_is_stopped_and_started_from_a_shell(account: Account, run: Run) -> None:
    name = "mail.stopped.example"
    run("add", name, "--account", account.slug)
    with access.tenant(account):
        SenderDomain.objects.filter(name=name).update(status="enabled", proven=True)

    def status_after(*arguments: str) -> str:
        (told,) = json.loads(run(*arguments, name, "--json").stdout)
        return str(told["status"])

    assert status_after("disable") == "disabled"
    assert status_after("enable") == "enabled"
    assert status_after("suspend", "--reason", "Write to us.") == "suspended"
    assert row(account, name).suspension_reason == "Write to us."
    assert run("enable", name).returncode == 2
    assert status_after("lift") == "enabled"
    assert status_after("change", "--subdomain", "bounce") == "approval_pending"
    assert row(account, name).mfrom_host == f"bounce.{name}"


def test_a_change_names_what_is_wrong_with_it(account: Account, run: Run) -> None:
    run("add", "mail.changed.example", "--account", account.slug)
    assert "--subdomain" in run("change", "mail.changed.example").stderr
    refused = run("change", "mail.changed.example", "--subdomain", "-x-")
    assert (refused.returncode, "hyphen" in refused.stderr) == (2, True)


def test_deleting_asks_first(account: Account, run: Run) -> None:
    run("add", "mail.gone.example", "--account", account.slug)
    assert run("delete", "mail.gone.example").returncode == 1  # nobody answers: nothing happens
    assert row(account, "mail.gone.example").status == "approval_pending"
    assert run("delete", "mail.gone.example", "--yes").returncode == 0
    assert row(account, "mail.gone.example").status == "deleted"
