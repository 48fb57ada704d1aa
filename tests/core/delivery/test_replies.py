"""What a reply means: who is blamed, what happens to the delivery, what to the server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.delivery.replies import Blame, Effect, Stage, judge
from posthouse.core.delivery.states import Result

TRANSACTION = (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.END)


@pytest.mark.parametrize(
    ("stage", "code", "enhanced", "result", "blame"),
    [
        ("end", 250, "2.0.0", "accepted", "nobody"),
        ("end", 250, "", "accepted", "nobody"),
        ("mail", 451, "4.3.0", "deferred", "server"),
        ("mail", 550, "5.7.1", "deferred", "server"),
        ("mail", 550, "5.1.0", "deferred", "sender"),
        ("mail", 553, "5.1.8", "deferred", "sender"),
        ("mail", 530, "5.7.0", "deferred", "server"),
        ("mail", 552, "5.3.4", "failed", "message"),
        ("rcpt", 550, "5.1.1", "failed", "recipient"),
        ("rcpt", 550, "", "failed", "recipient"),
        ("rcpt", 551, "5.1.6", "failed", "recipient"),
        ("rcpt", 553, "5.1.3", "failed", "recipient"),
        ("rcpt", 550, "5.2.1", "failed", "recipient"),
        ("rcpt", 552, "5.2.2", "failed", "mailbox"),
        ("rcpt", 552, "", "failed", "mailbox"),
        ("rcpt", 550, "5.1.8", "deferred", "sender"),
        ("rcpt", 554, "5.7.1", "failed", "sender"),
        ("rcpt", 503, "5.5.1", "deferred", "server"),
        ("rcpt", 450, "4.2.0", "deferred", "mailbox"),
        ("rcpt", 451, "4.7.1", "deferred", "sender"),
        ("rcpt", 452, "4.3.1", "deferred", "server"),
        ("data", 451, "", "deferred", "server"),
        ("data", 554, "5.5.1", "failed", "message"),
        ("data", 550, "5.7.1", "failed", "sender"),
        ("end", 451, "4.7.1", "deferred", "sender"),
        ("end", 452, "", "deferred", "server"),
        ("end", 550, "5.7.515", "failed", "sender"),
        ("end", 550, "5.1.1", "failed", "recipient"),
        ("end", 554, "", "failed", "message"),
        ("end", 571, "", "failed", "message"),
        ("reset", 250, "", "deferred", "nobody"),
    ],
)
def test_replies_are_judged_by_stage_and_code(
    stage: str, code: int, enhanced: str, result: str, blame: str
) -> None:
    verdict = judge(Stage(stage), code, enhanced)
    assert (verdict.result, verdict.blame) == (result, blame)


codes = st.integers(400, 599)
enhanced = st.one_of(
    st.just(""),
    st.builds("{}.{}.{}".format, st.integers(4, 5), st.integers(0, 9), st.integers(0, 999)),
)


@given(st.sampled_from(Stage), codes, enhanced)
def test_a_refusal_is_never_an_acceptance_and_never_uncertain(
    stage: Stage, code: int, enhanced: str
) -> None:
    assert judge(stage, code, enhanced).result not in {Result.ACCEPTED, Result.UNCERTAIN}


@given(st.sampled_from(TRANSACTION), st.integers(400, 499), enhanced)
def test_a_temporary_refusal_is_never_final(stage: Stage, code: int, enhanced: str) -> None:
    assert judge(stage, code, enhanced).result is Result.DEFERRED


@given(st.sampled_from((Stage.CONNECT, Stage.TLS, Stage.HELLO, Stage.AUTH)), codes, enhanced)
def test_before_the_first_mail_only_the_server_is_to_blame(
    stage: Stage, code: int, enhanced: str
) -> None:
    verdict = judge(stage, code, enhanced)
    assert verdict.result is Result.UNTOUCHED
    assert (verdict.blame, verdict.effect) == (Blame.SERVER, Effect.PAUSE)


@given(st.sampled_from(Stage), st.sampled_from((421, 530, 535)), enhanced)
def test_421_and_sign_in_errors_never_blame_the_recipient(
    stage: Stage, code: int, enhanced: str
) -> None:
    verdict = judge(stage, code, enhanced)
    assert verdict.blame is Blame.SERVER
    assert verdict.effect is not Effect.NONE


@given(codes, enhanced)
def test_nothing_said_to_mail_blames_the_recipient(code: int, enhanced: str) -> None:
    assert judge(Stage.MAIL, code, enhanced).blame not in {Blame.RECIPIENT, Blame.MAILBOX}


@given(st.integers(550, 559), enhanced)
def test_a_verdict_on_content_never_pauses_the_server(code: int, enhanced: str) -> None:
    assert judge(Stage.END, code, enhanced).effect is Effect.NONE
