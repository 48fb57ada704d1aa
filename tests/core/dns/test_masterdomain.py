"""What the master domain must publish, and what is said when it does not."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from posthouse.core.dns.answers import Answer, Outcome, Question
from posthouse.core.dns.masterdomain import (
    INHERITED,
    Expected,
    MasterFinding,
    State,
    expected,
    judge,
    next_questions,
    public_key_of,
)
from posthouse.core.dns.template_file import parse

HOST, DKIM, DMARC, TRACK = (
    "mailer.example.net",
    "key1._domainkey.mailer.example.net",
    "_dmarc.mailer.example.net",
    "track.mailer.example.net",
)
POINTER = "1.2.0.192.in-addr.arpa"
WANTED = Expected((HOST,), (DKIM,), (DMARC,), (TRACK,), "include:spf.example.net", "QUJD")
RIGHT: dict[Question, tuple[str, ...]] = {
    (HOST, "TXT"): ("v=spf1 include:spf.example.net -all",),
    (HOST, "A"): ("192.0.2.1",),
    (HOST, "MX"): ("10 mailer.example.net",),
    ("spf.example.net", "TXT"): ("v=spf1 ip4:192.0.2.1 -all",),
    (DKIM, "TXT"): ("v=DKIM1; k=rsa; p=QUJD",),
    (DMARC, "TXT"): ("v=DMARC1; p=none; adkim=r; aspf=r",),
    (TRACK, "A"): ("192.0.2.2",),
    (POINTER, "PTR"): (HOST,),
}


def looked_up(
    changes: dict[Question, tuple[str, ...]], outcome: Outcome = Outcome.NODATA
) -> tuple[MasterFinding, ...]:
    """The findings for a world like RIGHT with these changes; rounds until nothing is asked."""
    world = RIGHT | changes
    answers: dict[Question, Answer] = {}
    for _ in range(20):
        questions = next_questions(WANTED, answers)
        if not questions:
            return judge(WANTED, answers)
        for question in questions:
            values = world.get(question, ())
            ended = Outcome.FOUND if values else outcome
            answers[question] = Answer(*question, ended, values)
    raise AssertionError("the questions never end")


def the_bad(findings: tuple[MasterFinding, ...]) -> list[tuple[str, str, State]]:
    return [(each.check, each.host, each.state) for each in findings if each.state != State.OK]


def test_a_right_master_domain_has_nothing_to_mend() -> None:
    findings = looked_up({})

    assert not the_bad(findings)
    assert {each.check for each in findings} == set(INHERITED)


@pytest.mark.parametrize(
    ("changes", "check", "state", "said"),
    [
        ({(HOST, "TXT"): ()}, "SPF", State.MISSING, "no SPF record"),
        ({(HOST, "TXT"): ("v=spf1 -all", "v=spf1 mx -all")}, "SPF", State.WRONG, "2 SPF records"),
        ({(HOST, "TXT"): ("v=spf1 mx -all",)}, "SPF", State.WRONG, "lacks “include:spf"),
        ({(HOST, "TXT"): ("v=spf1 nonsense -all",)}, "SPF", State.WRONG, "“nonsense”"),
        (
            {("spf.example.net", "TXT"): ("v=spf1 " + "a:h.example.net " * 11 + "-all",)},
            "SPF",
            State.WRONG,
            "more than 10 look-ups",
        ),
        ({(DKIM, "TXT"): ()}, "DKIM", State.MISSING, "no DKIM key"),
        ({(DKIM, "TXT"): ("v=DKIM1; p=",)}, "DKIM", State.WRONG, "revoked"),
        ({(DKIM, "TXT"): ("v=DKIM1; p=WFla",)}, "DKIM", State.WRONG, "not the one"),
        ({(DKIM, "TXT"): ("p=QUJD", "v=DKIM1; p=QUJD")}, "DKIM", State.WRONG, "2 keys"),
        ({(DMARC, "TXT"): ()}, "DMARC", State.MISSING, "no DMARC policy"),
        ({(DMARC, "TXT"): ("v=DMARC1; p=none; aspf=s",)}, "DMARC", State.WRONG, "exact names"),
        ({(DMARC, "TXT"): ("v=DMARC1; p=nothing",)}, "DMARC", State.WRONG, "“p” may be"),
        ({(DMARC, "TXT"): ("v=DMARC1; p=none",) * 2}, "DMARC", State.WRONG, "2 policies"),
        ({(HOST, "MX"): ()}, "MX", State.MISSING, "bounces do not come back"),
        ({(HOST, "MX"): ("0 ",)}, "MX", State.MISSING, "bounces do not come back"),
        ({(HOST, "MX"): ("10 lost.example.net",)}, "MX", State.WRONG, "has no address"),
        ({(TRACK, "A"): ()}, "Address", State.MISSING, "leads nowhere"),
        ({(POINTER, "PTR"): ()}, "PTR", State.MISSING, "has no name"),
        ({(POINTER, "PTR"): ("pool-1.example.org",)}, "PTR", State.WRONG, "does not lead back"),
    ],
)
def test_each_mistake_has_one_finding_of_its_own_with_a_next_step(
    changes: dict[Question, tuple[str, ...]], check: str, state: State, said: str
) -> None:
    findings = looked_up(changes)
    (found,) = (each for each in findings if each.state != State.OK)

    assert (found.check, found.state) == (check, state)
    assert said in found.sentence
    assert found.next_step


@pytest.mark.parametrize("outcome", [Outcome.SERVFAIL, Outcome.TIMEOUT, Outcome.REFUSED])
def test_what_could_not_be_looked_up_is_not_called_missing(outcome: Outcome) -> None:
    nothing: dict[Question, tuple[str, ...]] = dict.fromkeys(RIGHT, ())
    states = {each.state for each in looked_up(nothing, outcome)}

    assert states == {State.COULD_NOT_CHECK}


def test_nothing_known_is_nothing_missing() -> None:
    assert {each.state for each in judge(WANTED, {})} == {State.COULD_NOT_CHECK}


def test_what_is_expected_comes_from_the_targets_of_the_templates() -> None:
    file = Path(__file__).parents[3] / "config" / "dns.toml"
    found = expected(parse(file.read_text()), "QUJD")

    assert found == WANTED


def test_the_public_key_is_what_the_record_holds() -> None:
    ed25519 = public_key_of(Ed25519PrivateKey.generate())
    rsa = public_key_of(generate_private_key(65537, 2048))

    assert len(ed25519) == 44
    assert rsa.startswith("MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A")
