"""The demo's story in a terminal: whole sentences, nothing lost on a narrow screen."""

import io

from rich.console import Console

from posthouse.demo.telling import Teller
from posthouse.domains.models import DomainRecord

LONG = f"{'a' * 63}.{'b' * 63}.example.com"


def told(width: int) -> tuple[Teller, io.StringIO]:
    written = io.StringIO()
    console = Console(file=written, width=width, soft_wrap=True, highlight=False)
    return Teller(console, steps=7), written


def test_sentences_name_their_step_and_keep_their_brackets() -> None:
    teller, written = told(80)
    teller.begin(5, "Sender domain")
    teller.say("Found [red] and [/] in it.")
    teller.complain("Not [bold] at all.")
    assert written.getvalue().splitlines() == [
        "5/7 Sender domain: Found [red] and [/] in it.",
        "5/7 Sender domain: Not [bold] at all.",
    ]


def test_a_finding_has_its_state_its_record_and_both_sentences() -> None:
    rows = [
        DomainRecord(
            host="sl.example.com", type="CNAME", state="wrong", finding="It [x] is.", advice="Mend."
        ),
        DomainRecord(host=LONG, type="TXT", state="not_yet", finding=LONG, advice="Add it."),
    ]
    for width in (30, 80, 200):
        teller, written = told(width)
        teller.findings(rows)
        lines = [line.strip() for line in written.getvalue().splitlines()]
        assert lines.index("It [x] is.") < lines.index("→ Mend.") < lines.index("→ Add it.")
        joined = "".join("".join(lines).split())
        assert "Wrongsl.example.comCNAME" in joined
        assert joined.count(LONG) == 2
        assert max(map(len, lines)) <= width
