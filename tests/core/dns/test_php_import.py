"""A PHP file of DNS templates becomes ours, without running it; what cannot come along is told."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.dns.errors import PhpRefused
from posthouse.core.dns.php_import import Converted, convert
from posthouse.core.dns.template_file import parse
from tests.core.dns.test_template_file import SYSTEM

HARBOUR = (Path(__file__).parent / "harbour.php").read_text()

Row = tuple[str, str, str, str]


def rows(converted: Converted) -> list[Row]:
    """The records as our own reader sees them."""
    configuration = parse(converted.text + SYSTEM)
    template = getattr(configuration, converted.section)[converted.name]
    return [(each.host, each.type.value, each.value, each.purpose) for each in template.patterns]


def only(body: str, app_domain: str = "") -> Converted:
    """The one template of a campaign function with this body."""
    head = "<?php $EmailCampaignDNSTemplates = function($AppDomain, $Subdomain, $TrackPrefix) {"
    (converted,) = convert(f"{head}{body}}};", app_domain)
    return converted


def one_host(host: str, before: str = "") -> str:
    """What an expression for a host becomes."""
    ((found, *_),) = rows(only(f"{before} return ['T' => [{host} => ['A', '192.0.2.1']]];"))
    return found


def test_a_grown_file_becomes_templates_of_our_own() -> None:
    default, deep, nothing, gateway = convert(HARBOUR)
    assert [(each.section, each.name) for each in (default, deep, nothing, gateway)] == [
        ("campaign", "Default"),
        ("campaign", "Deep water"),
        ("campaign", "Nothing"),
        ("gateway", "Default"),
    ]
    host = "{subdomain}._SenderDomain_"
    assert rows(default) == [
        (host, "CNAME", "relay.harbour.example", "return-path"),
        (f"key1._domainkey.{host}", "CNAME", "key1._domainkey.relay.harbour.example", "dkim"),
        (f"_DMARC.{host}", "CNAME", "_DMARC.relay.harbour.example", "dmarc"),
        (f"{{track_prefix}}{{merge}}{host}", "CNAME", "track.relay.harbour.example", "tracking"),
        (f"_SenderDomainRandom_.{host}", "TXT", "_SenderDomainHash_", "ownership"),
    ]
    assert rows(gateway) == [(host, "CNAME", "relay.harbour.example", "return-path")]
    assert rows(nothing) == []


def test_what_cannot_come_along_is_a_comment_with_its_line_and_its_reason() -> None:
    default, deep, *_ = convert(HARBOUR)
    assert [(each.line, each.reason[:10]) for each in default.left_out] == [(17, "a comment:")]
    reasons = {each.line: each.reason for each in deep.left_out}
    assert sorted(reasons) == [21, 22, 23, 26, 28, 30, 31]
    assert "--app-domain" in reasons[21]
    assert '"SRV" is no record type' in reasons[23]
    assert "PHP forgets" in reasons[26]
    assert "cannot be a host" in reasons[28]
    assert reasons[31].endswith("The other one is in line 24.")
    assert all(f"line {line}" in deep.text for line in reasons)


def test_escapes_are_read_and_written() -> None:
    _, deep, *_ = convert(HARBOUR, app_domain="harbour.example")
    values = {host: value for host, _, value, _ in rows(deep)}
    assert values["_SenderDomain_"] == "v=spf1 include:spf.harbour.example -all"
    assert values["note._SenderDomain_"] == 'it\'s "quoted" \\ here'
    assert values["note2._SenderDomain_"] == "tab\there ABC $5"
    assert values["in._SenderDomain_"] == "20 mx2.harbour.example"
    assert values["twice._SenderDomain_"] == "192.0.2.2"


@pytest.mark.parametrize(
    ("host", "becomes"),
    [
        ("'a.'.$Subdomain.'._SenderDomain_'", "a.{subdomain}._SenderDomain_"),
        ('"a.${Subdomain}._SenderDomain_"', "a.{subdomain}._SenderDomain_"),
        ('"a.{$Subdomain}._SenderDomain_"', "a.{subdomain}._SenderDomain_"),
        ("('a.' . ('_SenderDomain_'))", "a._SenderDomain_"),
        ("$TrackPrefix.$Subdomain.'._SenderDomain_'", "{track_prefix}{merge}{subdomain}.#"),
        ("$TrackPrefix.'.'.$Subdomain.'._SenderDomain_'", "{track_prefix}{merge}{subdomain}.#"),
        # Another sign than the installation could say stays as it is.
        ("$TrackPrefix.'--'.$Subdomain.'._SenderDomain_'", "{track_prefix}--{subdomain}.#"),
    ],
)
def test_texts_are_joined_and_variables_put_in(host: str, becomes: str) -> None:
    assert one_host(host) == becomes.replace("#", "_SenderDomain_")


def test_variables_and_entries_may_be_assigned_one_by_one() -> None:
    body = "$m = 'mailer.example.net'; $t['A']['a._SenderDomain_'] = ['CNAME', $m]; return $t;"
    assert rows(only(body)) == [("a._SenderDomain_", "CNAME", "mailer.example.net", "other")]


def test_a_mail_exchanger_without_a_preference_gets_one() -> None:
    body = "return ['T' => ['_SenderDomain_' => ['MX', 'mx.example.net']]];"
    assert rows(only(body)) == [("_SenderDomain_", "MX", "10 mx.example.net", "mx")]


HEAD = "<?php\n$EmailCampaignDNSTemplates = function($AppDomain) {\n"


@pytest.mark.parametrize(
    ("text", "line", "expected", "found"),
    [
        ("<?php $x = 1;", 1, "$EmailCampaignDNSTemplates", "neither"),
        ("", 1, "a function in", "neither"),
        ("<?php\n$EmailCampaignDNSTemplates = [];", 2, "function", "["),
        (HEAD + "if (true) { return []; } };", 3, "an assignment or a return", "if"),
        (HEAD + "return strtolower('a'); };", 3, "a text in quotes", "strtolower"),
        (HEAD + "return $Other;\n};", 3, "a variable that is known here ($AppDomain)", "$Other"),
        (HEAD + "return 'x';\n};", 3, "an array of templates", "none"),
        (HEAD + "return ['A' => 5];\n};", 3, "a template", "something else"),
        (HEAD + "return [\n'A' => [\n'h' => 'CNAME'\n]];\n};", 5, "a record", "something else"),
        (HEAD + "return ['A' => ['h' => ['A', '1'\n}", 4, "]", "}"),
        (HEAD + "return ['A' => ['h'\n. 5 => []]];", 4, "a text in quotes", "5"),
        (HEAD + "return 'x", 3, "the ' that ends this text", "the end of the file"),
        (HEAD + 'return ["\\xff" => []];};', 3, "a character of ASCII", "\\xff"),
        (HEAD + "return <<<EOT\nx\nEOT;", 3, "a text in quotes", "<"),
        (HEAD + "return " + "[" * 21, 3, "at most 20 brackets", "one more"),
        (HEAD + "return []", 3, ";", "the end of the file"),
        (HEAD.replace("$AppDomain", "$a, $b, $c, $d"), 2, "at most three", "$d"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(
    text: str, line: int, expected: str, found: str
) -> None:
    with pytest.raises(PhpRefused) as wrong:
        convert(text)
    assert (wrong.value.line, wrong.value.found) == (line, found)
    assert expected in wrong.value.expected


WORDS = """$Template $Subdomain $x = [ ] ( ) , ; . => { } return array function 'a' "$x" 'T' # //
/* */ true 5 'A' 'CNAME' '_SenderDomain_' '192.0.2.1' <?php ?> ' " \\ use"""
PIECES = st.sampled_from([*WORDS.split(), "\n"])


def test_a_text_that_doubles_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(PhpRefused, match="at most 65536 characters"):
        convert(HEAD + "$x = 'a';\n" + "$x = $x . $x;\n" * 40 + "return [];\n};")


def may_be_refused(text: str) -> None:
    try:
        for converted in convert(text):
            rows(converted)
    except PhpRefused as error:
        refused = error
    else:
        return
    assert 1 <= refused.line <= text.count("\n") + 1


@given(st.lists(PIECES, max_size=40))
def test_no_body_makes_the_reader_stumble(pieces: list[str]) -> None:
    may_be_refused(HEAD + " ".join(pieces))


@given(st.text(max_size=60))
def test_no_text_makes_the_reader_stumble(text: str) -> None:
    may_be_refused(text)
    may_be_refused(HEAD + text)


@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=12),
    st.text(st.characters(codec="utf-8"), max_size=12),
)
def test_any_name_and_any_value_come_through_or_are_told(name: str, value: str) -> None:
    def quoted(text: str) -> str:
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    record = f"'a._SenderDomain_' => ['TXT', {quoted(value)}]"
    converted = only(f"return [{quoted(name)} => [{record}]];")
    assert converted.name == name
    assert rows(converted) == [("a._SenderDomain_", "TXT", value, "other")] or converted.left_out


@given(st.integers(0, len(HARBOUR)), st.integers(0, 30))
def test_a_file_with_a_piece_missing_is_read_or_refused(start: int, length: int) -> None:
    may_be_refused(HARBOUR[:start] + HARBOUR[start + length :])
