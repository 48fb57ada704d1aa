"""The seven steps of docs/operator/walkthrough.md in a browser, from sign-in to a Sent campaign."""

import re
from collections import Counter
from dataclasses import replace
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from playwright.sync_api import Page, expect

from posthouse.core.dns.records import RecordType, record
from posthouse.demo import newsletter
from posthouse.demo.dns.zones import publish, withdraw
from posthouse.demo.record import StoredMessage, read_record
from posthouse.demo.samples import write_subscribers_csv
from posthouse.demo.world import MASTER, SENDER_DOMAIN, SMTP_LOGIN, World
from tests.journeys.conftest import Open
from tests.journeys.stage import PASSWORD, create_operator
from tests.journeys.window import look, see, sign_in

OPERATOR, OWNER = "operator@example.com", "olive@harbour.example.com"
READERS, BAD_ROWS = 150, 4


def test_the_seven_steps(world: World, opened: Open, tmp_path: Path) -> None:
    create_operator(world, OPERATOR)
    operator = opened()
    operator.goto("/")
    sign_in(operator, OPERATOR)
    look(operator, "operator-new")
    see_the_dns_templates(operator)
    set_up_a_delivery_server(operator, world)
    create_a_group_and_route_it(operator)
    create_an_account(operator)

    owner = opened()
    accept_the_invitation(owner, world)
    add_and_verify_a_domain(owner, world)
    see_the_domain(operator)
    see_the_engine(operator, world)
    import_subscribers(owner, world, tmp_path / "readers.csv")
    write_a_campaign(owner)
    send_a_test(owner, world)
    send_it_and_watch(owner, operator, world)
    read_a_story(owner)
    see_the_sink(list(read_record(world.sink_record)))


def see_the_dns_templates(page: Page) -> None:
    """1 and 2. What accounts must publish, and what the operator's own domain does."""
    page.get_by_role("link", name="DNS templates").click()
    expect(page.get_by_text("key1._domainkey.mail.example.com").first).to_be_visible()
    look(page, "dns-templates")
    page.get_by_role("button", name="Check now").click()
    expect(
        page.get_by_text("The published key is the one that mail is signed with.")
    ).to_be_visible()
    look(page, "dns-templates-checked")


def set_up_a_delivery_server(page: Page, world: World) -> None:
    """3. The relay, with TLS by its own authority and a password; tested for real."""
    page.get_by_role("link", name="Delivery servers", exact=True).click()
    look(page, "servers-empty")
    page.get_by_role("link", name="New delivery server").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("Harbour relay")
    page.get_by_label("SMTP host").fill("127.0.0.1")
    page.get_by_label("SMTP port").fill(str(world.smtp_port))
    page.get_by_label("Own certificate authority").fill(world.authority)
    page.get_by_label("User name", exact=True).fill(SMTP_LOGIN)
    page.get_by_label("Password", exact=True).fill(world.smtp_password)
    look(page, "server-new")
    page.get_by_text("Domains", exact=True).click()
    page.get_by_label("Link tracking domain").fill(f"track.{MASTER}")
    page.get_by_label("Open tracking domain").fill(f"track.{MASTER}")
    page.get_by_label("Mail From domain").fill(MASTER)
    look(page, "server-new-domains")
    page.get_by_role("button", name="Create the delivery server").click()
    look(page, "server-untested")
    page.get_by_role("button", name="Test now").click()
    expect(page.get_by_text("Works", exact=True).first).to_be_visible()
    look(page, "server-tested")


def create_a_group_and_route_it(page: Page) -> None:
    """4. A group whose marketing mail goes through the server."""
    page.get_by_role("link", name="User groups").click()
    look(page, "groups-empty")
    page.get_by_role("link", name="New user group").click()
    page.get_by_label("Name").fill("Agencies")
    look(page, "group-new")
    page.get_by_role("button", name="Create the user group").click()
    look(page, "group")
    page.get_by_role("link", name="Sending").click()
    page.get_by_label("Marketing").select_option(label="Harbour relay")
    look(page, "group-routing")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The routing of Agencies was saved.")).to_be_visible()
    page.get_by_role("link", name="Limits").click()
    page.get_by_label("Recipients a day").fill("50000")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The limits of Agencies were saved.")).to_be_visible()
    look(page, "group-limits")
    page.get_by_role("link", name="Headers", exact=True).click()
    page.get_by_label("X-Mailer").fill("Posthouse for Agencies")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Mail of Agencies has this from now on.")).to_be_visible()
    look(page, "group-headers")


def create_an_account(page: Page) -> None:
    """4. An account in the group, with its owner, who is mailed a link."""
    page.get_by_role("link", name="Accounts", exact=True).click()
    look(page, "accounts-empty")
    page.get_by_role("link", name="New account").first.click()
    page.get_by_role("textbox", name="Name", exact=True).fill("Harbour Books")
    page.get_by_label("User group").select_option(label="Agencies")
    page.get_by_label("Owner's e-mail address").fill(OWNER)
    page.get_by_label("Owner's name").fill("Olive Owner")
    look(page, "account-new")
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_text(OWNER).first).to_be_visible()
    look(page, "account")
    page.get_by_role("link", name="Limits").click()
    look(page, "account-limits")


def accept_the_invitation(page: Page, world: World) -> None:
    """The owner opens the link in the mail, chooses a password, and signs in."""
    (mail,) = (Path(world.environment["POSTHOUSE_HOME"]) / "system-mail").iterdir()
    link = re.search(r"http://\S+", mail.read_text())
    assert link is not None
    page.goto(link[0])
    look(page, "password")
    page.get_by_label("New Password").first.fill(PASSWORD)
    page.get_by_label("New Password (again)").fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("heading", name="You can sign in now")).to_be_visible()
    look(page, "password-set")
    page.get_by_role("link", name="Sign in").click()
    sign_in(page, OWNER)
    expect(page.get_by_role("heading", name="Harbour Books")).to_be_visible()
    look(page, "home-new")
    page.get_by_role("link", name="Team", exact=True).click()
    page.get_by_role("link", name="Limits").click()
    look(page, "settings-limits")


def add_and_verify_a_domain(page: Page, world: World) -> None:
    """5. A sender domain: its records copied into DNS, one of them mistaken, mended, verified."""
    page.get_by_role("link", name="Sender domains", exact=True).click()
    look(page, "domains-empty")
    page.get_by_role("link", name="Add a sender domain").click()
    page.get_by_role("textbox", name="Domain").fill(SENDER_DOMAIN)
    look(page, "domain-add")
    page.get_by_role("button", name="Add the domain").click()
    look(page, "domain-pending")
    page.get_by_role("button", name="Verify DNS records").click()
    expect(page.get_by_text("Not everything is right yet: 0 of 7 records are.")).to_be_visible()
    look(page, "domain-not-yet")
    page.get_by_role("button", name="Copy all records").click()
    copied = page.evaluate("navigator.clipboard.readText()").splitlines()
    lines = [line.split(" ", 2) for line in copied if line]
    right = [record(host, RecordType(kind), value) for host, kind, value in lines]
    hasty = [replace(right[0], host=f"{right[0].host}.example.com"), *right[1:]]
    publish(world.zones, hasty)
    page.get_by_role("button", name="Verify DNS records").click()
    expect(page.get_by_text("Not everything is right yet: 6 of 7 records are.")).to_be_visible()
    expect(page.get_by_text("your DNS provider added example.com to the host")).to_be_visible()
    look(page, "domain-explained")
    withdraw(world.zones, hasty)
    publish(world.zones, right)
    page.get_by_role("button", name="Verify DNS records").click()
    expect(page.get_by_text("Enabled", exact=True).first).to_be_visible()
    look(page, "domain-enabled")
    page.get_by_role("link", name="Send to your DNS person").click()
    page.get_by_role("textbox", name="E-mail address").fill("dns@example.com")
    look(page, "domain-send")
    page.get_by_role("button", name="Send the records").click()
    expect(page.get_by_text("are on their way to dns@example.com")).to_be_visible()
    page.get_by_role("link", name="History").click()
    expect(page.get_by_text("Mailed the records to dns@example.com.")).to_be_visible()
    look(page, "domain-history")


def see_the_domain(operator: Page) -> None:
    """5 again, as the operator: whose it is, what was found, why it would be suspended."""
    operator.get_by_role("link", name="Sender domains", exact=True).click()
    look(operator, "operator-domains")
    operator.get_by_role("link", name=SENDER_DOMAIN, exact=True).click()
    look(operator, "operator-domain")
    operator.get_by_role("link", name="Suspend", exact=True).click()
    expect(operator.get_by_role("textbox", name="Reason")).to_be_visible()
    operator.get_by_role("link", name="Cancel").click()


def see_the_engine(operator: Page, world: World) -> None:
    """6. A send engine, as ./run up starts it; the operator sees it."""
    world.posthouse("engine-1", "engine", "--name", "engine-1")
    operator.get_by_role("link", name="Engines and queue").click()
    engine = operator.get_by_role("row").filter(has_text="engine-1")
    see(world, engine.get_by_text("Running", exact=True))
    look(operator, "engines")


def import_subscribers(page: Page, world: World, file: Path) -> None:
    """7. A CSV file with some bad rows: the good ones are taken, the bad ones come back."""
    write_subscribers_csv(file, READERS, seed=7, bad_rows=BAD_ROWS, duplicates=1)
    page.get_by_role("link", name="Imports", exact=True).first.click()
    look(page, "imports-empty")
    page.get_by_role("link", name="Import a CSV file").click()
    page.set_input_files("input[type=file]", file)
    look(page, "import-upload")
    page.get_by_role("button", name="Upload").click()
    page.get_by_label("Name of the new list").fill("Readers")
    page.get_by_label("Where these people agreed").fill("Box ticked at the till")
    look(page, "import-columns")
    page.get_by_role("button", name="Start import").click()
    see(world, page.get_by_text("Done", exact=True))
    look(page, "import-done")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the rejected rows").click()
    rejected = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(rejected) == 1 + BAD_ROWS
    page.get_by_role("link", name="Readers").click()
    look(page, "list")


def write_a_campaign(page: Page) -> None:
    """7. From in two parts, subject, text, list; the page says what is wrong before it is sent."""
    page.get_by_role("link", name="Campaigns").click()
    look(page, "campaigns-empty")
    page.get_by_role("link", name="Write the first one").click()
    look(page, "campaign-new")
    page.get_by_role("textbox", name="Name", exact=True).fill("Autumn newsletter")
    page.get_by_label("From name").fill("Harbour Books")
    page.get_by_label("Local part").fill("news")
    page.get_by_label("Sender domain").select_option(label=SENDER_DOMAIN)
    page.get_by_label("Readers").check()
    page.get_by_label("Subject").fill(newsletter.SUBJECT)
    page.get_by_label("HTML").fill(newsletter.HTML)
    expect(page.get_by_text(f"{READERS} people would get it now.")).to_be_visible()
    look(page, "campaign-written")
    page.get_by_role("button", name="Save and preview").click()
    look(page, "campaign-preview")


def send_a_test(page: Page, world: World) -> None:
    """7. The message goes to one's own address first."""
    page.get_by_role("link", name="Send a test").click()
    page.get_by_label("Send to").fill(OWNER)
    look(page, "campaign-test")
    page.get_by_role("button", name="Send the test").click()
    row = page.get_by_role("row").filter(has_text=OWNER)
    see(world, row.get_by_text("Accepted", exact=True))
    look(page, "campaign-tested")


def send_it_and_watch(page: Page, operator: Page, world: World) -> None:
    """7. Sent, and followed to its end by the page itself, without a reload."""
    world.parts.stop("engine-1")  # so that the page is there before the last message has left
    page.get_by_role("link", name="Review and send").click()
    look(page, "campaign-review")
    page.get_by_role("button", name=f"Send to {READERS} people now").click()
    expect(page.get_by_text(f"0 of {READERS} done")).to_be_visible()
    look(page, "campaign-sending")
    see(world, operator.get_by_role("row").filter(has_text="Autumn newsletter"))
    look(operator, "engines-waiting")
    page.evaluate("window.loadedOnce = true")
    world.posthouse("engine-1", "engine", "--name", "engine-1")
    see(world, page.get_by_text(f"{READERS} of {READERS} accepted"))
    assert page.evaluate("window.loadedOnce") is True
    look(page, "campaign-sent")


def read_a_story(page: Page) -> None:
    """7. What became of one message, in the server's own words."""
    page.get_by_role("link", name="Deliveries").click()
    look(page, "deliveries")
    page.get_by_role("cell").get_by_role("link").first.click()
    expect(page.get_by_role("row").filter(has_text="Accepted").get_by_text("250")).to_be_visible()
    look(page, "delivery")


def see_the_sink(taken: list[StoredMessage]) -> None:
    """Everybody got it once, from the address and on the return path that the pages promised."""
    copies = Counter(message.recipient for message in taken)
    assert copies.pop(OWNER) == 1
    assert len(copies) == READERS
    assert set(copies.values()) == {1}
    for message in taken:
        parsed = BytesParser(EmailMessage, policy=policy.default).parsebytes(message.content)
        assert parsed["From"] == f"Harbour Books <news@{SENDER_DOMAIN}>"
        assert message.mail_from.endswith(f"@sl.{SENDER_DOMAIN}")
        assert parsed.get_body(("plain",)) is not None
