"""The nearest step that names a server decides, and the choice explains itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.channels import Channel
from posthouse.core.routing.badges import BADGES
from posthouse.core.routing.choose import (
    Fallback,
    Named,
    NoServer,
    NothingAllocated,
    ServerGone,
    choose_server,
)

SERVERS = {1: "EU Marketing", 2: "Own IP", 3: "Campaign box", 4: "To disk", 5: "House relay"}
MARKETING = Channel.MARKETING


@pytest.mark.parametrize(
    ("named", "server_id"),
    [
        (Named(campaign=3, account=2, group=1, fallback=4, system=5), 3),
        (Named(account=2, group=1, fallback=4, system=5), 2),
        (Named(group=1, fallback=4, system=5), 1),
        (Named(fallback=4, system=5), 4),
        (Named(system=5), 5),
        (Named(group=1, fallback=Fallback.NOTHING, system=5), 1),
    ],
)
def test_the_order_is_campaign_account_group_its_send_method_installation(
    named: Named, server_id: int
) -> None:
    assert choose_server(MARKETING, named, SERVERS).server_id == server_id


def test_the_choice_says_why() -> None:
    assert choose_server(Channel.AUTORESPONDER, Named(group=1), SERVERS).reasons == (
        "The account names no delivery server for autoresponder mail.",
        "The user group names EU Marketing for autoresponder mail.",
    )
    assert choose_server(MARKETING, Named(system=5), SERVERS).reasons[2:] == (
        "The user group's send method is System, the installation's.",
        "The installation names House relay for mail without one of its own.",
    )


def test_a_group_without_a_send_method_does_not_fall_back_to_the_installation() -> None:
    with pytest.raises(NothingAllocated) as refused:
        choose_server(MARKETING, Named(fallback=Fallback.NOTHING, system=5), SERVERS)
    assert refused.value.reasons[-1] == (
        "The user group's send method is None: other mail stays here."
    )


def test_without_any_server_each_step_says_so() -> None:
    with pytest.raises(NothingAllocated) as refused:
        choose_server(MARKETING, Named(), SERVERS)
    assert len(refused.value.reasons) == 4


def test_a_server_that_is_gone_is_not_replaced_unseen() -> None:
    with pytest.raises(ServerGone) as refused:
        choose_server(MARKETING, Named(account=9, group=1, system=5), SERVERS)
    assert refused.value.server_id == 9
    assert "no longer in use" in str(refused.value)


IDS = st.none() | st.integers(1, 7)  # 6 and 7 are gone
NAMED = st.builds(Named, IDS, IDS, IDS, st.sampled_from(Fallback) | st.integers(1, 7), IDS)


@given(st.sampled_from(list(Channel)), NAMED)
def test_only_the_first_server_named_is_ever_chosen(channel: Channel, named: Named) -> None:
    falls_back = named.system if named.fallback is Fallback.SYSTEM else None
    chosen = None if isinstance(named.fallback, Fallback) else named.fallback
    order = (named.campaign, named.account, named.group, chosen, falls_back)
    asked = [each for each in order if each]
    try:
        choice = choose_server(channel, named, SERVERS)
    except NoServer:
        assert not asked or asked[0] not in SERVERS
    else:
        assert choice.server_id == asked[0]
        assert SERVERS[choice.server_id] in choice.reasons[-1]


def test_every_channel_has_a_badge_of_its_own() -> None:
    assert [BADGES[channel].letters for channel in Channel] == ["M", "T", "AR"]
    assert len({badge.colour for badge in BADGES.values()}) == 3
