"""A mistake in the template file is reported with its line and its reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.dns.errors import (
    DuplicateTemplate,
    KeyMissing,
    KeyUnknown,
    PatternMalformed,
    PatternsClash,
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
        (
            "\n[campaign.A]\nrecords = [" + "1," * 101 + "]\n" + SYSTEM,
            PatternMalformed,
            2,
            "101",
        ),
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
host = "b._SenderDomain_"
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


def pair(*fields: str) -> str:
    """A file whose two records stand on the lines 3 and 4: host, type and value of each."""
    entries = "\n".join(
        f"{{ host = '{h}', type = '{t}', value = '{v}', purpose = 'other' }},"
        for h, t, v in (fields[:3], fields[3:])
    )
    return f"[campaign.A]\nrecords = [\n{entries}\n]\n" + SYSTEM


CLASHES = {
    "two CNAMEs": ("a._SenderDomain_", "CNAME", "x.net", "a._SenderDomain_", "CNAME", "y.net"),
    "in other letters": (
        "_DMARC._SenderDomain_",
        "CNAME",
        "x.net",
        "_dmarc._SenderDomain_",
        "CNAME",
        "y.net",
    ),
    "TXT after CNAME": ("a._SenderDomain_", "CNAME", "x.net", "a._SenderDomain_", "TXT", "v=1"),
    "MX before CNAME": ("_SenderDomain_", "MX", "10 x.net", "_SenderDomain_", "CNAME", "y.net"),
    "one is made by a setting": (
        "sl._SenderDomain_",
        "A",
        "192.0.2.1",
        "{subdomain}._SenderDomain_",
        "CNAME",
        "y.net",
    ),
    "MX to an alias": (
        "a._SenderDomain_",
        "CNAME",
        "x.net",
        "_SenderDomain_",
        "MX",
        "10 A._SenderDomain_",
    ),
    "twice the same": ("A._SenderDomain_", "CNAME", "X.net", "a._SenderDomain_", "CNAME", "x.net."),
}


@pytest.mark.parametrize("rows", CLASHES.values(), ids=CLASHES)
def test_two_records_that_no_zone_can_hold_are_refused_on_the_line_of_the_second(
    rows: tuple[str, str, str, str, str, str],
) -> None:
    with pytest.raises(PatternsClash) as wrong:
        parse(pair(*rows))
    assert wrong.value.line == 4
    assert "line 3" in wrong.value.reason


@pytest.mark.parametrize(
    "rows",
    [
        ("a._SenderDomain_", "TXT", "v=1", "a._SenderDomain_", "TXT", "V=1"),
        ("a._SenderDomain_", "A", "192.0.2.1", "a._SenderDomain_", "AAAA", "2001:db8::1"),
        ("_SenderDomain_", "MX", "10 x.net", "_SenderDomain_", "MX", "20 y.net"),
        # What a setting makes equal is one record; another setting parts them.
        ("sl._SenderDomain_", "CNAME", "x.net", "{subdomain}._SenderDomain_", "CNAME", "x.net"),
    ],
)
def test_records_that_may_stand_together_are_taken(
    rows: tuple[str, str, str, str, str, str],
) -> None:
    assert len(parse(pair(*rows)).campaign["A"].patterns) == 2


@pytest.mark.parametrize(
    ("label", "fits"), [("a" * 63, True), ("a" * 64, False), ("", False), ("b." * 60 + "c", True)]
)
def test_a_label_has_one_to_63_characters(label: str, fits: bool) -> None:
    text = one_record(GOOD.replace('"a.', f'"{label}.')) + SYSTEM
    if fits:
        assert parse(text).campaign
        return
    with pytest.raises(PatternMalformed, match="over 63 characters"):
        parse(text)


@pytest.mark.parametrize(
    "host", ["a b._SenderDomain_", "a/b._SenderDomain_", "*._SenderDomain_", "-a._SenderDomain_"]
)
def test_a_host_that_is_no_name_is_refused(host: str) -> None:
    with pytest.raises(PatternMalformed):
        parse(one_record(GOOD.replace("a._SenderDomain_", host)) + SYSTEM)


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
