"""Templates ask for DKIM keys of a domain's own, and only where receivers can check them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.dns.errors import PatternMalformed
from posthouse.core.dns.own_keys import Algorithm, PublicKey, new_selector
from posthouse.core.dns.records import Record, RecordType
from posthouse.core.dns.template_file import parse
from posthouse.core.dns.templates import Template, generate
from tests.core.dns.test_template_file import SYSTEM

SHIPPED = Path(__file__).parents[3] / "config" / "dns.toml"
RSA = PublicKey(Algorithm.RSA, "phaaaaaaaa", "UlNB")
ED = PublicKey(Algorithm.ED25519, "phbbbbbbbb", "RWQyNTUxOQ==")

RSA_HOST, RSA_VALUE = "{dkim_selector}._domainkey._SenderDomain_", "k=rsa; p={dkim_public_key}"
ED_HOST = "{dkim_selector_ed25519}._domainkey._SenderDomain_"
ED_VALUE = "v=DKIM1; k=ed25519; p={dkim_public_key_ed25519}"


def shipped(name: str) -> Template:
    return parse(SHIPPED.read_text(encoding="utf-8")).campaign[name]


def records(template: Template, *keys: PublicKey) -> tuple[Record, ...]:
    return generate(
        template,
        domain="mail.example.com",
        subdomain="sl",
        track_prefix="track",
        track_merge="-",
        tracking_subdomain=True,
        random="abcdefghij",
        ownership_hash="x",
        keys=keys,
    )


def file_of(*rows: tuple[str, str, str]) -> str:
    """A file whose records stand on the lines 3, 4, ...: host, type and value of each."""
    entries = "".join(
        f"{{ host = '{host}', type = '{kind}', value = '{value}', purpose = 'dkim' }},\n"
        for host, kind, value in rows
    )
    return f"[campaign.A]\nrecords = [\n{entries}]\n{SYSTEM}"


def test_the_shipped_template_publishes_both_keys_at_the_from_domain() -> None:
    template = shipped("Own keys")
    keys = [each for each in records(template, RSA, ED) if each.purpose == "dkim"]
    assert template.keys == (Algorithm.RSA, Algorithm.ED25519)
    assert keys == [
        Record(
            "phaaaaaaaa._domainkey.mail.example.com",
            RecordType.TXT,
            "v=DKIM1; k=rsa; p=UlNB",
            "dkim",
        ),
        Record(
            "phbbbbbbbb._domainkey.mail.example.com",
            RecordType.TXT,
            "v=DKIM1; k=ed25519; p=RWQyNTUxOQ==",
            "dkim",
        ),
    ]


def test_the_others_ask_for_no_key() -> None:
    assert [shipped(name).keys for name in ("Default", "Octeth classic", "Empty")] == [()] * 3


def test_a_key_that_is_not_given_has_no_record() -> None:
    template = shipped("Own keys")
    everything = records(template, RSA, ED)
    assert [each for each in everything if each.purpose != "dkim"] == list(records(template))
    assert len(records(template, RSA)) == len(everything) - 1


@pytest.mark.parametrize(
    ("host", "kind", "value", "words"),
    [
        (RSA_HOST, "TXT", "v=DKIM1; p=AAAA", "needs both"),
        ("key1._domainkey._SenderDomain_", "TXT", RSA_VALUE, "needs both"),
        (RSA_HOST, "TXT", RSA_VALUE + "; n={dkim_selector}", "into the host"),
        (RSA_HOST, "TXT", ED_VALUE, "one key"),
        (RSA_HOST, "CNAME", "{dkim_public_key}.example.net", "published as TXT"),
        (RSA_HOST, "TXT", RSA_VALUE, "published as TXT"),
        (RSA_HOST, "TXT", "v=DKIM1; k=ed25519; p={dkim_public_key}", "k=rsa"),
        (RSA_HOST, "TXT", "v=DKIM1; k=rsa; p=A{dkim_public_key}", "k=rsa"),
        (ED_HOST, "TXT", "v=DKIM1; p={dkim_public_key_ed25519}", "k=ed25519"),
        ("{dkim_selector}._SenderDomain_", "TXT", f"v=DKIM1; {RSA_VALUE}", "_domainkey: begin"),
        ("{dkim_selector}._domainkey.{subdomain}._SenderDomain_", "TXT", f"v=DKIM1; {RSA_VALUE}",
         "signed for the From domain"),
        (ED_HOST, "TXT", ED_VALUE, "the RSA key"),
    ],
)  # fmt: skip
def test_a_key_that_receivers_could_not_use_is_refused_on_its_line(
    host: str, kind: str, value: str, words: str
) -> None:
    other = ("a._SenderDomain_", "TXT", "other")
    with pytest.raises(PatternMalformed) as wrong:
        parse(file_of(other, (host, kind, value)))
    assert wrong.value.line == 4
    assert words in wrong.value.reason


def test_k_may_be_left_out_and_the_key_stand_at_the_return_path_too() -> None:
    value = "v=DKIM1; t=s; p={dkim_public_key}"
    beside = "{dkim_selector}._domainkey.{subdomain}._SenderDomain_"
    template = parse(file_of((beside, "TXT", value), (RSA_HOST, "TXT", value))).campaign["A"]
    assert [each.host for each in records(template, RSA)] == [
        "phaaaaaaaa._domainkey.sl.mail.example.com",
        "phaaaaaaaa._domainkey.mail.example.com",
    ]


@given(st.binary(min_size=5, max_size=5))
def test_a_selector_is_a_label_that_begins_with_our_letters(entropy: bytes) -> None:
    selector = new_selector(entropy)
    assert selector.startswith("ph")
    assert len(selector) == 10
    assert set(selector[2:]) <= set("abcdefghijklmnopqrstuvwxyz234567")


def test_a_selector_needs_five_octets() -> None:
    with pytest.raises(ValueError, match="5 octets"):
        new_selector(b"1234")
