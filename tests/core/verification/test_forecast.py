"""What receivers will make of a message, forecast from what earlier checks found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.dns.masterdomain import MasterFinding, State
from posthouse.core.verification.evidence import Outlook, Stored, StoredRecord
from posthouse.core.verification.forecast import Forecast, Mail, Signature, forecast, is_aligned

DOMAIN = "mail.example.com"
MASTER = "mailer.example.net"
KEY = "key1._domainkey"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
AGO = NOW - timedelta(hours=3)
RELAXED = "v=DMARC1; p=none"

PASSES, FAILS, UNKNOWN = Outlook.PASSES, Outlook.FAILS, Outlook.UNKNOWN
MAIL = Mail(DOMAIN, f"sl.{DOMAIN}", (Signature(DOMAIN, "key1"),), "relay-1")


def alias(host: str, target: str, purpose: str, state: str = "ok") -> StoredRecord:
    return StoredRecord(DOMAIN, host, "CNAME", target, purpose, state, (target,), at=NOW)


PATH = alias(f"sl.{DOMAIN}", MASTER, "return-path")
SIGNED = alias(f"{KEY}.{DOMAIN}", f"{KEY}.{MASTER}", "dkim")
BELOW = alias(f"{KEY}.sl.{DOMAIN}", f"{KEY}.{MASTER}", "dkim")
POLICY = alias(f"_dmarc.{DOMAIN}", f"_dmarc.{MASTER}", "dmarc")
DEFAULT = (PATH, SIGNED, BELOW, POLICY)
CLASSIC = (PATH, BELOW)  # the key and the policy stand below the From domain only

SPF_FOUND = MasterFinding("SPF", MASTER, State.OK, "One SPF record.")
KEY_FOUND = MasterFinding("DKIM", f"{KEY}.{MASTER}", State.OK, "The key in use.")
DMARC_FOUND = MasterFinding("DMARC", f"_dmarc.{MASTER}", State.OK, "One policy.", seen=RELAXED)
CHECKED = (SPF_FOUND, KEY_FOUND, DMARC_FOUND)


def stored(*records: StoredRecord, master: tuple[MasterFinding, ...] = CHECKED) -> Stored:
    return Stored(records, master, AGO if master else None)


def text(host: str, value: str, purpose: str, *seen: str, state: str = "ok") -> StoredRecord:
    return StoredRecord(DOMAIN, host, "TXT", value, purpose, state, seen or (value,), at=NOW)


def without(finding: MasterFinding, state: State | None = None) -> tuple[MasterFinding, ...]:
    """The check of the master domain without this finding, or with this state of it."""
    others = tuple(each for each in CHECKED if each is not finding)
    changed = replace(finding, sentence="It is not so.", next_step="Mend it.")
    return others if state is None else (*others, replace(changed, state=state))


def in_place(text: str) -> StoredRecord:
    """The domain's own policy, where a CNAME to ours was asked for."""
    return replace(POLICY, seen=(f"TXT {text}",))


STRICT = in_place("v=DMARC1; p=reject; adkim=s; aspf=s")
FAILING = replace(SIGNED, state="wrong", finding="It leads elsewhere.", advice="Change it.")

# mail, what is stored, outlook of SPF, DKIM and DMARC, and words that must be in what is said
TABLE = {
    "default": (MAIL, stored(*DEFAULT), PASSES, PASSES, PASSES, "one would be enough"),
    "octeth classic": (
        MAIL, stored(*CLASSIC), PASSES, FAILS, PASSES,
        f"The records of {DOMAIN} include no DKIM key at {KEY}.{DOMAIN}",
    ),
    "key of its own": (
        replace(MAIL, signatures=(Signature(DOMAIN, "ph1"),)),
        stored(PATH, text(f"ph1._domainkey.{DOMAIN}", "v=DKIM1; p=AAAA", "dkim"), POLICY),
        PASSES, PASSES, PASSES, f"The DKIM key at ph1._domainkey.{DOMAIN} is right",
    ),
    "one of two keys is enough": (
        replace(MAIL, signatures=(Signature(DOMAIN, "gone"), Signature(DOMAIN, "key1"))),
        stored(*DEFAULT), PASSES, PASSES, PASSES, "one would be enough",
    ),
    "the server signs": (
        replace(MAIL, signatures=None), stored(*DEFAULT), PASSES, UNKNOWN, PASSES,
        f"dkim=pass for {DOMAIN}",
    ),
    "nobody signs": (
        replace(MAIL, signatures=()), stored(*DEFAULT), PASSES, FAILS, PASSES, "Nobody signs",
    ),
    "enforced from": (
        replace(MAIL, from_domain="news.example.org",
                signatures=(Signature("news.example.org", "key1"),)),
        stored(*DEFAULT), PASSES, UNKNOWN, UNKNOWN,
        f"sl.{DOMAIN} is another domain than news.example.org",
    ),
    "free from": (
        Mail("example.org", MASTER, None, "relay-1"), stored(), PASSES, UNKNOWN, UNKNOWN,
        "No DMARC policy for example.org is known here",
    ),
    "a return path that nobody here watches": (
        replace(MAIL, return_path="bounce.example.org"), stored(*DEFAULT),
        UNKNOWN, PASSES, PASSES, "does not watch the DNS of bounce.example.org",
    ),
    "the operator's own domain as From": (
        Mail(MASTER, MASTER, (Signature(MASTER, "key1"),)), stored(), PASSES, PASSES, PASSES,
        "The policy of mailer.example.net is p=none",
    ),
    "strict, and signed": (
        MAIL, stored(PATH, SIGNED, STRICT), PASSES, PASSES, PASSES, "exact names only (aspf=s)",
    ),
    "strict, and signed below": (
        MAIL, stored(*CLASSIC, replace(STRICT, state="wrong")), PASSES, FAILS, FAILS,
        f"The policy of {DOMAIN} (p=reject) asks receivers to refuse",
    ),
    "a failing check": (
        MAIL, stored(PATH, FAILING, POLICY), PASSES, FAILS, PASSES, "It leads elsewhere.",
    ),
    "all checks fail": (
        MAIL, stored(replace(PATH, state="not_yet", advice="Publish it."), FAILING, POLICY),
        FAILS, FAILS, FAILS, f"Neither SPF nor DKIM vouches for {DOMAIN}",
    ),
    "never checked": (
        MAIL, stored(*(replace(each, state="not_checked") for each in DEFAULT)),
        UNKNOWN, UNKNOWN, UNKNOWN, "has never been looked up",
    ),
    "could not be checked": (
        MAIL, stored(*(replace(each, state="could_not_check") for each in DEFAULT)),
        UNKNOWN, UNKNOWN, UNKNOWN, "SPF and DKIM, which cannot be told",
    ),
    "the master domain was never checked": (
        MAIL, stored(*DEFAULT, master=()), UNKNOWN, UNKNOWN, UNKNOWN,
        f"leads to {MASTER}, which your operator has not checked",
    ),
    "another key at the master domain": (
        MAIL, stored(*DEFAULT, master=without(KEY_FOUND, State.WRONG)),
        PASSES, FAILS, PASSES, f"leads to {KEY}.{MASTER}. It is not so.",
    ),
    "the master's SPF is gone": (
        MAIL, stored(*DEFAULT, master=without(SPF_FOUND, State.MISSING)),
        FAILS, PASSES, PASSES, "DKIM vouches",
    ),
    "the master's SPF is not known": (
        MAIL, stored(*CLASSIC, master=without(SPF_FOUND, State.COULD_NOT_CHECK)),
        UNKNOWN, FAILS, UNKNOWN, "depends on SPF",
    ),
}  # fmt: skip


def told(found: Forecast) -> str:
    return " ".join(f"{one.sentence} {one.next_step}" for one in found.mechanisms)


@pytest.mark.parametrize("case", TABLE)
def test_each_set_up_has_its_outlook_and_its_reason(case: str) -> None:
    mail, known, spf, dkim, dmarc, words = TABLE[case]
    found = forecast(mail, known)

    assert [one.outlook for one in found.mechanisms] == [spf, dkim, dmarc], told(found)
    assert words in told(found)


@pytest.mark.parametrize("case", TABLE)
def test_what_does_not_pass_has_a_next_step(case: str) -> None:
    mail, known, *_ = TABLE[case]
    for one in forecast(mail, known).mechanisms:
        assert one.sentence.endswith(".")
        assert one.outlook is PASSES or one.next_step


def test_it_is_as_old_as_the_oldest_check_behind_it() -> None:
    found = forecast(MAIL, stored(*DEFAULT))
    assert {one.as_of for one in found.mechanisms} == {AGO}
    own = text(f"{KEY}.{DOMAIN}", "v=DKIM1; p=AAAA", "dkim")
    assert forecast(MAIL, stored(PATH, own, POLICY)).dkim.as_of == NOW


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("v=DMARC1; p=quarantine", "quarantine"),
        ("v=DMARC1; p=Reject; sp=none", "reject"),
        ("v=DMARC1; p=perhaps", ""),  # receivers ignore it
    ],
)
def test_the_domains_own_policy_goes_before_the_inherited_one(text: str, asked: str) -> None:
    assert forecast(MAIL, stored(PATH, SIGNED, in_place(text))).policy == asked


def test_two_policies_are_none() -> None:
    two = replace(POLICY, type="TXT", state="wrong", seen=(RELAXED, "v=DMARC1; p=reject"))
    assert forecast(MAIL, stored(PATH, SIGNED, two)).policy == ""


def test_without_a_policy_it_says_where_one_must_stand() -> None:
    found = forecast(MAIL, stored(PATH, SIGNED))
    assert found.dmarc.outlook is PASSES
    assert f"at _dmarc.{DOMAIN} or _dmarc.example.com" in found.dmarc.next_step
    assert "assumed" not in found.dmarc.sentence  # its DKIM is aligned in any mode
    assert "relaxed alignment, the default, is assumed" in told(forecast(MAIL, stored(*CLASSIC)))
    assert not forecast(MAIL, stored(*DEFAULT)).dmarc.next_step


def test_the_policy_of_the_bought_domain_holds_below_it_by_its_sp() -> None:
    above = StoredRecord(
        "example.com", "_dmarc.example.com", "TXT", "v=DMARC1; p=reject; sp=quarantine", "dmarc",
        "ok", at=NOW,
    )  # fmt: skip
    assert forecast(MAIL, stored(PATH, SIGNED, above)).policy == "quarantine"


STATES = st.sampled_from(["ok", "not_yet", "wrong", "could_not_check", "not_checked"])
DOMAINS = st.sampled_from([DOMAIN, f"sl.{DOMAIN}", "example.com", "example.org", MASTER])
MAILS = st.builds(
    Mail,
    DOMAINS,
    DOMAINS,
    st.none() | st.lists(st.builds(Signature, DOMAINS, st.just("key1")), max_size=3).map(tuple),
)
KNOWN = st.builds(
    lambda records, states, master: stored(
        *(replace(record, state=state) for record, state in zip(records, states, strict=False)),
        master=master,
    ),
    st.sampled_from([DEFAULT, CLASSIC, (PATH, SIGNED, STRICT), ()]),
    st.lists(STATES, min_size=4, max_size=4),
    st.sampled_from([CHECKED, (), without(KEY_FOUND), without(SPF_FOUND, State.WRONG)]),
)


@given(MAILS, KNOWN)
def test_dmarc_passes_exactly_by_an_aligned_pass(mail: Mail, known: Stored) -> None:
    found = forecast(mail, known)
    others = (found.spf, found.dkim)

    assert (found.dmarc.outlook is PASSES) == any(one.vouches for one in others)
    assert (found.dmarc.outlook is FAILS) == (not any(one.may_vouch for one in others))
    assert all(one.may_vouch for one in others if one.vouches)


@given(MAILS, KNOWN)
def test_what_was_never_checked_is_never_said_to_fail(mail: Mail, known: Stored) -> None:
    records = tuple(replace(each, state="not_checked") for each in known.records)
    unchecked = forecast(mail, replace(known, records=records, master=()))

    for before, after in zip(forecast(mail, known).mechanisms, unchecked.mechanisms, strict=True):
        if before.outlook is PASSES and before.name != "DMARC":
            assert after.outlook is UNKNOWN


@given(DOMAINS, DOMAINS)
def test_strict_alignment_is_a_part_of_relaxed(domain: str, sender: str) -> None:
    if is_aligned(domain, sender, strict=True):
        assert is_aligned(domain, sender, strict=False)
    assert is_aligned(sender, sender, strict=True)
