"""What a group puts around its mail: who may set it, what is refused, where it is seen."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM, member_of
from posthouse.accounts.models import Account, AuditRecord, User, UserGroup
from posthouse.accounts.permissions import NotAllowed
from posthouse.content.frames import change_frame, frame_of
from posthouse.content.models import GroupFrame
from posthouse.core.channels import Channel
from posthouse.deliveries.route import SenderChoice, preview
from tests.campaigns import make_draft
from tests.sending import make_sending


def refused(group: UserGroup, **values: str) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as caught:
        change_frame(SYSTEM, group, **values)
    assert not GroupFrame.objects.exists()
    return caught.value.message_dict


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("html_footer", "{{ first_name", "{{"),
        ("html_header", "{% if a %}", "if"),
        ("text_footer", "a\x00b", "NUL"),
        ("html_footer", "x" * 50_001, "50,000"),
        ("x_mailer", "a\r\nBcc: x@example.org", "line break"),
        ("x_mailer", "{{ first_name", "{{"),
        ("headers", "Bcc: x@example.org", "not a header that can be added"),
        ("headers", "X-Job", "not a header that can be added"),
        ("headers", "DKIM-Signature: v=1", "not a header that can be added"),
        ("headers", "X-Job : 1\nx-job: 2", "twice"),
        ("headers", "X-Job: {{ city", "{{"),
    ],
)
def test_what_cannot_stand_in_a_message_is_refused(
    group: UserGroup, field: str, typed: str, said: str
) -> None:
    errors = refused(group, **{field: typed})
    assert list(errors) == [field]
    assert said in errors[field][0]


def test_it_is_on_the_route_of_the_groups_accounts(account: Account) -> None:
    frame = change_frame(
        SYSTEM, account.group, html_footer="<p>Sent by us</p>", headers="feedback-id: 1:posthouse"
    )
    assert frame.headers == (("Feedback-ID", "1:posthouse"),)
    assert frame_of(account.group_id) == frame
    with access.across_tenants():
        sending = make_sending(account, members=1)
        sender = SenderChoice("", "news", sending.domain)
        assert preview(account, Channel.MARKETING, sender).frame == frame
    assert AuditRecord.objects.filter(verb="group.frame").count() == 1


def test_the_operator_sets_it_and_the_preview_shows_it(
    boss: User, owner: User, account: Account, client_of: Callable[[User], Client]
) -> None:
    browser, address = client_of(boss), f"/operator/groups/{account.group.public_id}/headers/"
    wrong = browser.post(address, {"html_footer": "<p>{{ oops</p>"})
    assert wrong.status_code == 200
    assert "{{ oops" in wrong.content.decode()
    assert browser.post(address, {"html_footer": "<p>Harbour Street 1</p>"}).status_code == 302
    assert "Harbour Street 1" in browser.get(address).content.decode()

    with access.tenant(account):
        draft = make_draft(make_sending(account, members=1))
    seen = client_of(owner).get(f"/a/{account.slug}/campaigns/{draft.public_id}/preview/")
    assert "Harbour Street 1" in seen.content.decode()


def test_owners_may_not(account: Account, owner: User) -> None:
    actor = member_of(owner, account)
    assert actor is not None
    with pytest.raises(NotAllowed):
        change_frame(actor, account.group, x_mailer="Mine")
