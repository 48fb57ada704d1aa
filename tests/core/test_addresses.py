"""Domains and addresses as people write them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.core.addresses import (
    Address,
    BadAddress,
    BadDomain,
    bulk_address,
    comparison_key,
    display_domain,
    from_local_part,
    normalise_domain,
    parse_address,
)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Mail.Example.COM", "mail.example.com"),
        ("  mail.example.com.\n", "mail.example.com"),
        ("bücher.example.org", "xn--bcher-kva.example.org"),
        ("BÜCHER.example.org", "xn--bcher-kva.example.org"),
        ("faß.example.com", "xn--fa-hia.example.com"),  # UTS #46 non-transitional keeps the ß
        ("例え。example。net", "xn--r8jz45g.example.net"),
        ("xn--bcher-kva.example.org", "xn--bcher-kva.example.org"),
        ("r3---a.example.com", "r3---a.example.com"),
        ("example.co.uk", "example.co.uk"),
        ("shop.github.io", "shop.github.io"),
        ("a" * 63 + ".example.com", "a" * 63 + ".example.com"),
        (
            "b." + ".".join(["a" * 60] * 4) + ".example",
            "b." + ".".join(["a" * 60] * 4) + ".example",
        ),
    ],
)
def test_a_domain_gets_its_one_form(typed: str, name: str) -> None:
    assert normalise_domain(typed) == name
    assert normalise_domain(name) == name


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("localhost", "special-use"),
        ("mail.localhost", "special-use"),
        ("printer.local", "special-use"),
        ("mail.invalid", "special-use"),
        ("abcdefghijklmnop.onion", "special-use"),
        ("mail.test", "special-use"),
        ("intranet", "single-label"),
        ("192.0.2.1", "ip-address"),
        ("１９２.0.2.1", "ip-address"),
        ("[192.0.2.1]", "ip-address"),
        ("2001:db8::1", "ip-address"),
        ("co.uk", "public-suffix"),
        ("github.io", "public-suffix"),
        ("公司.cn", "public-suffix"),
        ("a" * 300 + ".example.com", "too-long"),
        (".".join(["a" * 50] * 6) + ".com", "too-long"),
        ("ä" * 600, "too-long"),
        ("ä" * 64 + ".example.com", "bad-label"),
        ("a" * 64 + ".example.com", "bad-label"),
        ("-a.example.com", "bad-label"),
        ("a-.example.com", "bad-label"),
        ("a..example.com", "bad-label"),
        (".example.com", "bad-label"),
        ("exa_mple.com", "bad-label"),
        ("example.123", "bad-label"),
        ("xn--zzzzzz.com", "bad-label"),
        ("https://example.com/", "not-a-name"),
        ("anna@example.com", "not-a-name"),
        ("example.com\x00", "not-a-name"),
        ("example.com:25", "not-a-name"),
        ("example.com..", "bad-label"),
        ("bb." + ".".join(["a" * 60] * 4) + ".example", "too-long"),
        ("anything.ck", "public-suffix"),
        ("192.0.2.256", "bad-label"),
        ("exam ple.com", "not-a-name"),
    ],
)
def test_what_is_no_domain_is_refused_with_its_reason(typed: str, reason: str) -> None:
    with pytest.raises(BadDomain) as refused:
        normalise_domain(typed)
    assert refused.value.reason == reason
    assert refused.value.value == typed
    assert refused.value.sentence.endswith(".")
    assert len(refused.value.sentence) < 250
    assert refused.value.sentence.isprintable()


def test_test_names_are_for_tests() -> None:
    assert normalise_domain("mail.customer.test", allow_test=True) == "mail.customer.test"


@given(st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_domain_or_refused(text: str) -> None:
    try:
        name = normalise_domain(text)
    except BadDomain:
        return
    assert name.isascii()
    assert len(name) <= 253
    assert normalise_domain(name) == name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("mail.example.com", "mail.example.com"),
        ("xn--bcher-kva.example.org", "bücher.example.org"),
        ("xn--e1afmkfd.example.com", "пример.example.com"),
        ("xn--r8jz45g.example.net", "例え.example.net"),
        ("xn--80ak6aa92e.com", "xn--80ak6aa92e.com"),  # "apple" in Cyrillic letters
        ("xn--pple-43d.com", "xn--pple-43d.com"),  # a Cyrillic a before Latin letters
        ("xn--zzzzzz.com", "xn--zzzzzz.com"),
    ],
)
def test_a_domain_is_shown_in_its_letters_only_where_they_deceive_nobody(
    name: str, shown: str
) -> None:
    assert display_domain(name) == shown


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        (" Anna.Bell@Example.COM ", Address("Anna.Bell", "example.com")),
        ("o'brien+news@mail.example.org", Address("o'brien+news", "mail.example.org")),
        ("anna@bücher.example.org", Address("anna", "xn--bcher-kva.example.org")),
        ("anna@xn--bcher-kva.example.org", Address("anna", "xn--bcher-kva.example.org")),
        ("press@gov.uk", Address("press", "gov.uk")),
    ],
)
def test_an_address_is_read_alike_when_typed_and_in_bulk(typed: str, address: Address) -> None:
    assert parse_address(typed) == address
    assert bulk_address(typed) == address


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "empty"),
        ("anna.example.com", "no-at"),
        ("anna@@example.com", "two-ats"),
        ("anna@bell@example.com", "two-ats"),
        ("an\x07na@example.com", "control-character"),
        ("anna@example.com\r\nBcc: eve@example.net", "control-character"),
        ("änna@example.com", "local-not-ascii"),
        ("@example.com", "bad-local"),
        (".anna@example.com", "bad-local"),
        ("anna..bell@example.com", "bad-local"),
        ("anna bell@example.com", "bad-local"),
        ("<anna@example.com", "bad-local"),
        ('"anna bell"@example.com', "bad-local"),
        ("a" * 65 + "@example.com", "bad-local"),
        ("anna@" + "a" * 250 + ".com", "too-long"),
        ("anna@localhost", "bad-domain"),
        ("anna@example.test", "bad-domain"),
        ("anna@printer.local", "bad-domain"),
        ("anna@192.0.2.1", "bad-domain"),
        ("anna@[192.0.2.1]", "bad-domain"),
        ("anna@exa_mple.com", "bad-domain"),
        ("anna@-example.com", "bad-domain"),
        ("anna@example.com>", "bad-domain"),
        ("anna@example", "bad-domain"),
    ],
)
def test_what_is_no_address_is_refused_alike_when_typed_and_in_bulk(
    typed: str, reason: str
) -> None:
    for read in (parse_address, bulk_address):
        with pytest.raises(BadAddress) as refused:
            read(typed)
        assert refused.value.reason == reason
        assert refused.value.sentence.isprintable()


_PIECES = st.sampled_from([*"a.-@_+ ü\x00>", "Z9", "--", "com", "example", "xn--", "b" * 40])


@given(st.lists(_PIECES, max_size=12).map("".join) | st.text(max_size=40) | st.emails())
@settings(max_examples=400, deadline=None)
def test_the_fast_path_judges_as_the_slow_one(text: str) -> None:
    def judged(read: object) -> Address | str:
        try:
            return read(text)  # type: ignore[operator,no-any-return]
        except BadAddress as refused:
            return refused.reason

    assert judged(bulk_address) == judged(parse_address)


def test_addresses_that_differ_in_case_have_one_comparison_key() -> None:
    upper, lower = (
        parse_address("Anna@BÜCHER.example.org"),
        parse_address("anna@bücher.example.org"),
    )
    assert comparison_key(upper) == comparison_key(lower) == "anna@xn--bcher-kva.example.org"
    assert str(upper) == "Anna@xn--bcher-kva.example.org"


@pytest.mark.parametrize("typed", ["news", " Anna.Bell ", "o'brien", "a+b"])
def test_a_from_local_part_is_a_dot_atom(typed: str) -> None:
    assert from_local_part(typed) == typed.strip()


@pytest.mark.parametrize(
    "typed", ["", "a b", "a@b", ".a", "a.", "a..b", "ä", "a\r\nb", "<a>", "a" * 65]
)
def test_any_other_from_local_part_is_refused(typed: str) -> None:
    with pytest.raises(BadAddress):
        from_local_part(typed)
