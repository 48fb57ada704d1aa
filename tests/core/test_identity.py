"""Nothing leaves under a name that is not the account's own, or the operator's by his setting."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.identity import (
    FROM_MAY_BE,
    AddressRefused,
    DefaultDomain,
    DefaultDomainUsedUp,
    DomainNotEnabled,
    DomainNotOwned,
    FreeTextRefused,
    FromKind,
    Identity,
    IdentityRefused,
    IdentityRequest,
    ListSender,
    NoReturnPath,
    OwnDomain,
    ServerDomains,
    resolve_identity,
)
from posthouse.core.verification.status import Status

ACCOUNT = 7
SERVER = ServerDomains("bounce.example.net", "click.example.net", "open.example.net")
OWN = OwnDomain(
    ACCOUNT,
    "mail.example.com",
    Status.ENABLED,
    "sl.mail.example.com",
    "track-sl.mail.example.com",
)
DEFAULT = DefaultDomain("shared.example.net", "sl.shared.example.net", "t.shared.example.net", 5)
CHOSEN = IdentityRequest(ACCOUNT, True, SERVER, "Anna", "news", OWN)
FREE = IdentityRequest(ACCOUNT, False, SERVER, "Anna", free_text="anna@example.org")


def with_server(request: IdentityRequest, **settings: object) -> IdentityRequest:
    return replace(request, server=replace(request.server, **settings))  # type: ignore[arg-type]


def test_an_enabled_domain_gives_from_return_path_and_tracking() -> None:
    identity = resolve_identity(CHOSEN)
    assert identity == Identity(
        kind=FromKind.OWN_DOMAIN,
        from_name="Anna",
        from_address="news@mail.example.com",
        reply_to="",
        mfrom="sl.mail.example.com",
        mfrom_is_address=False,
        link_host="track-sl.mail.example.com",
        open_host="track-sl.mail.example.com",
        uses_default_domain=False,
        reasons=(
            "mail.example.com is an Enabled sender domain of this account.",
            "The return path is the MFROM host of mail.example.com.",
            "Tracking goes through the tracking host of mail.example.com, as its options say.",
        ),
    )
    assert identity.bounces_processed


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.ENABLED])
def test_a_domain_in_any_other_status_is_refused(status: Status) -> None:
    with pytest.raises(DomainNotEnabled, match="only an Enabled domain"):
        resolve_identity(replace(CHOSEN, domain=replace(OWN, status=status)))


def test_another_accounts_domain_is_refused() -> None:
    with pytest.raises(DomainNotOwned):
        resolve_identity(replace(CHOSEN, account_id=8))


def test_free_text_is_for_groups_without_domain_management() -> None:
    assert resolve_identity(FREE).from_address == "anna@example.org"
    assert resolve_identity(FREE).mfrom == "bounce.example.net"
    with pytest.raises(FreeTextRefused):
        resolve_identity(replace(FREE, managed=True))


def test_free_text_is_never_at_what_another_account_verified() -> None:
    taken = frozenset({"example.org"})
    with pytest.raises(DomainNotOwned, match="another account's"):
        resolve_identity(replace(FREE, taken=taken))
    listed = ListSender("Club", "club@example.org")
    elsewhere = replace(FREE, free_text="anna@example.com", list_sender=listed)
    elsewhere = with_server(elsewhere, list_sender_as_from=True)

    assert resolve_identity(elsewhere).from_address == "club@example.org"
    identity = resolve_identity(replace(elsewhere, taken=taken))
    assert identity.from_address == "anna@example.com"


def test_the_default_domain_sends_within_its_cap() -> None:
    identity = resolve_identity(replace(CHOSEN, domain=DEFAULT))
    assert identity.from_address == "news@shared.example.net"
    assert identity.mfrom == "sl.shared.example.net"
    assert identity.uses_default_domain
    with pytest.raises(DefaultDomainUsedUp):
        resolve_identity(replace(CHOSEN, domain=replace(DEFAULT, remaining=0)))
    uncapped = replace(CHOSEN, domain=replace(DEFAULT, remaining=None))
    assert resolve_identity(uncapped).uses_default_domain


def test_an_enforced_from_sends_replies_to_the_person() -> None:
    enforced = with_server(CHOSEN, enforced_from="post@example.net", list_sender_as_from=True)
    identity = resolve_identity(enforced)
    assert identity.kind is FromKind.ENFORCED
    assert identity.from_address == "post@example.net"
    assert identity.reply_to == "news@mail.example.com"
    assert identity.mfrom == "sl.mail.example.com"
    own_reply = resolve_identity(replace(enforced, reply_to="desk@example.org"))
    assert own_reply.reply_to == "desk@example.org"


def test_an_enforced_from_does_not_open_a_door_for_a_domain_that_may_not_send() -> None:
    enforced = with_server(CHOSEN, enforced_from="post@example.net")
    with pytest.raises(DomainNotEnabled):
        resolve_identity(replace(enforced, domain=replace(OWN, status=Status.PENDING)))


def test_the_lists_sender_stands_as_from_at_an_enabled_domain() -> None:
    other = replace(OWN, name="shop.example.com", mfrom_host="sl.shop.example.com")
    listed = ListSender("Shop", "hi@shop.example.com", other)
    request = replace(with_server(CHOSEN, list_sender_as_from=True), list_sender=listed)
    identity = resolve_identity(request)
    assert (identity.from_name, identity.from_address) == ("Shop", "hi@shop.example.com")
    assert identity.mfrom == "sl.shop.example.com"


@pytest.mark.parametrize(
    "listed",
    [
        ListSender("Shop", "hi@gmail.com"),
        ListSender("Shop", "hi@other.example.com", OWN),
        ListSender("Shop", "hi@mail.example.com", replace(OWN, status=Status.DISABLED)),
        ListSender("Shop", "hi@mail.example.com", replace(OWN, account_id=8)),
        ListSender("Shop", "no address"),
    ],
)
def test_a_lists_sender_elsewhere_gives_way_to_the_chosen_one(listed: ListSender) -> None:
    request = with_server(CHOSEN, list_sender_as_from=True, list_sender_as_mfrom=True)
    identity = resolve_identity(replace(request, list_sender=listed))
    assert identity.from_address == "news@mail.example.com"
    assert identity.mfrom == "sl.mail.example.com"
    assert any("the chosen one stays" in reason for reason in identity.reasons)


def test_the_lists_sender_as_return_path_is_a_mailbox_of_theirs() -> None:
    listed = ListSender("Shop", "hi@mail.example.com", OWN)
    request = with_server(CHOSEN, list_sender_as_mfrom=True)
    identity = resolve_identity(replace(request, list_sender=listed))
    assert identity.mfrom == "hi@mail.example.com"
    assert not identity.bounces_processed
    enforced = with_server(replace(request, list_sender=listed), enforced_from="p@example.net")
    assert resolve_identity(enforced).mfrom == "sl.mail.example.com"


def test_a_whole_return_path_of_the_server_is_used_as_it_is() -> None:
    identity = resolve_identity(with_server(CHOSEN, mfrom="bounces@example.net"))
    assert identity.mfrom == "bounces@example.net"
    assert identity.mfrom_is_address
    assert any("not processed" in reason for reason in identity.reasons)


def test_without_any_return_path_nothing_leaves() -> None:
    with pytest.raises(NoReturnPath):
        resolve_identity(with_server(FREE, mfrom=""))


def test_tracking_follows_the_switches_of_the_domain() -> None:
    silent = replace(OWN, track_links=False, track_opens=False)
    identity = resolve_identity(replace(CHOSEN, domain=silent))
    assert (identity.link_host, identity.open_host) == (None, None)
    free = resolve_identity(FREE)
    assert (free.link_host, free.open_host) == ("click.example.net", "open.example.net")


BAD_LOCALS = ["", "a b", "a@b", "a\r\nBcc: x", "ä", "a..b", "x" * 65, "a\x00"]


@pytest.mark.parametrize("local", BAD_LOCALS)
def test_a_local_part_cannot_bring_anything_else_along(local: str) -> None:
    with pytest.raises(AddressRefused):
        resolve_identity(replace(CHOSEN, local_part=local))


def test_a_refusal_carries_its_sentence() -> None:
    with pytest.raises(IdentityRefused) as refused:
        resolve_identity(replace(CHOSEN, account_id=8))
    assert refused.value.reason == "The chosen sender domain does not belong to this account."


def test_the_table_has_words_for_every_kind() -> None:
    assert set(FROM_MAY_BE) == set(FromKind)


NAMES = st.sampled_from(["mail.example.com", "shop.example.com", "evil.example.org"])
OWN_DOMAINS = st.builds(
    lambda account, name, status, links: OwnDomain(
        account, name, status, f"sl.{name}", f"track-sl.{name}", links, not links
    ),
    st.sampled_from([ACCOUNT, 8]),
    NAMES,
    st.sampled_from(list(Status)),
    st.booleans(),
)
DEFAULTS = st.builds(replace, st.just(DEFAULT), remaining=st.sampled_from([None, 0, 1]))
ADDRESSES = st.builds(lambda local, name: f"{local}@{name}", st.sampled_from(["a", "b c"]), NAMES)
SERVERS = st.builds(
    ServerDomains,
    mfrom=st.sampled_from(["", "bounce.example.net", "bounces@example.net"]),
    link_host=st.sampled_from(["", "click.example.net"]),
    open_host=st.just("open.example.net"),
    enforced_from=st.sampled_from(["", "", "post@example.net", "no address"]),
    list_sender_as_from=st.booleans(),
    list_sender_as_mfrom=st.booleans(),
)
LISTED = st.none() | st.builds(ListSender, st.just("Shop"), ADDRESSES, st.none() | OWN_DOMAINS)
REQUESTS = st.builds(
    IdentityRequest,
    account_id=st.just(ACCOUNT),
    managed=st.booleans(),
    server=SERVERS,
    from_name=st.just("Anna"),
    local_part=st.sampled_from(["news", "news", "news", "a\nb"]),
    domain=st.none() | OWN_DOMAINS | DEFAULTS,
    free_text=ADDRESSES,
    reply_to=st.just(""),
    list_sender=LISTED,
)


@given(REQUESTS)
def test_with_management_on_nothing_but_an_enabled_owned_domain_comes_out(
    request: IdentityRequest,
) -> None:
    try:
        identity = resolve_identity(replace(request, managed=True))
    except IdentityRefused:
        return
    candidates = [request.domain, request.list_sender.domain if request.list_sender else None]
    own = {
        each.name
        for each in candidates
        if isinstance(each, OwnDomain)
        and each.account_id == ACCOUNT
        and each.status is Status.ENABLED
    }
    default = {DEFAULT.name} if request.domain == replace(DEFAULT, remaining=1) else set()
    default |= {DEFAULT.name} if request.domain == replace(DEFAULT, remaining=None) else set()
    allowed = own | default
    sender = identity.from_address.rpartition("@")[2]
    assert sender in allowed or identity.from_address == request.server.enforced_from
    assert request.domain is not None
    path = identity.mfrom.rpartition("@")[2].removeprefix("sl.")
    assert path in allowed or identity.mfrom == request.server.mfrom == "bounces@example.net"
    for host in (identity.link_host, identity.open_host):
        assert host is None or any(host.endswith(f".{name}") for name in allowed)


@given(REQUESTS)
def test_an_identity_is_whole_and_explains_itself(request: IdentityRequest) -> None:
    try:
        identity = resolve_identity(request)
    except IdentityRefused:
        return
    assert identity.from_address.count("@") == 1
    assert identity.from_address.isprintable()
    assert identity.mfrom
    assert identity.mfrom_is_address == ("@" in identity.mfrom)
    assert len(identity.reasons) >= 3
    assert all(reason.endswith(".") for reason in identity.reasons)
