"""The nearest allocation decides, and the choice explains itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.channels import Channel
from posthouse.core.routing.badges import BADGES
from posthouse.core.routing.choose import (
    NoServer,
    NothingAllocated,
    ServerGone,
    choose_server,
)

SERVERS = {1: "EU Marketing", 2: "Own IP", 3: "Campaign box"}


def test_a_campaign_goes_before_its_account_and_its_account_before_the_group() -> None:
    account, group = {Channel.MARKETING: 2}, {Channel.MARKETING: 1}
    assert choose_server(Channel.MARKETING, account, group, SERVERS, 3).server_id == 3
    assert choose_server(Channel.MARKETING, account, group, SERVERS).server_id == 2
    assert choose_server(Channel.MARKETING, {}, group, SERVERS).server_id == 1


def test_the_choice_says_why() -> None:
    choice = choose_server(Channel.AUTORESPONDER, {}, {Channel.AUTORESPONDER: 1}, SERVERS)
    assert choice.reasons == (
        "The account names no delivery server for autoresponder mail.",
        "The user group names EU Marketing for autoresponder mail.",
    )


def test_channels_do_not_share_servers() -> None:
    with pytest.raises(NothingAllocated) as refused:
        choose_server(Channel.TRANSACTIONAL, {}, {Channel.MARKETING: 1}, SERVERS)
    assert len(refused.value.reasons) == 2


def test_a_server_that_is_gone_is_not_replaced_unseen() -> None:
    with pytest.raises(ServerGone) as refused:
        choose_server(Channel.MARKETING, {Channel.MARKETING: 9}, {Channel.MARKETING: 1}, SERVERS)
    assert refused.value.server_id == 9
    assert "no longer in use" in str(refused.value)


IDS = st.none() | st.integers(1, 5)
ALLOCATIONS = st.dictionaries(st.sampled_from(list(Channel)), st.integers(1, 5))


@given(st.sampled_from(list(Channel)), ALLOCATIONS, ALLOCATIONS, IDS)
def test_only_the_first_server_named_is_ever_chosen(
    channel: Channel, account: dict[Channel, int], group: dict[Channel, int], campaign: int | None
) -> None:
    named = [each for each in (campaign, account.get(channel), group.get(channel)) if each]
    try:
        choice = choose_server(channel, account, group, SERVERS, campaign)
    except NoServer:
        assert not named or named[0] not in SERVERS
    else:
        assert choice.server_id == named[0]
        assert SERVERS[choice.server_id] in choice.reasons[-1]


def test_every_channel_has_a_badge_of_its_own() -> None:
    assert [BADGES[channel].letters for channel in Channel] == ["M", "T", "AR"]
    assert len({badge.colour for badge in BADGES.values()}) == 3
