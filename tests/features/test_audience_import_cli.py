"""``posthouse import``: real processes on real files, side by side, and killed in the middle."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account
from posthouse.audience import imports, services
from posthouse.audience.models import (
    CustomField,
    Import,
    ListMembership,
    Subscriber,
    SubscriberList,
)
from posthouse.demo.people import BAD_ADDRESSES
from posthouse.demo.samples import write_subscribers_csv

pytestmark = pytest.mark.django_db(transaction=True)

_HANGING = 120  # seconds; an import of a test takes about three
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(account: Account, child_environment: dict[str, str], tmp_path: Path) -> Start:
    """``start(file, *options)``: the command as a process, for the account of the test."""

    def begin(file: Path, *options: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "posthouse.cli.app", "import", str(file)]
        return subprocess.Popen(
            [*command, "--account", account.slug, *options],
            env=child_environment,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return begin


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, standard output and standard error."""
    out, err = process.communicate(timeout=_HANGING)
    assert "Traceback" not in err
    return process.returncode, out, err


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_ten_thousand_sample_people(account: Account, start: Start, tmp_path: Path) -> None:
    sample = write_subscribers_csv(tmp_path / "people.csv", 10_000, seed=7, bad_rows=24)

    code, out, _ = ended(
        start(tmp_path / "people.csv", "--list", "Readers", "--create-list", "--json")
    )

    result = json.loads(out)
    assert code == 3
    assert result["rows_read"] == sample.people + sample.duplicates + sample.bad
    assert (result["added"], result["updated"]) == (sample.people, sample.duplicates)
    assert result["rejected"] == sample.bad
    rejected = (tmp_path / "people-rejected.csv").read_text(encoding="utf-8-sig")
    assert rejected.count('","Line ') == sample.bad
    assert result["rejected_file"] == str(tmp_path / "people-rejected.csv")
    with access.tenant(account):
        assert Subscriber.objects.count() == ListMembership.objects.count() == sample.people
        keys = set(CustomField.objects.values_list("key", flat=True))
        assert keys == {"first_name", "last_name", "city", "birthday", "plan"}
        assert not Subscriber.objects.filter(address__in=BAD_ADDRESSES).exists()


def test_a_clean_file_ends_well_and_says_so(account: Account, start: Start, tmp_path: Path) -> None:
    with access.tenant(account):
        services.create_list(SYSTEM, account, name="News")
    file = write(tmp_path / "p.csv", "email,name\na@example.com,Anna\n")

    code, out, _ = ended(start(file, "--list", "News", "--consent", "Shop"))

    assert (code, out) == (0, "1 rows: 1 people added to News, 0 updated, 0 rejected.\n")
    assert not (tmp_path / "p-rejected.csv").exists()
    with access.tenant(account):
        assert ListMembership.objects.get().consent["text"] == "Shop"


@pytest.mark.parametrize(
    ("content", "options", "sentence"),
    [
        ("email\na@example.com\n", ["--list", "None"], "there is no list 'None'"),
        ("name\nAnna\n", ["--list", "L", "--create-list"], "There is no e-mail column"),
        ("email\nJörg\n".encode("latin-1"), ["--list", "L", "--create-list"], "not UTF-8 text"),
        ("", ["--list", "L", "--create-list"], "The file is empty."),
        (None, ["--list", "L", "--create-list"], "cannot be read: No such file"),
        ("email\na@example.com\n", ["--list", " ", "--create-list"], "must not be empty"),
        ("email\na@example.com\n", ["--colour", "red"], "No such option"),
    ],
)
def test_what_cannot_be_imported_is_one_sentence_and_leaves_nothing(
    start: Start,
    tmp_path: Path,
    content: str | bytes | None,
    options: list[str],
    sentence: str,
) -> None:
    file = tmp_path / "p.csv" if content is None else write(tmp_path / "p.csv", content)

    code, out, err = ended(start(file, *options))

    assert (code, out) == (2, "")
    assert sentence in err
    with access.across_tenants():
        assert not Import.objects.exists()
        assert not SubscriberList.objects.exists()


def test_an_unknown_account_is_named(start: Start, tmp_path: Path) -> None:
    file = write(tmp_path / "p.csv", "email\na@example.com\n")

    code, _, err = ended(start(file, "--account", "nobody", "--list", "L"))

    assert code == 2
    assert "there is no account 'nobody'" in err


def test_two_imports_of_the_same_people_at_once_merge(
    account: Account, start: Start, tmp_path: Path
) -> None:
    """Same addresses in another case and order, other fields; one list new to both."""
    count = 5_000
    with access.tenant(account):
        services.create_list(SYSTEM, account, name="News")
    first = "email,city\n" + "".join(f"p{n}@example.com,c{n}\n" for n in range(count))
    second = "email,name\n" + "".join(f"P{n}@Example.com,n{n}\n" for n in reversed(range(count)))
    files = [write(tmp_path / "1.csv", first), write(tmp_path / "2.csv", second)]

    running = [start(file, "--list", "News", "--json") for file in files]
    results = [ended(process) for process in running]

    assert [code for code, _, _ in results] == [0, 0]
    told = [json.loads(out) for _, out, _ in results]
    assert [one["added"] + one["updated"] for one in told] == [count, count]
    assert sum(one["added"] for one in told) == count
    with access.tenant(account):
        rows = Subscriber.objects.values_list("normalised", "fields")
        assert dict(rows) == {
            f"p{n}@example.com": {"city": f"c{n}", "name": f"n{n}"} for n in range(count)
        }
        assert ListMembership.objects.count() == count


def test_a_killed_command_is_finished_by_the_worker(
    account: Account, start: Start, tmp_path: Path
) -> None:
    count = 20_000
    lines = "".join(f"p{n}@example.com\n" if n % 10 else f"bad{n}\n" for n in range(count))
    file = write(tmp_path / "p.csv", f"email\n{lines}")
    process = start(file, "--list", "News", "--create-list")
    with access.tenant(account):
        until = time.monotonic() + _HANGING
        while not Import.objects.filter(rows_read__gt=0).exists():
            assert time.monotonic() < until
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
        Import.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=3))

        assert imports.run_next()

        row = Import.objects.get()
        assert row.state == Import.State.DONE
        assert (row.rows_read, row.added, row.updated, row.rejected) == (count, 18_000, 0, 2_000)
        assert Subscriber.objects.count() == 18_000
