"""Imported templates come to the end of the file; what stood there stays as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.dns.errors import TemplateError
from posthouse.core.dns.php_import import Converted, convert
from posthouse.core.dns.template_file import parse
from posthouse.core.dns.template_merge import TemplatesThere, merged
from tests.core.dns.test_php_import import HARBOUR
from tests.core.dns.test_template_file import SYSTEM
from tests.core.dns.test_templates import SHIPPED

SHIPPED_TEXT = SHIPPED.read_text(encoding="utf-8")
OTHERS = [each for each in convert(HARBOUR) if each.name != "Default"]


def test_new_templates_come_to_the_end_and_everything_else_stays() -> None:
    text = merged(SHIPPED_TEXT, OTHERS)
    assert text.startswith(SHIPPED_TEXT.rstrip("\n"))
    assert list(parse(text).campaign)[-2:] == ["Deep water", "Nothing"]


def test_a_name_that_is_there_is_refused() -> None:
    with pytest.raises(TemplatesThere) as refused:
        merged(SHIPPED_TEXT, convert(HARBOUR))
    assert refused.value.names == ('campaign "Default"', 'gateway "Default"')


def test_a_template_is_replaced_and_no_comment_lost() -> None:
    before = parse(SHIPPED_TEXT)
    text = merged(SHIPPED_TEXT, convert(HARBOUR), replace=True)
    after = parse(text)
    assert len(after.campaign["Default"].patterns) == 5
    assert len(after.gateway["Default"].patterns) == 1
    assert after.campaign["Octeth classic"] == before.campaign["Octeth classic"]
    assert after.system == before.system
    comments = [line for line in SHIPPED_TEXT.splitlines() if line.startswith("#")]
    assert [line for line in text.splitlines() if line.startswith("#")][: len(comments)] == comments


def test_tables_written_in_full_are_replaced_whole() -> None:
    entry = '[[campaign.A.records]]\nhost = "{}._SenderDomain_"\ntype = "A"\n'
    entry += 'value = "192.0.2.1"\npurpose = "other"\n'
    text = f"{entry.format('a')}# between\n{entry.format('b')}# after\n{SYSTEM}"
    new = Converted("campaign", "A", 0, (), "[campaign.A]\nrecords = []\n")
    result = merged(text, [new], replace=True)
    assert parse(result).campaign["A"].patterns == ()
    assert "# after" in result


def test_a_file_that_cannot_be_used_is_left_alone() -> None:
    with pytest.raises(TemplateError):
        merged("[campaign", OTHERS)


@given(st.text(alphabet="# a\n", max_size=30), st.booleans())
def test_the_result_is_always_a_file_that_can_be_used(between: str, replace: bool) -> None:
    comment = "\n".join(f"# {line}" for line in between.splitlines())
    text = f"{comment}\n[campaign.'Deep water']\nrecords = []\n{comment}\n{SYSTEM}{comment}"
    if not replace:
        with pytest.raises(TemplatesThere):
            merged(text, OTHERS)
        return
    result = merged(text, OTHERS, replace=True)
    assert list(parse(result).campaign) == ["Deep water", "Nothing"]
    assert result.count("\n# ") >= text.count("\n# ")
