"""Set-ups that break a domain as a whole: delegations, aliases above, tokens of earlier days."""

import pytest

from posthouse.core.dns.answers import Outcome
from posthouse.core.dns.records import Record, RecordType, record
from posthouse.core.verification.cases import Fault
from posthouse.core.verification.checks import Verdict
from posthouse.core.verification.delegations import Delegation, Stand
from posthouse.core.verification.diagnosis import Diagnosis
from posthouse.core.verification.followups import PROBE_LABEL
from tests.core.verification.scenes import ALIAS, DMARC, TOKEN, Scene

KEY = "A" * 392
DKIM = record("k1._domainkey.mail.example.com", RecordType.TXT, f"v=DKIM1; k=rsa; p={KEY}", "dkim")
DKIM_ALIAS = record("k1._domainkey.mail.example.com", RecordType.CNAME, "k1.example.net", "dkim")
EARLIER = record("zyxwvutsrq.sl.mail.example.com", RecordType.TXT, "ZWFybGllcg==", "ownership")

# What this file shows, for the test that every fault is shown somewhere.
IN_SET_UPS = {
    Fault.ALIAS_NOT_ALONE,
    Fault.DKIM_OWN_SPELLING,
    Fault.DKIM_TWICE,
    Fault.EARLIER_TOKEN,
    Fault.FOREIGN_CHARACTERS,
    Fault.REDIRECTED_ABOVE,
    Fault.SERVERS_DISAGREE,
    Fault.SERVERS_SILENT,
    Fault.SPF_NOT_ALIAS,
    Fault.SPREAD_OVER_RECORDS,
    Fault.ZONE_IS_ALIAS,
    Fault.ZONE_OF_ITS_OWN,
}


def one(diagnoses: tuple[Diagnosis, ...]) -> Diagnosis:
    (diagnosis,) = diagnoses
    return diagnosis


# ---- delegations


@pytest.mark.parametrize(
    ("stands", "fault", "told"),
    [
        ([Stand.NOT_ITS_ZONE, Stand.SILENT], Fault.LAME_DELEGATION, "ns0.a.example does not know"),
        ([Stand.NO_ADDRESS], Fault.LAME_DELEGATION, "ns0.a.example has no address"),
        ([Stand.SILENT, Stand.SILENT], Fault.SERVERS_SILENT, "None of the name servers of example"),
        ([Stand.FAILS], Fault.SERVER_FAILED, "answered with an error"),
        ([Stand.FAILS, Stand.SILENT], Fault.SERVER_FAILED, "answered with an error"),
        ([Stand.NOT_ITS_ZONE, Stand.ANSWERS], Fault.SERVER_FAILED, "answered with an error"),
    ],
)
def test_lame_servers_are_told_from_servers_that_fail_and_servers_that_are_silent(
    stands: list[Stand], fault: Fault, told: str
) -> None:
    servers = tuple((f"ns{n}.a.example", stand) for n, stand in enumerate(stands))
    scene = Scene().ends(ALIAS.host, "CNAME", Outcome.SERVFAIL)
    diagnosis = one(scene.diagnose(ALIAS, delegations=(Delegation("example.com", servers),)))
    assert diagnosis.fault is fault
    assert told in diagnosis.problem
    assert diagnosis.verdict is Verdict.COULD_NOT_CHECK


def test_the_delegation_of_another_zone_explains_nothing() -> None:
    lame = Delegation("other.example", (("ns1.other.example", Stand.NOT_ITS_ZONE),))
    scene = Scene().ends(ALIAS.host, "CNAME", Outcome.SERVFAIL)
    assert one(scene.diagnose(ALIAS, delegations=(lame,))).fault is Fault.SERVER_FAILED


def test_the_zone_of_the_target_may_be_the_one_that_is_lame() -> None:
    lame = Delegation("example.org", (("ns1.example.org", Stand.NOT_ITS_ZONE),))
    scene = Scene().ends(TOKEN.host, "TXT", Outcome.SERVFAIL, ["x.example.org"])
    diagnosis = one(scene.diagnose(TOKEN, delegations=(lame,)))
    assert diagnosis.fault is Fault.LAME_DELEGATION
    assert "to which example.org is delegated" in diagnosis.problem


def test_a_domain_that_is_a_zone_of_its_own_is_published_there() -> None:
    scene = Scene().there("mail.example.com", "NS", "ns1.elsewhere.org")
    diagnosis = one(scene.diagnose(ALIAS))
    assert (diagnosis.fault, diagnosis.verdict) == (Fault.ZONE_OF_ITS_OWN, Verdict.NOT_YET)
    assert "in the zone example.com is not seen" in diagnosis.problem
    assert "with the host sl and the value mailer.example.net to the zone mail.example.com" in (
        diagnosis.advice
    )


# ---- aliases


def test_a_dname_above_redirects_every_host() -> None:
    scene = Scene().there("example.com", "DNAME", "example.net")
    scene.there(ALIAS.host, "CNAME", "sl.mail.example.net")
    diagnosis = one(scene.diagnose(ALIAS))
    assert diagnosis.fault is Fault.REDIRECTED_ABOVE
    assert "DNAME record at example.com hands every name below it to example.net" in (
        diagnosis.problem
    )


def test_a_dname_at_the_host_itself_redirects_only_what_is_below() -> None:
    scene = Scene().there("example.com", "DNAME", "example.net")
    top = record("example.com", RecordType.TXT, "v=spf1 -all", "spf")
    assert one(scene.diagnose(top, domain="example.com")).fault is Fault.ABSENT


@pytest.mark.parametrize(
    ("entry", "kind", "value"),
    [
        (ALIAS, "MX", "10 mx.example.org"),
        (ALIAS, "TXT", "v=spf1 -all"),
        (DKIM_ALIAS, "TXT", "v=DKIM1; p=AAAA"),
        (DMARC, "TXT", "v=DMARC1; p=none"),
    ],
)
def test_an_alias_that_is_right_but_not_alone_is_found_at_the_zones_own_servers(
    entry: Record, kind: str, value: str
) -> None:
    scene = Scene().there(entry.host, "CNAME", entry.value)
    alone = one(scene.diagnose(entry, authority=Scene()))
    assert alone.fault is Fault.NONE
    beside = one(scene.diagnose(entry, authority=Scene().there(entry.host, kind, value)))
    assert (beside.fault, beside.verdict) == (Fault.ALIAS_NOT_ALONE, Verdict.WRONG)
    assert f"({kind} {value})" in beside.problem
    followed = Scene().there(entry.host, kind, value, chain=[entry.value])
    assert one(scene.diagnose(entry, authority=followed)).fault is Fault.NONE


def test_an_alias_at_the_top_of_the_zone_hides_its_texts() -> None:
    top = record("example.com", RecordType.TXT, "v=spf1 -all", "spf")
    scene = Scene().ends("example.com", "TXT", Outcome.NODATA, ["web.example.org"])
    diagnosis = one(scene.diagnose(top, domain="example.com"))
    assert diagnosis.fault is Fault.ZONE_IS_ALIAS
    assert "ALIAS, ANAME or flattening" in diagnosis.advice


def test_a_target_is_relative_to_any_zone_above_the_host() -> None:
    scene = Scene().there(ALIAS.host, "CNAME", f"{ALIAS.value}.sl.mail.example.com")
    diagnosis = one(scene.diagnose(ALIAS))
    assert diagnosis.fault is Fault.ZONE_APPENDED_TO_TARGET
    assert "added sl.mail.example.com" in diagnosis.problem


# ---- texts


@pytest.mark.parametrize(
    ("seen", "named"),
    [
        (f"“{TOKEN.value}”", "left double quotation mark, right double quotation mark"),
        (TOKEN.value.replace("Zm9v", "Zm9\u200bv"), "zero width space"),
        (f"{TOKEN.value}\u00a0", "no-break space"),
        (TOKEN.value.replace("Y", "\u0423"), "cyrillic capital letter u"),
    ],
)
def test_foreign_characters_are_named(seen: str, named: str) -> None:
    diagnosis = one(Scene().there(TOKEN.host, "TXT", seen).diagnose(TOKEN))
    assert diagnosis.fault is Fault.FOREIGN_CHARACTERS
    assert named in diagnosis.problem


def test_a_text_in_another_language_is_only_another_value() -> None:
    diagnosis = one(Scene().there(TOKEN.host, "TXT", "Grüße").diagnose(TOKEN))
    assert diagnosis.fault is Fault.OTHER_VALUE


def test_a_value_that_is_spread_over_records_is_put_together() -> None:
    first, second = DKIM.value[:255], DKIM.value[255:]
    diagnosis = one(Scene().there(DKIM.host, "TXT", second, first).diagnose(DKIM))
    assert diagnosis.fault is Fault.SPREAD_OVER_RECORDS
    assert "one TXT record" in diagnosis.advice
    half = one(Scene().there(DKIM.host, "TXT", first).diagnose(DKIM))
    assert half.fault is Fault.DKIM_TRUNCATED


@pytest.mark.parametrize(
    "seen",
    [
        f"v=DKIM1;k=rsa;p={KEY}",
        f"p={KEY}",
        f"v=DKIM1; p={KEY[:200]} {KEY[200:]}; t=s",
        f"s=email:*; x=y; p={KEY}",
    ],
)
def test_our_key_in_another_spelling_is_our_key(seen: str) -> None:
    diagnosis = one(Scene().there(DKIM.host, "TXT", seen).diagnose(DKIM))
    assert (diagnosis.verdict, diagnosis.fault) == (Verdict.OK, Fault.DKIM_OWN_SPELLING)


@pytest.mark.parametrize(
    "seen",
    [f"v=DKIM1; k=ed25519; p={KEY}", f"v=DKIM1; h=sha1; p={KEY}", f"v=DKIM1; k=rsa; p={KEY}="],
)
def test_our_key_under_other_terms_is_not(seen: str) -> None:
    assert one(Scene().there(DKIM.host, "TXT", seen).diagnose(DKIM)).verdict is Verdict.WRONG


def test_two_dkim_keys_are_too_many() -> None:
    scene = Scene().there(DKIM.host, "TXT", DKIM.value, "v=DKIM1; p=BBBB")
    diagnosis = one(scene.diagnose(DKIM))
    assert diagnosis.fault is Fault.DKIM_TWICE


@pytest.mark.parametrize("policies", [["v=spf1 mx -all"], ["v=spf1 mx -all", "v=spf1 a -all"]])
def test_spf_where_an_alias_belongs_makes_way_for_it(policies: list[str]) -> None:
    diagnosis = one(Scene().there(ALIAS.host, "TXT", *policies).diagnose(ALIAS))
    assert diagnosis.fault is Fault.SPF_NOT_ALIAS
    assert "our SPF policy comes with it" in diagnosis.advice


# ---- tokens


def test_the_token_of_an_earlier_set_is_recognised_under_its_own_label() -> None:
    scene = Scene().there(EARLIER.host, "TXT", "unrelated", EARLIER.value)
    diagnosis = one(scene.diagnose(TOKEN, earlier=(EARLIER,)))
    assert (diagnosis.fault, diagnosis.verdict) == (Fault.EARLIER_TOKEN, Verdict.WRONG)
    assert f"The token at {EARLIER.host}" in diagnosis.problem
    assert TOKEN.value in diagnosis.advice
    assert one(Scene().diagnose(TOKEN, earlier=(EARLIER,))).fault is Fault.ABSENT


def test_the_token_of_an_earlier_set_is_recognised_at_the_same_host() -> None:
    earlier = record(TOKEN.host, RecordType.TXT, EARLIER.value, "ownership")
    scene = Scene().there(TOKEN.host, "TXT", EARLIER.value)
    assert one(scene.diagnose(TOKEN, earlier=(earlier,))).fault is Fault.EARLIER_TOKEN


@pytest.mark.parametrize(
    "target",
    ["http://mailer.example.net", "mailer.example.net\\032", "3600\\032mailer.example.net"],
)
def test_a_target_with_more_than_a_host_name_is_told(target: str) -> None:
    scene = Scene().ends(ALIAS.host, "CNAME", Outcome.NXDOMAIN, chain=(target,))
    diagnosis = one(scene.diagnose(ALIAS))
    assert diagnosis.fault is Fault.EXTRA_CHARACTERS
    assert diagnosis.advice == "Write mailer.example.net and nothing else."


def test_another_host_below_our_target_is_another_target() -> None:
    scene = Scene().there(ALIAS.host, "CNAME", f"old.{ALIAS.value}")
    assert one(scene.diagnose(ALIAS)).fault is Fault.OTHER_TARGET


def test_all_that_keeps_an_alias_out_is_named_at_once() -> None:
    scene = Scene().there(ALIAS.host, "A", "192.0.2.1").there(ALIAS.host, "TXT", "v=spf1 mx -all")
    diagnosis = one(scene.there(ALIAS.host, "CAA", '0 issue "ca.example"').diagnose(ALIAS))
    assert diagnosis.fault is Fault.OCCUPIED
    assert "A 192.0.2.1, TXT v=spf1 mx -all, CAA 0 issue" in diagnosis.problem


def test_a_wildcard_alias_is_not_taken_for_an_alias_at_the_host() -> None:
    parent, web = TOKEN.host.partition(".")[2], ("web.example.net",)
    scene = Scene().ends(TOKEN.host, "TXT", Outcome.NODATA, chain=web)
    scene.ends(f"{PROBE_LABEL}.{parent}", "TXT", Outcome.NODATA, chain=web)
    diagnosis = one(scene.diagnose(TOKEN))
    assert diagnosis.fault is Fault.WILDCARD
    assert "CNAME web.example.net" in diagnosis.problem


@pytest.mark.parametrize(
    ("entry", "seen"),
    [
        (
            record(
                "sl.mail.example.com", RecordType.TXT, "v=spf1 include:spf.example.net -all", "spf"
            ),
            "V=SPF1  Include:SPF.example.net  -ALL",
        ),
        (
            record("_dmarc.mail.example.com", RecordType.TXT, "v=DMARC1; p=none", "dmarc"),
            "v=DMARC1;p=none",
        ),
    ],
)
def test_blanks_and_capitals_do_no_harm_in_policies(entry: Record, seen: str) -> None:
    assert one(Scene().there(entry.host, "TXT", seen).diagnose(entry)).verdict is Verdict.OK


def test_line_breaks_in_a_key_are_blanks_and_no_cut() -> None:
    seen = f"v=DKIM1; k=rsa; p={KEY[:60]}\\013\\010{KEY[60:]}"
    assert one(Scene().there(DKIM.host, "TXT", seen).diagnose(DKIM)).fault is Fault.BLANKS


def test_quotation_marks_around_each_piece_are_quotation_marks() -> None:
    seen = f'"{DKIM.value[:255]}" "{DKIM.value[255:]}"'
    assert one(Scene().there(DKIM.host, "TXT", seen).diagnose(DKIM)).fault is Fault.QUOTES


def test_a_mail_host_without_its_final_dot_has_the_zone_appended() -> None:
    entry = record("sl.mail.example.com", RecordType.MX, "10 mx.example.net", "mx")
    diagnosis = one(
        Scene().there(entry.host, "MX", "10 mx.example.net.example.com").diagnose(entry)
    )
    assert diagnosis.fault is Fault.ZONE_APPENDED_TO_TARGET
    assert one(Scene().diagnose(entry)).problem.startswith("There is no MX record")
    assert one(Scene().diagnose(entry)).advice.startswith("Add an MX record")


@pytest.mark.parametrize(
    ("second", "fault"),
    [
        (Scene(), Fault.SERVERS_DISAGREE),
        (Scene().there(ALIAS.host, "CNAME", "old.example.net"), Fault.SERVERS_DISAGREE),
        (Scene().there(ALIAS.host, "CNAME", ALIAS.value), Fault.OLD_ANSWER),
        (Scene().ends(ALIAS.host, "CNAME", Outcome.TIMEOUT), Fault.OLD_ANSWER),
    ],
)
def test_name_servers_that_disagree_are_told_from_resolvers_that_lag(
    second: Scene, fault: Fault
) -> None:
    right = Scene().there(ALIAS.host, "CNAME", ALIAS.value)
    servers = {"ns1.example.com": right, "ns2.example.com": second}
    diagnosis = one(Scene().diagnose(ALIAS, authority=right, servers=servers))
    assert diagnosis.fault is fault
    if fault is Fault.SERVERS_DISAGREE:
        assert "ns1.example.com with the right record, ns2.example.com without" in diagnosis.problem
