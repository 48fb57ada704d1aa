"""The pages of sender domains: list, records to take away, history, the operator's view."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from posthouse.accounts import access, services
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account, AuditRecord, Notice, User
from posthouse.campaigns.models import Campaign
from posthouse.domains import health, mailing, volume
from posthouse.domains.models import DomainCheck, DomainKey, DomainRecord, SenderDomain
from posthouse.domains.services import add as add_domain
from posthouse.housekeeping.events import handle_some
from tests.sending import make_domain, make_sending


@pytest.fixture
def client(owner: User, client_of: Callable[[User], Client]) -> Client:
    return client_of(owner)


@pytest.fixture
def operator(boss: User, client_of: Callable[[User], Client]) -> Client:
    return client_of(boss)


@pytest.fixture
def base(account: Account) -> str:
    return f"/a/{account.slug}/settings/domains/"


@pytest.fixture
def domain(account: Account) -> SenderDomain:
    with access.tenant(account):
        return add_domain(SYSTEM, account, "mail.harbour.example")


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


def checked(domain: SenderDomain, result: str, days_ago: float) -> None:
    DomainCheck.objects.create(
        account_id=domain.account_id,
        domain=domain,
        at=timezone.now() - timedelta(days=days_ago),
        by="Posthouse",
        result=result,
        status=domain.status,
        right=7,
        total=7,
    )


# ------------------------------------------------------------------------------------- the list


def test_the_list_shows_health_volume_and_a_warning(
    client: Client, base: str, account: Account
) -> None:
    with access.across_tenants():
        domain = make_domain(account, warning="Mend it.", failures_in_row=1)
        volume.count(account.pk, domain.pk, timezone.now(), 40_000_000)
        for result, days_ago in (("verified", 2), ("verified", 1), ("failed", 0)):
            checked(domain, result, days_ago)
    page = text(client, base)

    assert "40,000,000" in page
    assert "1 of 3 checks failed" in page
    assert "Checks of the last 14 days: 2 all right, 1 failed, 11 without a check." in page


def test_a_day_is_shown_as_it_ended_and_trouble_with_dns_says_nothing_beside_an_answer(
    account: Account,
) -> None:
    with access.across_tenants():
        domain = make_domain(account)
        for result in ("failed", "verified", "could_not_check"):
            checked(domain, result, 1)
        checked(domain, "could_not_check", 3)
        checked(domain, "verified", 20)
        states = health.of([domain.pk])[domain.pk].states

    assert states == ("none",) * 10 + ("could_not_check", "none", "verified", "none")


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("", ["a", "b", "c"]),
        ("?sort=volume", ["c", "a", "b"]),
        ("?sort=checked", ["b", "a", "c"]),
        ("?sort=nonsense&state=nonsense", ["a", "b", "c"]),
        ("?q=B.example", ["b"]),
        ("?state=enabled&sort=volume", ["c", "a"]),
        ("?state=broken", ["a"]),
        ("?q=nothing", []),
    ],
)
def test_the_list_is_narrowed_and_sorted(
    client: Client, base: str, account: Account, asked: str, names: list[str]
) -> None:
    now = timezone.now()
    with access.across_tenants():
        make_domain(account, "a.example", warning="Mend it.", checked_at=now - timedelta(days=1))
        make_domain(account, "b.example", status="disabled", checked_at=now, warning="Old words.")
        busy = make_domain(account, "c.example")
        volume.count(account.pk, busy.pk, now, 5)

    assert re.findall(r">(\w)\.example</a>", text(client, base + asked)) == names


def test_many_domains_come_in_pages_in_the_chosen_order(
    client: Client, base: str, account: Account
) -> None:
    with access.across_tenants():
        for number in range(60):
            make_domain(account, f"n{number:02}.example")
    first = text(client, f"{base}?sort=name&q=n")
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following
    second = text(client, base + following[1].replace("&amp;", "&"))
    found = re.findall(r">(n\d\d)\.example</a>", first + second)

    assert found == [f"n{number:02}" for number in range(60)]


# ---------------------------------------------------------------------------- records to take away


def test_a_record_shows_the_part_that_a_form_wants_and_the_doctors_words(
    client: Client, base: str, domain: SenderDomain, account: Account
) -> None:
    with access.across_tenants():
        SenderDomain.objects.filter(pk=domain.pk).update(
            dns_provider="Cloudflare",
            advice=[
                {"code": "absent", "sentence": "Told beside a record.", "next_step": ""},
                {"code": "dmarc_too_strict", "sentence": "Too strict.", "next_step": "Relax it."},
            ],
        )
        DomainRecord.objects.filter(domain=domain, position=0).update(
            state="not_yet", code="absent", finding="Nothing is there.", advice="Publish it."
        )
    page = text(client, f"{base}{domain.public_id}/")

    assert '<b>sl.mail</b><span class="text-secondary">.harbour.example</span>' in page
    assert 'data-copy="sl.mail"' in page
    assert "At Cloudflare" in page.replace("Your zone is at", "At")
    assert "Content or Target" in page
    assert '<code class="code">absent</code>' in page
    assert "Too strict." in page
    assert "Relax it." in page
    assert "Told beside a record." not in page


def test_what_several_records_have_in_common_is_said_once(
    client: Client, base: str, domain: SenderDomain
) -> None:
    with access.across_tenants():
        DomainRecord.objects.filter(domain=domain).update(
            state="not_yet",
            code="no_domain",
            finding="DNS does not know harbour.example.",
            advice="Register it.",
        )
    page = text(client, f"{base}{domain.public_id}/")

    assert page.count("DNS does not know harbour.example.") == 1
    assert "This concerns 7 records." in page
    assert page.count("Register it.") == 1
    assert page.count('<code class="code">no_domain</code>') == 8


def test_records_of_a_key_that_comes_or_goes_stand_apart(
    client: Client, base: str, domain: SenderDomain, account: Account
) -> None:
    until = timezone.now() + timedelta(days=7)
    with access.across_tenants():
        for state, keep in (("waiting", None), ("retired", until)):
            key = DomainKey.objects.create(
                account=account,
                domain=domain,
                algorithm="rsa",
                selector=f"ph{state}",
                public_key="AAAA",
                sealed="x",
                state=state,
                keep_until=keep,
            )
            DomainRecord.objects.create(
                account=account,
                domain=domain,
                key=key,
                required=False,
                position=9,
                host=f"ph{state}._domainkey.{domain.name}",
                type="TXT",
                value="v=DKIM1; p=AAAA",
                purpose="dkim",
            )
    page = text(client, f"{base}{domain.public_id}/")

    assert "New key: publish this beside the old one" in page
    assert f"Old key: leave until {until:%-d %b %Y}, then remove" in page
    assert "0 of 7" in text(client, base)
    zone = text(client, f"{base}{domain.public_id}/zone/")
    assert ("phwaiting" in zone, "phretired" in zone) == (True, False)


def test_the_records_go_as_csv_without_formulas(
    client: Client, base: str, domain: SenderDomain
) -> None:
    with access.across_tenants():
        DomainRecord.objects.filter(domain=domain, position=0).update(
            host=domain.registered, type="TXT", value='=HYPERLINK("http://example.net","x")'
        )
        DomainRecord.objects.filter(domain=domain, position=1).update(type="TXT", value="-all")
        DomainRecord.objects.filter(domain=domain, position=2).update(type="TXT", value="+a,@b")
    answer = client.get(f"{base}{domain.public_id}/csv/")
    rows = answer.content.decode().splitlines()

    assert answer["Content-Disposition"] == 'attachment; filename="mail.harbour.example.csv"'
    assert rows[0] == "host,relative_host,type,value,ttl,for"
    assert rows[1].startswith('harbour.example,\'@,TXT,"\'=HYPERLINK(""http')
    assert ",TXT,'-all," in rows[2]
    assert ',TXT,"\'+a,@b",' in rows[3]
    assert len(rows) == 8


def test_the_records_are_mailed_to_the_dns_person(
    client: Client, base: str, domain: SenderDomain, owner: User, settings: Any
) -> None:
    answer = client.post(
        f"{base}{domain.public_id}/send/",
        {"to": " dns@agency.example ", "note": "Please do it today.\r\nThanks!\x07"},
    )
    assert answer.status_code == 302, answer.content.decode()
    (sent,) = mail.outbox
    attached = sent.attachments[0]

    assert (sent.to, sent.reply_to, sent.from_email) == (
        ["dns@agency.example"],
        [owner.email],
        settings.SYSTEM_FROM,
    )
    assert "> Please do it today.\n> Thanks!" in str(sent.body)
    assert "\x07" not in sent.body
    assert str(sent.body).count("   Value: ") == 7
    assert "or short:  sl.mail\n" in str(sent.body)
    assert attached[0] == "mail.harbour.example.zone"
    assert str(attached[1]).count("CNAME") == 6
    assert sent.message().as_bytes()
    record = AuditRecord.objects.get(verb=mailing.VERB)
    assert record.after == {"to": "dns@agency.example"}
    assert "Mailed the records to dns@agency.example." in text(
        client, f"{base}{domain.public_id}/history/"
    )


@pytest.mark.parametrize(
    "to",
    [
        "",
        "nobody",
        "a@example.com, b@example.com",
        "a@example.com\r\nBcc: b@example.com",
        "a@example.com\nSubject: x",
        "a@example.com\x00",
        "<a@example.com>",
        '"a\r\nBcc: x"@example.com',
        "x" * 300 + "@example.com",
    ],
)
def test_what_is_not_one_address_gets_no_mail(
    client: Client, base: str, domain: SenderDomain, to: str
) -> None:
    answer = client.post(f"{base}{domain.public_id}/send/", {"to": to})

    assert answer.status_code in {200, 400}
    assert mail.outbox == []
    assert not AuditRecord.objects.filter(verb=mailing.VERB).exists()


def test_a_note_cannot_become_a_header_and_a_long_one_is_refused(
    client: Client, base: str, domain: SenderDomain
) -> None:
    address = f"{base}{domain.public_id}/send/"
    client.post(address, {"to": "dns@agency.example", "note": "Hi\r\nBcc: x@example.com\r\n.\r\n"})
    message = mail.outbox[0].message()
    assert message["Bcc"] is None
    assert "> Bcc: x@example.com" in str(mail.outbox[0].body)

    refused = client.post(address, {"to": "dns@agency.example", "note": "x" * 1001})
    assert "At most 1,000 characters" in refused.content.decode()
    assert len(mail.outbox) == 1


def test_an_account_mails_its_records_twenty_times_an_hour(
    client: Client, base: str, domain: SenderDomain
) -> None:
    answers = [
        client.post(f"{base}{domain.public_id}/send/", {"to": f"n{number}@agency.example"})
        for number in range(21)
    ]

    assert [answer.status_code for answer in answers] == [302] * 20 + [200]
    assert "20 times an hour" in answers[-1].content.decode()
    assert len(mail.outbox) == 20


def test_a_mail_server_that_is_down_is_told(
    client: Client, base: str, domain: SenderDomain, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 1, 5
    answer = client.post(f"{base}{domain.public_id}/send/", {"to": "dns@agency.example"})

    assert "could not be sent" in answer.content.decode()


def test_viewers_and_strangers_mail_nothing(
    base: str,
    domain: SenderDomain,
    viewer: User,
    stranger: User,
    client_of: Callable[[User], Client],
) -> None:
    address = f"{base}{domain.public_id}/send/"
    found = [client_of(who).post(address, {"to": "x@example.com"}) for who in (viewer, stranger)]

    assert [answer.status_code for answer in found] == [403, 404]
    assert mail.outbox == []


def test_another_accounts_address_leads_to_no_foreign_records(
    domain: SenderDomain,
    stranger: User,
    other_account: Account,
    client_of: Callable[[User], Client],
) -> None:
    theirs = f"/a/{other_account.slug}/settings/domains/{domain.public_id}/"
    client = client_of(stranger)

    assert client.post(f"{theirs}send/", {"to": "x@example.com"}).status_code == 404
    assert [client.get(f"{theirs}{part}/").status_code for part in ("csv", "zone")] == [404, 404]
    assert mail.outbox == []


# ---------------------------------------------------------------------- history and consequences


def test_history_is_told_in_words(
    client: Client, base: str, domain: SenderDomain, operator: Client
) -> None:
    page = f"{base}{domain.public_id}/"
    client.post(f"{page}options/", {"subdomain": "bounce", "tracking_subdomain": "on"})
    switch = f"/operator/sender-domains/{domain.public_id}/switch/"
    operator.post(switch, {"reason": "It sent to people who never asked."})
    operator.post(switch, {"to": "active"})
    told = text(client, f"{page}history/")

    assert "Added, with the DNS template Default." in told
    assert "return-path label from the installation&#x27;s to bounce" in told
    assert "Suspended by the operator: It sent to people who never asked." in told
    assert "The operator lifted the suspension: it is Approval Pending now." in told
    assert "domain.suspend" not in told


def test_before_deleting_and_disabling_a_person_reads_who_uses_the_domain(
    client: Client, base: str, account: Account
) -> None:
    with access.across_tenants():
        sending = make_sending(account, members=1)
        for name, state in (("Autumn", "draft"), ("Spring", "sending")):
            Campaign.objects.create(
                account=account,
                name=name,
                state=state,
                sender_domain=sending.domain,
                content=sending.content,
            )
    page = f"{base}{sending.domain.public_id}/"
    asked = text(client, f"{page}delete/")
    assert "Not possible yet: the campaign “Spring” must be sent or cancelled before." in asked
    assert "The campaign “Autumn” will need another From address." in asked
    assert "the campaign “Spring” will pause" in text(client, f"{page}switch/")


# ------------------------------------------------------------------------------------ operators


def test_the_operator_suspends_with_a_reason_that_the_owner_reads_until_it_is_lifted(
    client: Client, base: str, domain: SenderDomain, operator: Client
) -> None:
    page, about = f"{base}{domain.public_id}/", f"/operator/sender-domains/{domain.public_id}/"
    reason = "Complaints <b>above</b> 1 %."
    operator.post(f"{about}switch/", {"reason": reason})
    assert "Complaints &lt;b&gt;above&lt;/b&gt; 1 %." in text(client, page)
    assert "Complaints &lt;b&gt;above&lt;/b&gt; 1 %." in text(operator, about)
    assert "At most 500" in operator.post(f"{about}switch/", {"reason": "x" * 501}).content.decode()

    operator.post(f"{about}switch/", {"to": "active"})
    assert "Complaints" not in text(client, page)
    with access.across_tenants():
        assert SenderDomain.objects.get(pk=domain.pk).suspension_reason == ""


@pytest.mark.usefixtures("owner")
def test_the_notice_of_a_suspension_gives_the_reason(
    domain: SenderDomain, operator: Client
) -> None:
    switch = f"/operator/sender-domains/{domain.public_id}/switch/"
    operator.post(switch, {"reason": "Complaints {name} of 1 %."})
    with access.across_tenants():
        handle_some()
        notice = Notice.objects.latest("pk")

    assert "The operator says: Complaints {name} of 1 %." in notice.text


def test_a_suspension_with_its_reason_outlives_deleting_and_adding_again(
    client: Client, base: str, domain: SenderDomain, operator: Client
) -> None:
    switch = f"/operator/sender-domains/{domain.public_id}/switch/"
    operator.post(switch, {"reason": "Complaints."})
    client.post(f"{base}{domain.public_id}/delete/")
    page = client.post(f"{base}new/", {"name": domain.name})["Location"]

    assert "The operator says: Complaints." in text(client, page)


def test_the_operator_sees_one_domain_with_whose_it_is_and_who_else_asks(
    domain: SenderDomain, account: Account, other_account: Account, operator: Client
) -> None:
    with access.across_tenants():
        make_domain(other_account, domain.name, holds_name=True, owner_proven=True)
        make_domain(
            other_account, f"news.{domain.name}", holds_name=True, registered=domain.registered
        )
        checked(domain, "failed", 1)
    page = text(operator, f"/operator/sender-domains/{domain.public_id}/")

    assert account.name in page
    assert re.search(r"held by <a [^>]+>Rival Press</a>, which proved it", page)
    assert f"news.{domain.name}</a> of Rival Press" in page
    assert page.count("sl.mail.harbour.example") > 1
    assert "Failed" in page


def test_the_operator_finds_broken_domains_of_any_account_by_its_name(
    account: Account, other_account: Account, operator: Client
) -> None:
    with access.across_tenants():
        make_domain(account, "fine.example")
        broken = make_domain(other_account, "broken.example")
        DomainRecord.objects.create(
            account=other_account,
            domain=broken,
            position=0,
            host="sl.broken.example",
            type="TXT",
            value="x",
            purpose="spf",
            state="wrong",
        )
    address = "/operator/sender-domains/"

    assert re.findall(r">(\w+)\.example</a>", text(operator, f"{address}?state=broken")) == [
        "broken"
    ]
    assert re.findall(r">(\w+)\.example</a>", text(operator, f"{address}?q=harbour+b")) == ["fine"]


def test_members_do_not_reach_the_operators_pages(client: Client, domain: SenderDomain) -> None:
    about = f"/operator/sender-domains/{domain.public_id}/"
    assert [
        client.get(about).status_code,
        client.post(f"{about}check/").status_code,
        client.post(f"{about}switch/", {"reason": "x"}).status_code,
    ] == [404, 404, 404]


# -------------------------------------------------------------------------------------- the API


def test_the_api_tells_what_the_pages_show(
    account: Account, domain: SenderDomain, api_of: Callable[..., Client]
) -> None:
    with access.across_tenants():
        volume.count(account.pk, domain.pk, timezone.now(), 12)
        checked(domain, "failed", 0)
        DomainRecord.objects.filter(domain=domain, position=0).update(
            state="wrong", code="other_target", finding="It leads elsewhere.", advice="Change it."
        )
    api, address = api_of(account), f"/api/v1/domains/{domain.public_id}"
    (listed,) = api.get("/api/v1/domains?state=broken&search=harbour").json()["items"]
    assert (listed["volume"], listed["health"][-1]["result"]) == (12, "failed")
    assert len(listed["health"]) == 14
    assert "records" not in listed
    record = api.get(address).json()["records"][0]
    assert (record["code"], record["sentence"], record["next_step"]) == (
        "other_target",
        "It leads elsewhere.",
        "Change it.",
    )
    assert record["relative_host"] == record["host"].removesuffix(".harbour.example")
    assert api.get(f"{address}/zone").content.decode().count("CNAME") == 6
    assert api.get(f"{address}/csv").content.decode().count("CNAME") == 6
    (change,) = api.get(f"{address}/history").json()["items"]
    assert change["sentence"] == "Added, with the DNS template Default."
    assert api.get("/api/v1/domains?state=nonsense").status_code == 422


def test_the_api_hands_no_records_to_strangers(
    domain: SenderDomain, other_account: Account, api_of: Callable[..., Client]
) -> None:
    api = api_of(other_account)
    for part in ("", "/zone", "/csv", "/history", "/checks"):
        assert api.get(f"/api/v1/domains/{domain.public_id}{part}").status_code == 404
    assert api.get("/api/v1/domains").json()["items"] == []
    for verb in ("verify", "disable", "enable"):
        assert api.post(f"/api/v1/domains/{domain.public_id}/{verb}").status_code == 404


def test_with_the_feature_on_a_new_account_reads_what_domains_are_for(
    client: Client, base: str, account: Account
) -> None:
    services.change_group(SYSTEM, account.group, sender_domain_management=True)
    assert "No sender domain yet" in text(client, base)
