"""Content: versions that never change, and the checks beside them."""

from collections.abc import Iterator

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM, member_of
from posthouse.accounts.models import Account, AuditRecord, User
from posthouse.accounts.permissions import NotAllowed
from posthouse.content.checks import Check, Weight, bare_fields, check_parts
from posthouse.content.models import ContentVersion
from posthouse.content.parts import LONGEST_PART, Parts
from posthouse.content.services import parts_of, save_version
from tests.campaigns import ATTACKS, refusal

PARTS = {"subject": "Hello", "preheader": "News", "html": "<p>Hi</p>", "text": "Hi"}
LINKED = "<p>Hi {{ first_name }}</p><a href='https://example.com/u'>Unsubscribe</a>"


@pytest.fixture
def inside(account: Account) -> Iterator[Account]:
    with access.tenant(account):
        yield account


def save(account: Account, **changed: str) -> ContentVersion:
    return save_version(SYSTEM, account, **(PARTS | changed))


def checks(parts: Parts, weight: Weight) -> dict[str, str]:
    found = check_parts(parts, {"email", "first_name"})
    return {check.field: check.sentence for check in found if check.weight is weight}


def test_what_was_written_is_kept_as_a_version(inside: Account) -> None:
    version = save(inside)
    assert parts_of(version) == Parts(**PARTS)
    assert AuditRecord.objects.filter(verb="content.save").count() == 1


def test_the_same_parts_are_the_same_version(inside: Account) -> None:
    assert save(inside) == save(inside, html="<p>Hi</p>\r\n".replace("\r\n", ""))
    assert ContentVersion.objects.count() == 1


def test_a_change_makes_a_new_version_and_leaves_the_old(inside: Account) -> None:
    old, new = save(inside), save(inside, html="<p>Bye</p>")
    old.refresh_from_db()
    assert old.html == "<p>Hi</p>"
    assert new.html == "<p>Bye</p>"


def test_parts_are_not_confused_with_each_other(inside: Account) -> None:
    first = save(inside, subject="a", preheader="bc")
    assert first != save(inside, subject="ab", preheader="c")


def test_other_accounts_have_versions_of_their_own(inside: Account, other_account: Account) -> None:
    mine = save(inside)
    with access.tenant(other_account):
        assert save(other_account) != mine


def test_line_ends_of_browsers_make_no_difference(inside: Account) -> None:
    assert save(inside, text="a\r\nb\rc") == save(inside, text="a\nb\nc")


def test_viewers_write_nothing(inside: Account, viewer: User) -> None:
    actor = member_of(viewer, inside)
    assert actor is not None
    with pytest.raises(NotAllowed, match="Manager"):
        save_version(actor, inside, **PARTS)


@pytest.mark.parametrize("part", ["subject", "preheader"])
@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\x00b", "a\x85b", "a\u2028b", "a\tb"])
def test_lines_with_breaks_are_refused_in_words(inside: Account, part: str, text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        save(inside, **{part: text})
    assert "one line" in refused.value.message_dict[part][0]


@pytest.mark.parametrize(
    ("part", "text", "words"),
    [
        ("subject", "x" * 999, "998"),
        ("preheader", "x" * 251, "250"),
        ("html", "a\nb\x00", "Line 2 contains a NUL character"),
        ("text", "\x1b[2J", "U+001B"),
        ("html", "\ud800", "U+D800"),
        ("html", "x" * (LONGEST_PART + 1), "1,000,000"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_field(
    inside: Account, part: str, text: str, words: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        save(inside, **{part: text})
    assert words in refused.value.message_dict[part][0]
    assert list(refused.value.message_dict) == [part]


@pytest.mark.parametrize("part", list(PARTS))
@pytest.mark.parametrize("attack", list(ATTACKS))
def test_attacks_are_refused_or_kept_as_they_are(inside: Account, part: str, attack: str) -> None:
    text = ATTACKS[attack]
    refused = refusal(lambda: save(inside, **{part: text}))
    if refused is not None:
        assert list(refused.message_dict) == [part]
        return
    version = ContentVersion.objects.get()
    assert getattr(version, part) == text.replace("\r\n", "\n").replace("\r", "\n")
    check_parts(parts_of(version), {"email"})


def test_a_finished_message_has_nothing_against_it() -> None:
    parts = Parts("Hello {{ first_name }}", "", LINKED, "")
    assert checks(parts, Weight.STOPS) == {}
    assert checks(parts, Weight.ADVICE) == {}
    fine = checks(parts, Weight.FINE)
    assert "Gmail" in fine["html"]
    assert "made from the HTML" in fine["text"]


def test_an_empty_message_is_stopped_at_its_fields() -> None:
    assert set(checks(Parts(), Weight.STOPS)) == {"subject", "html"}


def test_merge_problems_name_line_and_field() -> None:
    parts = Parts("Hi", "", f"{LINKED}\n<p>{{{{ first_name", "")
    sentence = checks(parts, Weight.STOPS)["html"]
    assert "Line 2" in sentence
    assert "first_name" in sentence


def test_unknown_fields_are_named_with_the_nearest_known() -> None:
    parts = Parts("Hi {{ first_nmae }}", "", LINKED, "")
    assert "Did you mean “first_name”?" in checks(parts, Weight.ADVICE)["subject"]


def test_what_gmail_cuts_off_is_told() -> None:
    parts = Parts("Hi", "", LINKED + "x" * 102_000, "")
    assert "Gmail cuts it off" in checks(parts, Weight.ADVICE)["html"]


def test_a_message_without_a_way_out_is_told() -> None:
    parts = Parts("Hi", "", "<p>Hi</p>", "")
    assert "unsubscribe" in checks(parts, Weight.ADVICE)["html"]


def test_fields_without_a_default_are_found() -> None:
    html = '{{ a }} {{ b | default: "x" }} {{ b | upcase | default: "x" }} {{ email }}'
    assert bare_fields(Parts("{{ c }}", "", html, "")) == ["a", "c"]


@given(st.builds(Parts, st.text(), st.text(), st.text(), st.text()))
def test_any_text_can_be_checked(parts: Parts) -> None:
    assert all(isinstance(check, Check) for check in check_parts(parts, {"email"}))
    bare_fields(parts)


@given(
    st.tuples(st.text("ab"), st.text("ab"), st.text("ab"), st.text("ab")),
    st.tuples(st.text("ab"), st.text("ab"), st.text("ab"), st.text("ab")),
)
def test_digests_are_equal_exactly_for_equal_parts(
    one: tuple[str, str, str, str], other: tuple[str, str, str, str]
) -> None:
    assert (Parts(*one).digest == Parts(*other).digest) == (one == other)
