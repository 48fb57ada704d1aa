"""Names are compared in one form; hosts follow from a domain and its settings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.dns.errors import SettingRefused
from posthouse.core.dns.names import (
    checked_settings,
    mfrom_host,
    normal_name,
    registered_domain,
    tracking_host,
)


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("Mail.Example.COM", "mail.example.com"),
        ("mail.example.com.", "mail.example.com"),
        ("  mail.example.com\n", "mail.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("例え。example", "xn--r8jz45g.example"),
        ("_dmarc.Bücher.example", "_dmarc.xn--bcher-kva.example"),
    ],
)
def test_one_form_for_all_spellings_of_a_name(typed: str, normal: str) -> None:
    assert normal_name(typed) == normal


@given(st.text())
def test_normal_form_takes_anything_and_is_final(text: str) -> None:
    once = normal_name(text)
    if once.isascii() and once.strip() == once and not once.endswith("."):
        assert normal_name(once) == once


def test_the_registered_domain_is_found_by_the_public_suffix() -> None:
    assert registered_domain("sl.mail.example.co.uk") == "example.co.uk"
    assert registered_domain("example.com") == "example.com"
    assert registered_domain("co.uk") == "co.uk"


def test_hosts_are_made_from_the_domain_and_its_settings() -> None:
    assert mfrom_host("mail.example.com", "sl") == "sl.mail.example.com"
    assert tracking_host("mail.example.com", "sl", "track", "-") == "track-sl.mail.example.com"
    without = tracking_host("mail.example.com", "sl", "track", "-", own_host=False)
    assert without == "sl.mail.example.com"


def test_settings_come_back_in_lower_case() -> None:
    assert checked_settings(" SL ", "Track", "-") == ("sl", "track", "-")


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        (("", "track", "-"), "subdomain"),
        (("a" * 33, "track", "-"), "subdomain"),
        (("-sl", "track", "-"), "subdomain"),
        (("sl-", "track", "-"), "subdomain"),
        (("s.l", "track", "-"), "subdomain"),
        (("sl", "tr ack", "-"), "track_prefix"),
        (("sl", "träck", "-"), "track_prefix"),
        (("sl", "track", "_"), "track_merge"),
        (("a" * 32, "b" * 32, "-"), "track_prefix"),
    ],
)
def test_a_setting_that_breaks_a_rule_names_its_field(
    settings: tuple[str, str, str], field: str
) -> None:
    with pytest.raises(SettingRefused) as refused:
        checked_settings(*settings)
    assert refused.value.field == field
    assert refused.value.reason


def test_the_longest_settings_fit_when_a_dot_parts_them() -> None:
    assert checked_settings("a" * 32, "b" * 32, ".") == ("a" * 32, "b" * 32, ".")
