"""SPF, DMARC, DKIM and the zone around them: each broken set-up is named for what it is."""

import base64
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.dns.answers import Answer, Outcome
from posthouse.core.dns.records import Record, RecordType, record
from posthouse.core.verification import hosting, spf, tags
from posthouse.core.verification.advice import advise
from posthouse.core.verification.cases import Fault, Known
from posthouse.core.verification.checks import Verdict, check_all, questions
from posthouse.core.verification.diagnosis import Diagnosis, diagnose_all
from posthouse.core.verification.followups import policy_questions, spf_questions
from posthouse.core.verification.wording import WORDS
from tests.core.verification.scenes import ALIAS, DMARC, DOMAIN, TOKEN, Scene
from tests.core.verification.test_diagnosis import BROKEN
from tests.core.verification.test_set_ups import IN_SET_UPS

SPF = record("sl.mail.example.com", RecordType.TXT, "v=spf1 include:spf.example.net -all", "spf")
KEY = base64.b64encode(b"\x30\x82\x01\x22" + bytes(290)).decode()
DKIM = record("key1._domainkey.mail.example.com", RecordType.TXT, f"v=DKIM1; p={KEY}", "dkim")
INHERITED = record(
    "key1._domainkey.mail.example.com",
    RecordType.CNAME,
    "key1._domainkey.mailer.example.net",
    "dkim",
)
POLICY = record("_dmarc.mail.example.com", RecordType.TXT, "v=DMARC1; p=none", "dmarc")
STRICT = "v=DMARC1; p=reject; adkim=s; aspf=s"
MANY = "v=spf1 include:spf.example.net " + " ".join(f"a:h{at}.example.org" for at in range(10))

Told = Callable[[Scene], Scene]


def text(*values: str, host: str = "") -> Callable[[Record], Told]:
    """These texts at `host`, by default at the record's own."""
    return lambda entry: lambda dns: dns.there(host or entry.host, "TXT", *values)


def name_servers(*names: str) -> Callable[[Record], Told]:
    return lambda _entry: lambda dns: dns.there("example.com", "NS", *names)


def address(value: str) -> Callable[[Record], Told]:
    return lambda entry: lambda dns: dns.there(entry.host, "A", value)


def alias(host: str, target: str) -> Callable[[Record], Told]:
    return lambda _entry: lambda dns: dns.there(host, "CNAME", target)


def fails(outcome: Outcome) -> Callable[[Record], Told]:
    return lambda entry: lambda dns: dns.ends(entry.host, entry.type.value, outcome)


# Record, what stands in DNS, the fault, a phrase of the problem, a phrase of the advice.
MORE: list[tuple[Record, Callable[[Record], Told], Fault, str, str]] = [
    (ALIAS, fails(Outcome.BOGUS), Fault.DNSSEC_BOGUS, "signatures (DNSSEC)", "DS record"),
    (TOKEN, fails(Outcome.LAME), Fault.LAME_DELEGATION, "our resolver found none", "create the"),
    (ALIAS, name_servers("ns1.sedoparking.com"), Fault.PARKED, "Sedo", "set the name servers"),
    (ALIAS, name_servers("ns1.renewyourname.net"), Fault.EXPIRED, "run out", "Renew example.com"),
    (ALIAS, address("104.18.2.3"), Fault.PROXIED, "Cloudflare (104.18.2.3)", "DNS only"),
    (ALIAS, alias(ALIAS.host, f"{ALIAS.value}\\."), Fault.EXTRA_DOT, "dot too many", ALIAS.value),
    (TOKEN, text(f"{TOKEN.value}."), Fault.EXTRA_DOT, "dot too many", TOKEN.value),
    (
        INHERITED,
        alias("s1._domainkey.mail.example.com", INHERITED.value),
        Fault.DKIM_WRONG_SELECTOR,
        "under the selector s1; our mail names the selector key1",
        "key1._domainkey.mail",
    ),
    (
        INHERITED,
        lambda entry: (
            lambda dns: text(f"p={KEY}")(entry)(dns).there(entry.value, "TXT", DKIM.value)
        ),
        Fault.DKIM_NOT_ALIAS,
        "a copy of our DKIM key",
        "and the next",
    ),
    (DKIM, text("v=DKIM1; p="), Fault.DKIM_REVOKED, "is revoked", DKIM.value[:40]),
    (INHERITED, text("v=DKIM1; k=rsa; p="), Fault.DKIM_REVOKED, "is revoked", INHERITED.value),
    (DKIM, text(f"v=DKIM1; p={KEY[:60]}"), Fault.DKIM_TRUNCATED, "after 60", "several texts"),
    (INHERITED, text(f"p={KEY[:-8]}"), Fault.DKIM_TRUNCATED, "missing", INHERITED.value),
    (DKIM, text(f"p={KEY[:-4]}BBBB"), Fault.DKIM_OTHER_KEY, "is not ours", "selector of its own"),
    (INHERITED, text(f"p={KEY}"), Fault.DKIM_OTHER_KEY, "is not ours", INHERITED.value),
    (
        DKIM,
        text("v=DKIM1; k=rsa"),
        Fault.DKIM_SYNTAX,
        "“p” with the key is missing",
        DKIM.value[:40],
    ),
    (DKIM, text(KEY), Fault.DKIM_SYNTAX, "“p” with the key is missing", DKIM.value[:40]),
    (DKIM, text(f"v=DKIM; p={KEY}"), Fault.DKIM_SYNTAX, "must be DKIM1", DKIM.value[:40]),
    (DKIM, text(f"k=dsa; p={KEY}"), Fault.DKIM_SYNTAX, "may be rsa, ed25519", DKIM.value[:40]),
    (DKIM, text(f"k=ed25519; p={KEY}"), Fault.DKIM_SYNTAX, "does not fit", DKIM.value[:40]),
    (DKIM, text(f"s=tlsrpt; p={KEY}"), Fault.DKIM_SYNTAX, "other services", DKIM.value[:40]),
    (DKIM, text(f"h=sha1; p={KEY}"), Fault.DKIM_SYNTAX, "rules out sha256", DKIM.value[:40]),
    (DKIM, text(f"p=-----BEGIN {KEY}"), Fault.DKIM_SYNTAX, "“-----” cannot", DKIM.value[:40]),
    (
        SPF,
        text("v=spf1 redirect=_spf.example.org"),
        Fault.SPF_WITHOUT_US,
        "redirect",
        "“v=spf1 include:_spf.example.org include:spf.example.net -all”",
    ),
    (SPF, text("v=spf1 mx -all"), Fault.SPF_WITHOUT_US, "v=spf1 mx -all", "before its “all”"),
    (SPF, text("v=spf1 -all include:spf.example.net"), Fault.SPF_WITHOUT_US, "not let", "before"),
    (SPF, text("v=spf1 ip:192.0.2.1 -all"), Fault.SPF_SYNTAX, "“ip:192.0.2.1”", "Correct or"),
    (SPF, text("v=spf1;include:spf.example.net"), Fault.SPF_VERSION, "does not begin", SPF.value),
    (SPF, text("v=spf include:spf.example.net -all"), Fault.SPF_VERSION, "v=spf inc", "Begin it"),
    (SPF, text("include:spf.example.net -all"), Fault.SPF_VERSION, "for none", "Begin"),
    (SPF, text(MANY), Fault.SPF_TOO_MANY_LOOKUPS, "11 look-ups", "ip4:"),
    (
        DMARC,
        text("p=none; rua=mailto:a@b.c"),
        Fault.DMARC_SYNTAX,
        "begins with “p=none”",
        "Correct",
    ),
    (DMARC, text("v=DMARC1 p=none"), Fault.DMARC_SYNTAX, "must begin with", DMARC.value),
    (DMARC, text("v=DMARC1; p=block"), Fault.DMARC_SYNTAX, "may be none, quarantine", "Correct"),
    (POLICY, text("v=DMARC1; p=none rua=mailto:a@b.c"), Fault.DMARC_SYNTAX, "rua", "Correct it"),
    (POLICY, text("v=DMARC1; rua=mailto:a@b.c"), Fault.DMARC_SYNTAX, "“p” is missing", "Correct"),
    (DMARC, text(STRICT), Fault.DMARC_TOO_STRICT, "aspf=s", "Remove aspf=s"),
    (
        DMARC,
        text("v=DMARC1; p=none", host="mail.example.com"),
        Fault.DMARC_ON_WRONG_NAME,
        "stands at mail.example.com",
        "to the host _dmarc.mail",
    ),
    (TOKEN, text("A" * 43 + "="), Fault.OLD_TOKEN, "made for another account", TOKEN.value),
]


@pytest.mark.parametrize(("entry", "stands", "fault", "problem", "advice"), MORE)
def test_a_broken_policy_or_zone_is_named(
    entry: Record, stands: Callable[[Record], Told], fault: Fault, problem: str, advice: str
) -> None:
    (diagnosis,) = stands(entry)(Scene()).diagnose(entry)
    assert diagnosis.fault is fault
    assert problem in diagnosis.problem
    assert advice in diagnosis.advice
    assert diagnosis.verdict is not Verdict.OK


def test_every_fault_has_words_and_every_scene_is_its_own() -> None:
    assert set(WORDS) == set(Fault)
    shown = {row[2] for row in BROKEN} | {row[2] for row in MORE}
    elsewhere = {
        Fault.NONE,
        Fault.OWN_POLICY,
        Fault.OWN_SPF,
        Fault.SPF_ALLOWS_ALL,
        Fault.SPF_VOID_INCLUDE,
        Fault.OLD_ANSWER,
        Fault.ALIAS_AT_APEX,
    }
    assert shown | elsewhere | IN_SET_UPS == set(Fault)


def test_no_two_faults_say_the_same() -> None:
    said = [(words.problem, words.advice) for words in WORDS.values()]
    assert len(set(said)) == len(said)


@pytest.mark.parametrize(
    "own",
    [
        "v=spf1 mx include:spf.example.net ~all",
        "V=SPF1 +include:SPF.example.net include:_spf.example.org -all",
    ],
)
def test_an_spf_policy_of_the_domains_own_passes_if_it_covers_ours(own: str) -> None:
    (diagnosis,) = Scene().there(SPF.host, "TXT", own).diagnose(SPF)
    assert (diagnosis.fault, diagnosis.verdict) == (Fault.OWN_SPF, Verdict.OK)


@pytest.mark.parametrize("entry", [DMARC, POLICY])
@pytest.mark.parametrize("own", ["v=DMARC1; p=reject;", "v=DMARC1;p=none;rua=mailto:a@example.org"])
def test_a_readable_dmarc_policy_of_its_own_passes(entry: Record, own: str) -> None:
    (diagnosis,) = Scene().there(entry.host, "TXT", own).diagnose(entry)
    assert (diagnosis.fault, diagnosis.verdict) == (Fault.OWN_POLICY, Verdict.OK)


def test_a_policy_that_lets_everybody_send_passes_and_is_warned_of() -> None:
    scene = Scene().there(SPF.host, "TXT", "v=spf1 include:spf.example.net +all")
    (diagnosis,) = found = scene.diagnose(SPF)
    assert (diagnosis.verdict, diagnosis.fault) == (Verdict.OK, Fault.SPF_ALLOWS_ALL)
    (advice,) = advise(found, {}, domain=DOMAIN)
    assert "“~all”" in advice.next_step


@pytest.mark.parametrize(
    ("own", "fault"),
    [
        ("v=spf1 include:gone.example include:spf.example.net -all", Fault.SPF_VOID_INCLUDE),
        ("v=spf1 include:spf.example.net include:gone.example -all", Fault.OWN_SPF),
        ("v=spf1 include:other.example include:spf.example.net -all", Fault.OWN_SPF),
        ("v=spf1 include:never.asked.example include:spf.example.net -all", Fault.OWN_SPF),
    ],
)
def test_an_include_that_leads_nowhere_spoils_what_comes_after_it(own: str, fault: Fault) -> None:
    answers = {
        ("gone.example", "TXT"): Answer("gone.example", "TXT", Outcome.NXDOMAIN),
        ("other.example", "TXT"): Answer("o", "TXT", Outcome.FOUND, ("v=spf1 -all",)),
        (SPF.host, "TXT"): Answer(SPF.host, "TXT", Outcome.FOUND, (own,)),
    }
    (diagnosis,) = diagnose_all(check_all([SPF], answers), Known(answers), domain=DOMAIN)
    assert diagnosis.fault is fault


def test_a_strict_policy_passes_where_a_key_stands_at_the_domain_itself() -> None:
    scene = Scene().there(DMARC.host, "TXT", STRICT).there(INHERITED.host, "CNAME", INHERITED.value)
    assert [each.fault for each in scene.diagnose(DMARC, INHERITED)] == [
        Fault.OWN_POLICY,
        Fault.NONE,
    ]


# ---- the domain as a whole


def advised(scene: Scene, diagnoses: Sequence[Diagnosis]) -> list[tuple[Fault, str]]:
    answers = scene.answers(policy_questions(DOMAIN))
    return [(each.fault, each.sentence) for each in advise(diagnoses, answers, domain=DOMAIN)]


def test_the_advice_names_each_trouble_once_and_how_often() -> None:
    scene = Scene().there(ALIAS.host, "CNAME", ALIAS.value)
    told = advised(scene, scene.diagnose(ALIAS, TOKEN, DMARC, INHERITED))
    assert [fault for fault, _ in told] == [Fault.ABSENT]
    assert told[0][1].endswith("yet. The same holds for 2 more records.")


def test_a_policy_that_no_record_of_ours_replaces_is_still_warned_of() -> None:
    scene = Scene().there(ALIAS.host, "CNAME", ALIAS.value)
    scene.there("_dmarc.example.com", "TXT", STRICT)
    ((fault, sentence),) = advised(scene, scene.diagnose(ALIAS))
    assert fault is Fault.DMARC_TOO_STRICT
    assert STRICT in sentence
    nearer = scene.there("_dmarc.mail.example.com", "TXT", "v=DMARC1; p=none")
    assert advised(nearer, nearer.diagnose(ALIAS)) == []


@pytest.mark.parametrize(
    ("server", "entry", "words"),
    [
        ("ada.ns.cloudflare.com", ALIAS, "At Cloudflare, the host goes into “Name”, the value"),
        ("ada.ns.cloudflare.com", ALIAS, "the value into “Target”."),
        ("ada.ns.cloudflare.com", TOKEN, "the value into “Content”."),
        ("ns-1.awsdns-05.co.uk", TOKEN, "goes into “Record name”, the value into “Value”."),
        ("dns19.ovh.net", ALIAS, "goes into “Sub-domain”, the value into “Target”."),
        ("ns1.digitalocean.com", ALIAS, " Your DNS provider is DigitalOcean."),
    ],
)
def test_the_provider_is_named_with_its_own_words(server: str, entry: Record, words: str) -> None:
    (diagnosis,) = Scene().there("example.com", "NS", server).diagnose(entry)
    assert words in diagnosis.advice


def test_a_provider_is_known_by_whole_labels_only() -> None:
    assert hosting.provider(["notcloudflare.com"]) is None
    assert hosting.provider(["ns-1.awsdns-05.co.uk"]) == hosting.provider(["x.awsdns-63.net"])
    named = hosting.named("OVHcloud")
    assert named
    assert (named.host, named.value) == ("Sub-domain", "Value or Target")
    assert hosting.named("DigitalOcean") is None  # known, but not the words of its form


# ---- reading policies


def test_look_ups_are_counted_through_includes() -> None:
    own = "v=spf1 include:a.org redirect=b.org"
    answers = {
        ("a.org", "TXT"): Answer("a.org", "TXT", Outcome.FOUND, ("x", "v=spf1 mx a exists:%{i}.c")),
        ("b.org", "TXT"): Answer("b.org", "TXT", Outcome.FOUND, ("v=spf1 ip4:192.0.2.0/24 ~all",)),
    }
    assert spf.lookups(own, {}) == (2, (("b.org", "TXT"), ("a.org", "TXT"))[::-1])
    assert spf.lookups(own, answers) == (5, ())


def test_a_policy_that_includes_itself_ends() -> None:
    round_about = "v=spf1 include:a.org -all"
    answers = {("a.org", "TXT"): Answer("a.org", "TXT", Outcome.FOUND, (round_about,))}
    assert spf.lookups(round_about, answers) == (11, ())


def test_only_policies_in_doubt_are_followed() -> None:
    scene = Scene().there(SPF.host, "TXT", "v=spf1 include:other.example.org -all")
    answers = scene.answers(questions([SPF]))
    assert spf_questions(check_all([SPF], answers), answers) == (("other.example.org", "TXT"),)
    fine = Scene().there(SPF.host, "TXT", SPF.value)
    answers = fine.answers(questions([SPF]))
    assert spf_questions(check_all([SPF], answers), answers) == ()


@given(st.lists(st.sampled_from(["mx", "include:a.org", "ip4:192.0.2.0/24", "-all", "~all"])))
def test_joined_policies_let_pass_what_one_of_them_lets_pass(terms: list[str]) -> None:
    first, second = "v=spf1 include:spf.example.net -all", " ".join(("v=spf1", *terms))
    joined = spf.joined([first, second])
    assert spf.covers(joined, first)
    assert spf.covers(joined, second)
    assert spf.wrong_term(joined) == ""
    assert joined.split()[-1] == ("~all" if "~all" in terms else "-all")


@pytest.mark.parametrize(
    "term",
    [
        "mx",
        "a/24",
        "a:h.org//64",
        "ip6:2001:db8::/32",
        "?all",
        "exists:%{i}.x",
        "exp=x.org",
        "~ptr",
    ],
)
def test_terms_of_spf_are_known(term: str) -> None:
    assert spf.wrong_term(f"v=spf1 {term}") == ""


@pytest.mark.parametrize("term", ["alll", "ip4:host.org", "include", "include:", "ip:1.2.3.4", '"'])
def test_what_is_no_term_of_spf_is_found(term: str) -> None:
    assert spf.wrong_term(f"v=spf1 mx {term} -all") == term


@given(st.text(max_size=200))
def test_any_text_can_be_read_as_a_policy(anything: str) -> None:
    tags.dmarc_mistake(anything)
    tags.demands_exact_names(anything)
    tags.is_like_dkim(anything)
    tags.is_cut_key(tags.dkim_key(anything))
    spf.wrong_term(anything)
    assert spf.lookups(f"v=spf1 {anything}", {})[0] <= len(anything) + 1
