"""Thirty broken set-ups, each named for what it is, with the change that mends it."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.dns.answers import Answer, Outcome
from posthouse.core.dns.records import Record, RecordType, record
from posthouse.core.verification.cases import Fault, Known
from posthouse.core.verification.checks import Verdict, check_all, questions
from posthouse.core.verification.diagnosis import diagnose_all
from posthouse.core.verification.followups import PROBE_LABEL, follow_up_questions
from posthouse.core.verification.wording import duration
from tests.core.verification.scenes import ALIAS, DMARC, DOMAIN, TOKEN, Scene

Told = Callable[[Scene], Scene]

TARGET = ALIAS.value
PASSING = {Fault.OWN_POLICY, Fault.OWN_SPF, Fault.DKIM_OWN_SPELLING}  # other than ours, as good
PROBE = f"{PROBE_LABEL}.mail.example.com"
TOKEN_PROBE = f"{PROBE_LABEL}.sl.mail.example.com"

LONG = record("key1._domainkey.mail.example.com", RecordType.TXT, "k=rsa; p=" + "A" * 392, "dkim")
SPF = record("sl.mail.example.com", RecordType.TXT, "v=spf1 include:spf.example.net -all", "spf")

# Record, what stands in DNS, the fault, a phrase of the problem, a phrase of the advice.
BROKEN: list[tuple[Record, Told, Fault, str, str]] = [
    (ALIAS, lambda dns: dns, Fault.ABSENT, "no CNAME record at sl.mail", "the host sl.mail and"),
    (TOKEN, lambda dns: dns, Fault.ABSENT, "no TXT record", "abcdefghij.sl.mail"),
    (
        ALIAS,
        lambda dns: dns.ends("example.com", "SOA", Outcome.NXDOMAIN),
        Fault.NO_DOMAIN,
        "does not know the domain example.com",
        "is registered",
    ),
    (
        ALIAS,
        lambda dns: dns.there("sl.mail.example.com.example.com", "CNAME", TARGET),
        Fault.ZONE_APPENDED_TO_HOST,
        "added example.com",
        "Change the host to sl.mail,",
    ),
    (
        TOKEN,
        lambda dns: dns.there(f"{TOKEN.host}.mail.example.com", "TXT", TOKEN.value),
        Fault.ZONE_APPENDED_TO_HOST,
        "added mail.example.com",
        "Change the host to abcdefghij.sl.mail,",
    ),
    (
        ALIAS,
        lambda dns: dns.there("sl.example.com", "CNAME", TARGET),
        Fault.ON_PARENT_ZONE,
        "stands at sl.example.com, one level too high",
        "with the host sl.mail in",
    ),
    (
        TOKEN,
        lambda dns: dns.there("mail.example.com", "TXT", "v=spf1 -all", TOKEN.value),
        Fault.MISPLACED,
        "stands at mail.example.com instead",
        "abcdefghij.sl.mail",
    ),
    (
        DMARC,
        lambda dns: dns.there("dmarc.mail.example.com", "CNAME", DMARC.value),
        Fault.UNDERSCORE_STRIPPED,
        "stands at dmarc.mail",
        "_dmarc.mail",
    ),
    (
        ALIAS,
        lambda dns: dns.there(ALIAS.host, "CNAME", f"{TARGET}.example.com"),
        Fault.ZONE_APPENDED_TO_TARGET,
        "added example.com to the target",
        f"{TARGET}.",
    ),
    (
        ALIAS,
        lambda dns: dns.there(ALIAS.host, "CNAME", "ghs.example.org"),
        Fault.OTHER_TARGET,
        "points to ghs.example.org",
        TARGET,
    ),
    (
        ALIAS,
        lambda dns: dns.ends(ALIAS.host, "CNAME", Outcome.NXDOMAIN, ["gone.example.org"]),
        Fault.DANGLING,
        "does not exist",
        TARGET,
    ),
    (
        ALIAS,
        lambda dns: dns.ends(ALIAS.host, "CNAME", Outcome.LOOP, ["a.example.org", ALIAS.host]),
        Fault.LOOP,
        f"{ALIAS.host} → a.example.org → {ALIAS.host}",
        f"CNAME {TARGET}",
    ),
    (
        ALIAS,
        lambda dns: dns.there(ALIAS.host, "A", "192.0.2.1"),
        Fault.ADDRESS_NOT_ALIAS,
        "has an address (192.0.2.1)",
        "proxy or flattening",
    ),
    (
        ALIAS,
        lambda dns: dns.there(ALIAS.host, "AAAA", "2001:db8::1"),
        Fault.ADDRESS_NOT_ALIAS,
        "2001:db8::1",
        "Delete the A and AAAA",
    ),
    (
        ALIAS,
        lambda dns: dns.there(ALIAS.host, "TXT", '"mailer.example.net."'),
        Fault.TEXT_NOT_ALIAS,
        "in a TXT record",
        "as a CNAME record",
    ),
    (
        ALIAS,
        lambda dns: dns.there(ALIAS.host, "MX", "10 mx.example.org"),
        Fault.OCCUPIED,
        "MX 10 mx.example.org",
        "another subdomain",
    ),
    (
        DMARC,
        lambda dns: dns.there(DMARC.host, "TXT", "v=DMARC1; p=none", "v=DMARC1; p=reject"),
        Fault.DMARC_TWICE,
        "2 DMARC policies",
        "Keep a single one",
    ),
    (
        SPF,
        lambda dns: dns.there(SPF.host, "TXT", SPF.value, "v=spf1 mx -all"),
        Fault.SPF_TWICE,
        "2 SPF policies",
        "publish a single one instead: “v=spf1 include:spf.example.net mx -all",
    ),
    (
        TOKEN,
        lambda dns: dns.ends(TOKEN.host, "TXT", Outcome.NXDOMAIN, ["gone.example.org"]),
        Fault.ALIAS_HIDES_RECORD,
        "is a CNAME to gone.example.org",
        f"TXT {TOKEN.value}",
    ),
    (
        TOKEN,
        lambda dns: dns.there(TOKEN.host, "TXT", f'"{TOKEN.value}"'),
        Fault.QUOTES,
        "quotation marks",
        TOKEN.value,
    ),
    (
        LONG,
        lambda dns: dns.there(LONG.host, "TXT", LONG.value.replace(";", "\\;")),
        Fault.BACKSLASHES,
        "backslashes",
        "without backslashes",
    ),
    (
        TOKEN,
        lambda dns: dns.there(TOKEN.host, "TXT", f"{TOKEN.value} "),
        Fault.BLANKS,
        "blanks",
        "copy button",
    ),
    (
        TOKEN,
        lambda dns: dns.there(TOKEN.host, "TXT", TOKEN.value.lower()),
        Fault.OTHER_CASE,
        "Capital and small",
        TOKEN.value,
    ),
    (
        LONG,
        lambda dns: dns.there(LONG.host, "TXT", LONG.value[:255]),
        Fault.DKIM_TRUNCATED,
        "ends after 255 characters",
        "several texts in quotes",
    ),
    (
        TOKEN,
        lambda dns: dns.there(TOKEN.host, "TXT", TOKEN.value[:-3]),
        Fault.CUT_OFF,
        "ends after 12 characters",
        "several texts in quotes",
    ),
    (
        TOKEN,
        lambda dns: dns.there(TOKEN.host, "TXT", f"{TOKEN.value};"),
        Fault.EXTRA_CHARACTERS,
        "and more besides",
        "nothing else",
    ),
    (
        TOKEN,
        lambda dns: dns.there(TOKEN.host, "TXT", "b2xkZXIgdG9rZW4="),
        Fault.OTHER_VALUE,
        "not ours: b2xkZXIgdG9rZW4=",
        TOKEN.value,
    ),
    (
        ALIAS,
        lambda dns: dns.there(ALIAS.host, "CNAME", "w.example.org").there(
            PROBE, "CNAME", "w.example.org"
        ),
        Fault.WILDCARD,
        "CNAME w.example.org",
        "goes before it",
    ),
    (
        ALIAS,
        lambda dns: dns.there(ALIAS.host, "A", "192.0.2.1", "192.0.2.2").there(
            PROBE, "A", "192.0.2.2", "192.0.2.1"
        ),
        Fault.WILDCARD,
        "wildcard answers",
        "The wildcard can stay",
    ),
    (
        TOKEN,
        lambda dns: dns.there(TOKEN.host, "TXT", "wild").there(TOKEN_PROBE, "TXT", "wild"),
        Fault.WILDCARD,
        "TXT wild",
        TOKEN.value,
    ),
    (
        ALIAS,
        lambda dns: dns.ends(ALIAS.host, "CNAME", Outcome.SERVFAIL),
        Fault.SERVER_FAILED,
        f"for {ALIAS.host} answered with an error",
        "does not count",
    ),
    (
        TOKEN,
        lambda dns: dns.ends(TOKEN.host, "TXT", Outcome.REFUSED, ["x.example.org"]),
        Fault.REFUSED,
        "refused to answer for x.example.org",
        "does not count",
    ),
    (
        ALIAS,
        lambda dns: dns.ends(ALIAS.host, "CNAME", Outcome.TIMEOUT),
        Fault.NO_REPLY,
        "in time",
        "does not count",
    ),
]


@pytest.mark.parametrize(("entry", "told", "fault", "problem", "advice"), BROKEN)
def test_a_broken_set_up_is_named_and_mended(
    entry: Record, told: Told, fault: Fault, problem: str, advice: str
) -> None:
    (diagnosis,) = told(Scene()).diagnose(entry)
    assert diagnosis.fault is fault
    assert problem in diagnosis.problem
    assert advice in diagnosis.advice
    assert diagnosis.verdict is not Verdict.OK


def test_the_right_record_needs_no_advice() -> None:
    (diagnosis,) = Scene().there(ALIAS.host, "CNAME", TARGET).diagnose(ALIAS)
    assert diagnosis.verdict is Verdict.OK
    assert (diagnosis.advice, diagnosis.visible) == ("", "")
    assert diagnosis.found == "Seen: CNAME mailer.example.net."


def test_what_was_seen_shows_the_way_over_aliases() -> None:
    over = Scene().there(TOKEN.host, "TXT", "x", chain=["a.example.org", "b.example.org"])
    (text,) = over.diagnose(TOKEN)
    assert text.found == "Seen: TXT x (over the CNAME a.example.org → b.example.org)."
    (alias,) = Scene().there(ALIAS.host, "CNAME", "a.org", chain=["a.org", TARGET]).diagnose(ALIAS)
    assert alias.found == f"Seen: CNAME a.org → {TARGET}."


def test_a_policy_of_the_domains_own_passes_for_ours() -> None:
    own = Scene().there(DMARC.host, "TXT", "v=DMARC1; p=reject")
    (diagnosis,) = own.diagnose(DMARC)
    assert (diagnosis.verdict, diagnosis.fault) == (Verdict.OK, Fault.OWN_POLICY)
    (other,) = own.diagnose(record(DMARC.host, RecordType.CNAME, DMARC.value, "return-path"))
    assert other.fault is Fault.OCCUPIED


def test_no_alias_is_asked_for_at_the_top_of_a_zone() -> None:
    top = record("example.com", RecordType.CNAME, TARGET, "return-path")
    (diagnosis,) = (
        Scene().there("example.com", "A", "192.0.2.1").diagnose(top, domain="example.com")
    )
    assert diagnosis.fault is Fault.ALIAS_AT_APEX
    assert "mail.example.com" in diagnosis.advice


def test_an_old_answer_is_waited_for() -> None:
    new = Scene().there(ALIAS.host, "CNAME", TARGET)
    old = Scene().there(ALIAS.host, "CNAME", "old.example.net")
    (diagnosis,) = old.diagnose(ALIAS, authority=new)
    assert (diagnosis.fault, diagnosis.verdict) == (Fault.OLD_ANSWER, Verdict.NOT_YET)
    assert diagnosis.visible == "Visible in about 5 minutes."


def test_a_change_is_visible_when_the_old_answer_or_the_absence_has_run_out() -> None:
    (wrong,) = Scene().there(ALIAS.host, "CNAME", "old.example.net").diagnose(ALIAS)
    assert wrong.visible.startswith("Visible at most 5 minutes after the change")
    (absent,) = Scene().ends(ALIAS.host, "CNAME", Outcome.NXDOMAIN, ttl=5400).diagnose(ALIAS)
    assert absent.visible.startswith("Visible at most 2 hours after the change")
    (unknown,) = Scene().diagnose(ALIAS)
    assert unknown.visible == "Usually visible within a few minutes of the change."


def test_a_record_of_the_set_is_not_taken_for_another_one_astray() -> None:
    below = record("_dmarc.sl.mail.example.com", RecordType.CNAME, DMARC.value, "dmarc")
    scene = Scene().there(DMARC.host, "CNAME", DMARC.value)
    diagnoses = scene.diagnose(DMARC, below)
    assert [each.fault for each in diagnoses] == [Fault.NONE, Fault.ABSENT]


def test_a_wildcard_alias_to_us_is_not_taken_for_records_astray() -> None:
    scene = Scene().there(f"{PROBE_LABEL}.sl.mail.example.com", "TXT", TOKEN.value)
    scene.there(f"{TOKEN.host}.example.com", "TXT", TOKEN.value)
    (diagnosis,) = scene.diagnose(TOKEN)
    assert diagnosis.fault is Fault.ABSENT


def test_what_is_well_asks_nothing_more() -> None:
    fine = Scene().there(ALIAS.host, "CNAME", TARGET)
    findings = check_all([ALIAS], fine.answers(questions([ALIAS])))
    assert follow_up_questions(findings, DOMAIN) == ()


def test_names_too_long_for_dns_are_not_asked() -> None:
    domain = ".".join(["a" * 50] * 4) + ".example.com"
    entry = record(f"sl.{domain}", RecordType.CNAME, TARGET)
    asked = follow_up_questions(check_all([entry], Scene().answers(questions([entry]))), domain)
    assert asked
    assert max(len(name) for name, _ in asked) <= 253


def test_texts_from_dns_stay_on_one_line_and_short() -> None:
    (diagnosis,) = Scene().there(TOKEN.host, "TXT", "a\r\nb\x00" + "c" * 5000).diagnose(TOKEN)
    for sentence in (diagnosis.found, diagnosis.problem, diagnosis.advice):
        assert sentence.isprintable()
        assert len(sentence) < 600


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (61, "2 minutes"),
        (3600, "1 hour"),
        (172800, "2 days"),
    ],
)
def test_durations_are_said_in_words(seconds: int, words: str) -> None:
    assert duration(seconds) == words


VALUES = st.sampled_from([TARGET, TOKEN.value, "v=DMARC1; p=none", "x.example.org", "{host}", ""])


@given(st.data())
def test_any_dns_is_explained_in_whole_sentences(data: st.DataObject) -> None:
    records = [ALIAS, TOKEN, DMARC, LONG]
    answers = dict(Scene().answers(questions(records)))
    findings = check_all(records, answers)
    answers.update(Scene().answers(follow_up_questions(findings, DOMAIN)))
    for question in data.draw(st.lists(st.sampled_from(sorted(answers)), max_size=8)):
        answers[question] = Answer(
            *question,
            outcome=data.draw(st.sampled_from(list(Outcome))),
            values=tuple(data.draw(st.lists(VALUES, max_size=2))),
            ttl=data.draw(st.sampled_from([0, 300])),
            chain=tuple(data.draw(st.lists(st.just("x.example.org"), max_size=2))),
        )
    findings = check_all(records, answers)
    for finding, diagnosis in zip(
        findings, diagnose_all(findings, Known(answers), domain=DOMAIN), strict=True
    ):
        told = (diagnosis.found, diagnosis.problem, diagnosis.advice, diagnosis.visible)
        assert all(not sentence or sentence[-1] == "." for sentence in told)
        assert diagnosis.found
        assert diagnosis.problem
        assert bool(diagnosis.advice) or diagnosis.fault is Fault.NONE
        if diagnosis.verdict is not finding.verdict:
            assert finding.verdict in (Verdict.NOT_YET, Verdict.WRONG)
        if diagnosis.verdict is Verdict.OK:
            assert finding.verdict is Verdict.OK or diagnosis.fault in PASSING
