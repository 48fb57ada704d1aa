"""Records are compared as DNS compares them and written as zone files write them."""

import pytest
from dns import rdatatype, zone
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.dns.errors import ValueMalformed
from posthouse.core.dns.records import (
    Record,
    RecordType,
    normal_value,
    record,
    relative_host,
    same_value,
    text_strings,
    zone_file,
    zone_line,
)


@pytest.mark.parametrize(
    ("kind", "expected", "seen"),
    [
        (RecordType.CNAME, "mailer.example.net", "Mailer.Example.NET."),
        (RecordType.CNAME, "_DMARC.mailer.example.net", "_dmarc.mailer.example.net"),
        (RecordType.TXT, "v=spf1 -all", "v=spf1 -all"),
        (RecordType.A, "192.0.2.1", " 192.0.2.1"),
        (RecordType.AAAA, "2001:db8::1", "2001:0DB8:0:0:0:0:0:1"),
        (RecordType.MX, "10 mail.example.net", "10 Mail.example.net."),
        (RecordType.CAA, '0 issue "ca.example.net"', "0 Issue ca.example.net"),
    ],
)
def test_spellings_of_one_value_are_the_same(kind: RecordType, expected: str, seen: str) -> None:
    assert same_value(kind, expected, seen)


@pytest.mark.parametrize(
    ("kind", "expected", "seen"),
    [
        (RecordType.CNAME, "mailer.example.net", "mailer.example.net.example.com"),
        (RecordType.TXT, "Token=", "token="),
        (RecordType.TXT, "token", "token "),
        (RecordType.A, "192.0.2.1", "192.0.2.10"),
        (RecordType.A, "192.0.2.1", "no address"),
        (RecordType.MX, "10 mail.example.net", "20 mail.example.net"),
    ],
)
def test_other_values_differ(kind: RecordType, expected: str, seen: str) -> None:
    assert not same_value(kind, expected, seen)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (RecordType.CNAME, "https://mailer.example.net/"),
        (RecordType.CNAME, "a..b"),
        (RecordType.CNAME, ""),
        (RecordType.CNAME, "a" * 64 + ".example.net"),
        (RecordType.A, "2001:db8::1"),
        (RecordType.AAAA, "192.0.2.1"),
        (RecordType.MX, "mail.example.net"),
        (RecordType.MX, "70000 mail.example.net"),
        (RecordType.CAA, "issue ca.example.net"),
        (RecordType.CAA, "300 issue ca.example.net"),
    ],
)
def test_a_value_without_its_types_form_is_refused(kind: RecordType, value: str) -> None:
    with pytest.raises(ValueMalformed):
        normal_value(kind, value)


def test_a_record_is_kept_in_normal_form() -> None:
    entry = record("_DMARC.Mail.example.com.", RecordType.CNAME, "Target.example.net.", "dmarc")
    assert entry == Record(
        "_dmarc.mail.example.com", RecordType.CNAME, "target.example.net", "dmarc"
    )


def test_the_relative_host_is_what_a_registrar_wants() -> None:
    assert relative_host("sl.mail.example.com", "example.com") == "sl.mail"
    assert relative_host("example.com", "example.com") == "@"
    assert relative_host("sl.myexample.com", "example.com") == "sl.myexample.com"


def test_a_long_text_is_split_at_255_octets() -> None:
    parts = text_strings("p=" + "A" * 400)
    assert [len(part) - 2 for part in parts] == [255, 147]
    assert text_strings("") == ('""',)


def test_a_zone_line_carries_full_names_and_quotes() -> None:
    entry = record("t.example.com", RecordType.TXT, 'say "a;b" \\ é', "other")
    assert zone_line(entry, 60) == ('t.example.com.\t60\tIN\tTXT\t"say \\"a;b\\" \\\\ \\195\\169"')


@given(st.text(st.characters(codec="utf-8"), max_size=600))
def test_a_zone_reader_gets_the_same_text_back(text: str) -> None:
    exported = zone_file([record("t.example.com", RecordType.TXT, text)])
    parsed = zone.from_text(exported, origin="example.com.", check_origin=False)
    strings = parsed.find_rdataset("t", rdatatype.TXT)[0].strings
    assert b"".join(strings).decode() == text
    assert all(len(part) <= 255 for part in strings)


def test_a_zone_reader_takes_every_type() -> None:
    entries = [
        record("a.example.com", RecordType.CNAME, "x.example.net"),
        record("b.example.com", RecordType.A, "192.0.2.1"),
        record("c.example.com", RecordType.AAAA, "2001:db8::1"),
        record("d.example.com", RecordType.MX, "10 mail.example.net"),
        record("e.example.com", RecordType.CAA, '0 issue "ca.example.net"'),
    ]
    parsed = zone.from_text(zone_file(entries), origin="example.com.", check_origin=False)
    assert {str(name) for name in parsed.nodes} == {"a", "b", "c", "d", "e"}
    assert zone_file([]) == ""
