"""A mistake in the template file is reported with its line and its reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.dns.errors import (
    DuplicateTemplate,
    KeyMissing,
    KeyUnknown,
    PatternMalformed,
    PlaceholderUnknown,
    RecordTypeUnknown,
    TemplateError,
    TomlSyntaxWrong,
)
from posthouse.core.dns.template_file import parse
from posthouse.core.dns.toml_lines import find_lines

SYSTEM = """
[system]
spf = "include:spf.example.net"
dkim_selector = "key1"
dkim_public_key = ""
dmarc = "v=DMARC1; p=none"
sender_domain = "mailer.example.net"
link_tracker = "track.example.net"
open_tracker = "track.example.net"
"""


def one_record(entry: str) -> str:
    """A file whose only record stands on line 4."""
    return (
        f'# first\n[campaign."Default"] # [not this]\nrecords = [ # {{nor this}}\n  {entry},\n]\n'
    )


GOOD = '{ host = "a._SenderDomain_", type = "CNAME", value = "b.example.net", purpose = "other" }'


@pytest.mark.parametrize(
    ("entry", "error", "words"),
    [
        (GOOD.replace("CNAME", "SRV"), RecordTypeUnknown, '"SRV" is no record type'),
        (GOOD.replace("a.", "{sub}."), PlaceholderUnknown, '"{sub}" is no placeholder'),
        (GOOD.replace("a.", "{subdomain."), PlaceholderUnknown, "no placeholder"),
        (GOOD.replace("b.example", "_SendDomain_.example"), PlaceholderUnknown, "_SendDomain_"),
        (
            GOOD.replace("a._SenderDomain_", "a._senderdomain_"),
            PlaceholderUnknown,
            "no placeholder",
        ),
        (GOOD.replace('type = "CNAME", ', ""), KeyMissing, 'lacks the key "type"'),
        (GOOD.replace('"CNAME"', "5"), KeyMissing, "must be a text"),
        (GOOD.replace("purpose", "purpuse"), KeyUnknown, '"purpuse" is no key'),
        (GOOD.replace('"other"', '"fun"'), PatternMalformed, '"fun" is no purpose'),
        (GOOD.replace("a._SenderDomain_", "a.example.com"), PatternMalformed, "_SenderDomain_"),
        (GOOD.replace("a._SenderDomain_", "a_SenderDomain_"), PatternMalformed, "_SenderDomain_"),
        (GOOD.replace("b.example.net", "b..net"), PatternMalformed, "no value for a record"),
        (GOOD.replace("CNAME", "A"), PatternMalformed, "not an IP address"),
        ('"text"', KeyMissing, "must be a table"),
    ],
)
def test_a_wrong_record_is_reported_on_its_line(
    entry: str, error: type[TemplateError], words: str
) -> None:
    with pytest.raises(error) as wrong:
        parse(one_record(entry) + SYSTEM)
    assert words in wrong.value.reason
    # An entry that is no table has no line of its own: the template's is told.
    assert wrong.value.line == (2 if entry == '"text"' else 4)


@pytest.mark.parametrize(
    ("text", "error", "line", "words"),
    [
        ("a = [\n1,\n2\n", TomlSyntaxWrong, 4, "not TOML"),
        ('[system]\nspf = "a"\nspf = "b"\n', TomlSyntaxWrong, 3, "not TOML"),
        ('[campaign."A b"]\nrecords=[]\n[campaign."A b"]\n', DuplicateTemplate, 3, '"A b"'),
        ("[campagne.A]\nrecords = []\n" + SYSTEM, KeyUnknown, 1, '"campagne"'),
        ("\n[campaign.A]\n" + SYSTEM, KeyMissing, 2, "list named records"),
        ("\n[gateway.A]\nrecords = 5\n" + SYSTEM, KeyMissing, 2, "list named records"),
        ("campaign = 5\n" + SYSTEM, KeyMissing, 1, "must be a table"),
        ("\n[campaign.A]\nrecords=[]\n", KeyMissing, 1, "[system] is missing"),
        (SYSTEM.replace("spf =", "spv ="), KeyUnknown, 2, '"spv"'),
        (SYSTEM.replace('spf = "include:spf.example.net"\n', ""), KeyMissing, 2, '"spf"'),
    ],
)
def test_a_wrong_file_is_reported_with_line_and_reason(
    text: str, error: type[TemplateError], line: int, words: str
) -> None:
    with pytest.raises(error) as wrong:
        parse(text)
    assert (wrong.value.line, words in wrong.value.reason) == (line, True)
    assert str(wrong.value) == f"line {line}: {wrong.value.reason}"


def test_tables_written_in_full_are_read_too() -> None:
    text = """
[[campaign."Default".records]]
host = "a._SenderDomain_"
type = "cname"
value = "b.example.net"
purpose = "other"

[[campaign."Default".records]]
host = "a._SenderDomain_"
type = "CNAME"
value = "_SenderDomian_.example.net"
purpose = "other"
"""
    with pytest.raises(PlaceholderUnknown) as wrong:
        parse(text + SYSTEM)
    assert wrong.value.line == 8
    repaired = parse(text.replace("_SenderDomian_", "_SenderDomain_") + SYSTEM)
    assert len(repaired.campaign["Default"].patterns) == 2


def test_brackets_in_strings_and_comments_are_not_tables() -> None:
    lines = find_lines(
        'a = "{ [x] }" # {\nb = \'[\'\nc = """\n[no]\n{"""\n[d]\ne = [\n{ f = 1 },\n]\n'
    )
    assert lines.headers == {("d",): 6}
    assert lines.entries == {("d",): [8]}


@given(st.lists(st.sampled_from(["", "# {", "  # x"]), min_size=1, max_size=8))
def test_lines_are_right_whatever_stands_between(filler: list[str]) -> None:
    between = "\n".join(filler)
    bad = GOOD.replace("CNAME", "XX")
    text = f"{between}\n[campaign.A]\nrecords = [\n{GOOD},\n{between}\n{bad},\n]\n" + SYSTEM
    with pytest.raises(RecordTypeUnknown) as wrong:
        parse(text)
    assert text.splitlines()[wrong.value.line - 1] == f"{bad},"


@given(st.text(alphabet='[]{}".=#a\n ', max_size=60))
def test_no_text_makes_the_reader_stumble(text: str) -> None:
    with pytest.raises(TemplateError):
        parse(text)
