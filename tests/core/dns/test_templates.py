"""A template becomes the records of a domain, in normal form."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.dns.errors import NameRefused, RecordsClash
from posthouse.core.dns.names import mfrom_host, tracking_host
from posthouse.core.dns.records import Record, RecordType
from posthouse.core.dns.template_file import parse
from posthouse.core.dns.templates import RecordPattern, Template, generate

SHIPPED = Path(__file__).parents[3] / "config" / "dns.toml"
LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)


def shipped(name: str) -> Template:
    return parse(SHIPPED.read_text(encoding="utf-8")).campaign[name]


def records(
    template: Template,
    domain: str = "mail.example.com",
    *,
    prefix: str = "track",
    tracking: bool = True,
) -> tuple[Record, ...]:
    return generate(
        template,
        domain=domain,
        subdomain="sl",
        track_prefix=prefix,
        track_merge="-",
        tracking_subdomain=tracking,
        random="abcdefghij",
        ownership_hash="Zm9v/+=",
    )


def test_the_default_covers_the_from_domain_and_the_mfrom_host() -> None:
    hosts = {(entry.purpose, entry.host) for entry in records(shipped("Default"))}
    assert hosts == {
        ("return-path", "sl.mail.example.com"),
        ("dkim", "key1._domainkey.mail.example.com"),
        ("dkim", "key1._domainkey.sl.mail.example.com"),
        ("dmarc", "_dmarc.mail.example.com"),
        ("dmarc", "_dmarc.sl.mail.example.com"),
        ("tracking", "track-sl.mail.example.com"),
        ("ownership", "abcdefghij.sl.mail.example.com"),
    }


def test_octeth_classic_is_the_five_record_set() -> None:
    assert records(shipped("Octeth classic")) == (
        Record("sl.mail.example.com", RecordType.CNAME, "mailer.example.net", "return-path"),
        Record(
            "key1._domainkey.sl.mail.example.com",
            RecordType.CNAME,
            "key1._domainkey.mailer.example.net",
            "dkim",
        ),
        Record(
            "_dmarc.sl.mail.example.com",
            RecordType.CNAME,
            "_dmarc.mailer.example.net",
            "dmarc",
        ),
        Record(
            "track-sl.mail.example.com", RecordType.CNAME, "track.mailer.example.net", "tracking"
        ),
        Record("abcdefghij.sl.mail.example.com", RecordType.TXT, "Zm9v/+=", "ownership"),
    )


def test_the_empty_template_asks_for_nothing_and_proves_nothing() -> None:
    empty = shipped("Empty")
    assert empty.is_empty
    assert not empty.proves_ownership
    assert records(empty) == ()
    assert shipped("Default").proves_ownership


def test_gateway_templates_and_system_values_are_read() -> None:
    configuration = parse(SHIPPED.read_text(encoding="utf-8"))
    assert list(configuration.gateway) == ["Default", "Own keys", "Octeth classic", "Empty"]
    assert configuration.system.dkim_selector == "key1"
    assert configuration.system.sender_domain == "mailer.example.net"


def test_without_a_tracking_subdomain_its_record_is_dropped() -> None:
    purposes = [entry.purpose for entry in records(shipped("Default"), tracking=False)]
    assert "tracking" not in purposes
    assert len(purposes) == 6


def test_a_tracking_record_is_known_by_its_host_too() -> None:
    literal = RecordPattern("track-sl._SenderDomain_", RecordType.CNAME, "t.example.net", "other")
    assert records(Template("t", (literal,)), tracking=False) == ()


def test_a_placeholder_inside_a_value_is_not_filled_again() -> None:
    pattern = RecordPattern("_SenderDomain_", RecordType.TXT, "_SenderDomainHash_", "ownership")
    (entry,) = generate(
        Template("t", (pattern,)),
        domain="example.com",
        subdomain="sl",
        track_prefix="track",
        track_merge="-",
        tracking_subdomain=True,
        random="r",
        ownership_hash="{subdomain}_SenderDomain_",
    )
    assert entry.value == "{subdomain}_SenderDomain_"


def test_a_domain_too_long_for_its_records_is_refused() -> None:
    domain = ".".join(["a" * 59] * 4) + ".example.com"
    with pytest.raises(NameRefused, match="longer than 253"):
        records(shipped("Default"), domain)


@pytest.mark.parametrize(
    ("length", "fits"),
    [(253 - len(".sl.example.com"), True), (254 - len(".sl.example.com"), False)],
)
def test_a_host_of_253_characters_is_the_longest(length: int, fits: bool) -> None:
    """253 characters are 255 octets on the wire, RFC 1035 section 2.3.4."""
    labels = ".".join(["a" * 49] * 5)[: length - 1] + "b"
    pattern = RecordPattern(f"{labels}.sl._SenderDomain_", RecordType.A, "192.0.2.1", "other")
    if not fits:
        with pytest.raises(NameRefused, match="longer than 253"):
            records(Template("t", (pattern,)), "example.com")
        return
    (entry,) = records(Template("t", (pattern,)), "example.com")
    assert len(entry.host) == 253


def test_settings_that_bring_two_cnames_to_one_host_are_refused() -> None:
    tracking = "{track_prefix}{merge}{subdomain}._SenderDomain_"
    patterns = (
        RecordPattern("assets-sl._SenderDomain_", RecordType.CNAME, "cdn.example.net", "other"),
        RecordPattern(tracking, RecordType.CNAME, "track.example.net", "tracking"),
    )
    assert len(records(Template("t", patterns))) == 2
    with pytest.raises(RecordsClash, match="two CNAME records") as refused:
        records(Template("t", patterns), prefix="assets")
    assert refused.value.host == "assets-sl.mail.example.com"
    assert records(Template("t", patterns), prefix="assets", tracking=False) == ()


@given(domain=LABELS, subdomain=LABELS, prefix=LABELS, merge=st.sampled_from(["-", ".", ""]))
def test_the_records_stand_where_mail_and_links_point(
    domain: str, subdomain: str, prefix: str, merge: str
) -> None:
    name = f"{domain}.example.com"
    made = generate(
        shipped("Default"),
        domain=name,
        subdomain=subdomain,
        track_prefix=prefix,
        track_merge=merge,
        tracking_subdomain=True,
        random="abcdefghij",
        ownership_hash="x",
    )
    hosts = {entry.host for entry in made}
    assert mfrom_host(name, subdomain) in hosts
    assert tracking_host(name, subdomain, prefix, merge) in hosts
    assert all(host == name or host.endswith(f".{name}") for host in hosts)
