"""The demo as a newcomer runs it, and whether its last line would tell of a loss."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from posthouse.accounts import access
from posthouse.accounts.models import Account
from posthouse.deliveries.fan_out import fan_out_next
from posthouse.deliveries.models import Delivery
from posthouse.demo.comparing import Verdict, compare
from posthouse.demo.record import Record
from tests.sending import make_sending

HANGING = 300  # seconds
STORY = (
    "its records are published as people do it: 3 of them with a mistake.",
    "Verified: 4 of 7 records are right, mail.harbourbooks.example.com is Approval Pending.",
    "The record for sl.mail.harbourbooks.example.com stands at",
    "sl.mail.harbourbooks.example.com.example.com: your DNS provider added example.com",
    "→ Change the host to sl.mail.harbourbooks, without example.com at its end.",
    " points to key1._domainkey.mailer.example.net.example.com:",
    "→ Write the target with a dot at its end: “key1._domainkey.mailer.example.net.”",
    "count as part of the value:",
    "without quotation marks.",
    "Mended and verified again: 7 of 7 records are right, mail.harbourbooks.example.com is",
    "Enabled. shop.harbourbooks.example.com keeps its mistakes, to be looked at.",
    "7/7 Campaign: “Autumn newsletter” is Sent: 100 accepted.",
)
LAST_LINE = re.compile(r"demo: 7/7 steps, 100 accepted, 0 lost, 0 duplicated, \d+ msg/s")


@pytest.fixture(scope="module")
def said() -> str:
    """What the demo printed, after it has ended well."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("POSTHOUSE_")}
    ended = subprocess.run(
        [sys.executable, "-m", "posthouse.cli.app", "demo", "--exit", "--recipients", "100"],
        env=ours | {"DJANGO_SETTINGS_MODULE": "posthouse.config.settings"},
        capture_output=True,
        text=True,
        timeout=HANGING,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_demo_ends_with_the_line_that_it_promises(said: str) -> None:
    assert LAST_LINE.fullmatch(said.strip().splitlines()[-1])


def test_a_domain_goes_from_mistakes_over_the_doctors_advice_to_enabled(said: str) -> None:
    read = " ".join(said.split())
    places = [read.find(sentence) for sentence in STORY]
    assert -1 not in places, STORY[places.index(-1)]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("copies", "verdict"),
    [
        ((1, 1, 1), Verdict(3, 0, 0, 0, 0)),
        ((1, 0, 1), Verdict(2, 1, 0, 0, 1)),
        ((1, 3, 1), Verdict(3, 0, 2, 0, 0)),
        ((1, 1, 1, 1), Verdict(3, 0, 0, 1, 0)),
    ],
    ids=["clean", "one lost", "two too many", "a stranger mailed"],
)
def test_the_comparison_sees_what_the_rows_do_not(
    account: Account, tmp_path: Path, copies: tuple[int, ...], verdict: Verdict
) -> None:
    with access.across_tenants():
        dispatch = make_sending(account, members=3).dispatch()
        while fan_out_next():
            pass
        Delivery.objects.update(state="accepted")
        addresses = [*Delivery.objects.values_list("address", flat=True), "stranger@example.net"]
    record = Record(tmp_path)
    for address, times in zip(addresses, copies, strict=False):
        for _ in range(times):
            record.append("bounce@example.com", [address], b"Subject: x\r\n\r\n")
    record.flush()
    record.close()

    found = compare(dispatch, tmp_path)
    assert found == verdict
    assert found.is_clean == (copies == (1, 1, 1))
