"""What a template leaves open is told in a sentence; a whole one leaves nothing open."""

import pytest

from posthouse.core.dns.records import RecordType
from posthouse.core.dns.template_advice import made, system_warnings, warnings
from posthouse.core.dns.template_file import parse
from posthouse.core.dns.templates import RecordPattern, Template
from tests.core.dns.test_templates import SHIPPED, records, shipped


def codes(template: Template, *, tracks: bool = True) -> list[str]:
    names = {"domain": "mail.example.com", "subdomain": "sl", "prefix": "track", "merge": "-"}
    found = warnings(made(template, records(template), **names), tracks=tracks)
    assert all(each.sentence.endswith(".") and "{" not in each.sentence for each in found)
    return [each.code for each in found]


def without(purpose: str) -> Template:
    template = shipped("Default")
    kept = tuple(each for each in template.patterns if each.purpose != purpose)
    return Template("T", kept)


def beside(host: str, kind: str, value: str) -> Template:
    extra = RecordPattern(host, RecordType(kind), value, "other")
    return Template("T", (*shipped("Default").patterns, extra))


def test_the_shipped_default_leaves_only_its_example_names() -> None:
    assert codes(shipped("Default")) == ["example_left"]


def test_octeth_classic_has_nothing_at_the_from_domain() -> None:
    assert codes(shipped("Octeth classic")) == [
        "no_dkim_at_from",
        "no_dmarc_at_from",
        "example_left",
    ]


def test_an_empty_template_proves_nothing() -> None:
    assert codes(shipped("Empty")) == ["no_records"]


@pytest.mark.parametrize(
    ("purpose", "code"),
    [
        ("ownership", "no_ownership"),
        ("return-path", "no_return_path"),
        ("dkim", "no_dkim_at_from"),
        ("dmarc", "no_dmarc_at_from"),
        ("tracking", "no_tracking"),
    ],
)
def test_what_is_missing_is_told(purpose: str, code: str) -> None:
    assert codes(without(purpose)) == [code, "example_left"]


def test_an_alias_in_the_domains_own_place_is_told() -> None:
    alias = beside("_SenderDomain_", "CNAME", "mailer.harbour.example")
    assert codes(alias) == ["cname_at_from", "example_left"]


def test_two_policies_at_one_host_are_told() -> None:
    spf = [RecordPattern("_SenderDomain_", RecordType.TXT, f"v=spf1 {a} -all", "spf") for a in "ab"]
    assert "several_spf" in codes(Template("T", tuple(spf)))


def test_a_return_path_without_a_cname_needs_mx_and_spf() -> None:
    host = "{subdomain}._SenderDomain_"
    mx = RecordPattern(host, RecordType.MX, "10 mx.harbour.example", "mx")
    spf = RecordPattern(host, RecordType.TXT, "v=spf1 a -all", "spf")
    assert "no_return_path" in codes(Template("T", (mx,)))
    assert "no_return_path" not in codes(Template("T", (mx, spf)))


def test_mail_without_links_needs_no_tracking_host() -> None:
    assert codes(without("tracking"), tracks=False) == ["example_left"]


def test_example_names_in_the_system_table_are_told_once() -> None:
    system = parse(SHIPPED.read_text(encoding="utf-8")).system
    assert [each.code for each in system_warnings(system)] == ["example_left"]
