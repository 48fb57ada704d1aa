"""A record passes when its value is seen; trouble with DNS is not held against it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.dns.answers import TEMPORARY, Answer, Outcome
from posthouse.core.dns.records import Record, RecordType, record
from posthouse.core.verification.checks import (
    CheckResult,
    Verdict,
    check,
    check_all,
    questions,
    result,
)
from tests.core.verification.scenes import ALIAS, DMARC, TOKEN, Scene


def verdict(scene: Scene, entry: Record = ALIAS) -> Verdict:
    return check(entry, scene.answers(questions([entry]))).verdict


def test_the_right_record_passes() -> None:
    assert verdict(Scene().there(ALIAS.host, "CNAME", "Mailer.Example.NET.")) is Verdict.OK
    assert verdict(Scene().there(TOKEN.host, "TXT", TOKEN.value), TOKEN) is Verdict.OK


def test_an_alias_may_reach_its_target_over_others() -> None:
    chain = ["a.example.com", "b.example.com", "mailer.example.net"]
    assert verdict(Scene().there(ALIAS.host, "CNAME", chain[0], chain=chain)) is Verdict.OK


def test_the_right_alias_passes_though_the_way_behind_it_is_broken() -> None:
    broken = Scene().ends(ALIAS.host, "CNAME", Outcome.SERVFAIL, ["mailer.example.net"])
    assert verdict(broken) is Verdict.OK


def test_another_alias_whose_way_cannot_be_followed_is_left_open() -> None:
    broken = Scene().ends(ALIAS.host, "CNAME", Outcome.TIMEOUT, ["cdn.example.org"])
    assert verdict(broken) is Verdict.COULD_NOT_CHECK


def test_one_of_several_texts_is_enough() -> None:
    several = Scene().there(TOKEN.host, "TXT", "something else", TOKEN.value)
    assert verdict(several, TOKEN) is Verdict.OK


def test_a_second_policy_of_the_same_kind_spoils_the_first() -> None:
    spf = record("example.com", RecordType.TXT, "v=spf1 include:spf.example.net -all", "spf")
    two = Scene().there("example.com", "TXT", spf.value, "V=SPF1 -all")
    assert check(spf, two.answers(questions([spf]))).verdict is Verdict.WRONG
    other = Scene().there("example.com", "TXT", spf.value, "v=dmarc1; p=none", "site=1")
    assert check(spf, other.answers(questions([spf]))).verdict is Verdict.OK


@pytest.mark.parametrize("outcome", [Outcome.NXDOMAIN, Outcome.NODATA])
def test_what_is_absent_is_not_there_yet(outcome: Outcome) -> None:
    assert verdict(Scene().ends(ALIAS.host, "CNAME", outcome)) is Verdict.NOT_YET


def test_a_circle_is_wrong() -> None:
    circle = Scene().ends(ALIAS.host, "CNAME", Outcome.LOOP, ["a.example.com", ALIAS.host])
    assert verdict(circle) is Verdict.WRONG


def test_a_wildcard_text_does_not_pass_for_the_token() -> None:
    assert verdict(Scene().there(TOKEN.host, "TXT", "wild"), TOKEN) is Verdict.WRONG


def test_a_question_that_nobody_answered_could_not_be_checked() -> None:
    assert check(ALIAS, {}).verdict is Verdict.COULD_NOT_CHECK


@given(st.sampled_from(sorted(TEMPORARY)), st.sampled_from([ALIAS, TOKEN, DMARC]))
def test_trouble_with_dns_never_fails_a_domain(outcome: Outcome, entry: Record) -> None:
    answer = Answer(entry.host, entry.type.value, outcome)
    finding = check(entry, {(entry.host, entry.type.value): answer})
    assert result([finding.verdict, Verdict.OK]) is CheckResult.COULD_NOT_CHECK


@given(st.lists(st.sampled_from(list(Verdict))))
def test_a_domain_passes_only_when_all_its_records_do(verdicts: list[Verdict]) -> None:
    whole = result(verdicts)
    assert (whole is CheckResult.VERIFIED) == all(each is Verdict.OK for each in verdicts)
    surely_bad = {Verdict.NOT_YET, Verdict.WRONG} & set(verdicts)
    assert (whole is CheckResult.FAILED) == bool(surely_bad)


def test_each_question_is_asked_once_and_findings_keep_the_order() -> None:
    records = [TOKEN, ALIAS, record(ALIAS.host, RecordType.CNAME, "x.example.net"), DMARC]
    assert questions(records) == (
        (TOKEN.host, "TXT"),
        (ALIAS.host, "CNAME"),
        (DMARC.host, "CNAME"),
    )
    assert [finding.record for finding in check_all(records, {})] == records
