"""F6: what a server says of itself, of us or of our content is never held against a subscriber."""

import pytest

from posthouse.accounts import access
from posthouse.accounts.models import Account
from posthouse.audience.models import ListMembership, Subscriber, Suppression
from posthouse.core.delivery.replies import Stage, judge
from posthouse.core.smtp.messages import Outcome
from posthouse.deliveries import outbox
from posthouse.deliveries.fan_out import fan_out_next
from tests.sending import counted, make_sending

pytestmark = pytest.mark.django_db

NOT_THEIR_FAULT = [
    (stage, code, enhanced)
    for stage in (Stage.CONNECT, Stage.TLS, Stage.HELLO, Stage.AUTH, Stage.MAIL)
    for code, enhanced in ((421, "4.3.2"), (454, ""), (535, "5.7.8"), (550, "5.1.1"), (554, ""))
] + [
    (stage, code, enhanced)
    for stage in (Stage.RCPT, Stage.DATA, Stage.END)
    for code, enhanced in ((421, ""), (530, "5.7.0"), (550, "5.7.1"), (554, "5.7.26"))
]


@pytest.mark.parametrize(("stage", "code", "enhanced"), NOT_THEIR_FAULT)
def test_a_server_that_refuses_us_changes_nothing_about_its_recipients(
    stage: Stage, code: int, enhanced: str, account: Account
) -> None:
    with access.across_tenants():
        dispatch = make_sending(account, 3).dispatch()
        while fan_out_next():
            pass
        before = people()
        claim = outbox.claim_next("e1", 1)
        assert claim is not None
        verdict = judge(stage, code, enhanced)
        refused = Outcome(
            claim.parcels[0].id, verdict.result, stage, code, enhanced, "No", verdict.blame
        )
        outbox.settle("e1", claim.token, [refused])
        outbox.release(claim.token)
        assert people() == before
    counts = counted(dispatch)
    assert sum(counts.values()) == 3
    assert counts.get("pending", 0) >= 2  # nobody else is touched


def people() -> list[tuple[object, ...]]:
    """Everything that says whether somebody may be mailed."""
    return [
        *Subscriber.objects.order_by("pk").values_list(),
        *ListMembership.objects.order_by("pk").values_list(),
        *Suppression.objects.order_by("pk").values_list(),
    ]
