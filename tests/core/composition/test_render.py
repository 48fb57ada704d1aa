"""Whole messages: what a recipient's mail program reads is what was written for them."""

import html as html_module
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from dkim.canonicalization import Relaxed
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.core.composition.compile import CompiledMessage, compile_message
from posthouse.core.composition.content import (
    Content,
    EmptyContent,
    NotRendered,
    Recipient,
    Rendered,
    Sender,
    UnfitAddress,
    UnfitHeader,
)
from posthouse.core.composition.escaping import clean_value
from posthouse.core.composition.headers import clean_header
from posthouse.core.composition.mergetags import MergeRefused
from posthouse.core.composition.render import render_batch
from posthouse.core.composition.wire import flaws
from tests.core.composition.hostile import (
    KNOWN,
    NOW,
    SENDER,
    VALUES,
    defects,
    display_name,
    part,
    person,
    read,
)

HEADERS = ["Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type"]


def one(message: CompiledMessage, recipient: Recipient) -> Rendered:
    [rendered] = render_batch(message, [recipient], date=NOW)
    assert isinstance(rendered, Rendered), rendered
    return rendered


def well_formed(rendered: Rendered) -> EmailMessage:
    """The message as read, after everything that holds for every message of ours."""
    message = read(rendered)
    assert not defects(message)
    assert not flaws(rendered.content)
    assert max(len(line) for line in rendered.body.split(b"\r\n")) <= 76
    relaxed = Relaxed.canonicalize_body(rendered.body)
    if message.is_multipart():
        assert relaxed == rendered.body
    else:  # a text may end in empty lines, or have no others
        assert relaxed.rstrip(b"\r\n") == rendered.body.rstrip(b"\r\n")
    return message


@given(subject=VALUES, from_name=VALUES, value=VALUES)
@settings(max_examples=50, deadline=None)
def test_no_value_adds_a_header_or_a_line(subject: str, from_name: str, value: str) -> None:
    sender = Sender(from_name, "news@mail.example.com", "answers@example.com", "mail.example.com")
    content = Content(
        "{% raw %}" + subject.replace("{%", "") + "{% endraw %} {{ v }}",
        "<p title='{{ v }}'>Hi {{ v }}</p>\n",
        "Hi {{ v | default: 'you' }},\nyours",
        "Before {{ v }}",
    )
    message = compile_message(content, sender, extra_headers=[("X-Note", "for {{ note }}")])
    read_back = well_formed(one(message, person(v=value, note=value[:200])))
    assert read_back.keys() == [*HEADERS[:3], "Reply-To", *HEADERS[3:], "X-Note"]
    plain = clean_value(value)
    said = clean_header(subject.replace("{%", "") + " " + plain)
    assert read_back["Subject"] == said
    assert display_name(read_back) == clean_header(from_name)
    assert part(read_back, "plain") == f"Hi {plain or 'you'},\nyours\n"
    body = part(read_back, "html")
    assert f"Hi {html_module.escape(plain)}</p>\n" in body
    assert f">Before {html_module.escape(plain)}</div>" in body


@pytest.mark.parametrize("value", KNOWN, ids=[ascii(value)[:40] for value in KNOWN])
def test_each_known_attack_comes_to_nothing(value: str) -> None:
    content = Content(
        "News for {{ v }}", '<a href="{{ v }}" title="{{ v }}">{{ v }}</a>', "{{ v }}"
    )
    message = compile_message(content, Sender(value, "n@example.com", None, "example.com"))
    assert well_formed(one(message, person(v=value))).keys() == HEADERS


@given(VALUES, VALUES)
@settings(max_examples=50, deadline=None)
def test_any_content_is_sent_whole_or_refused(text: str, subject: str) -> None:
    try:
        message = compile_message(Content(subject, None, text), SENDER)
    except (MergeRefused, EmptyContent):
        return
    read_back = well_formed(one(message, person()))
    assert read_back.keys() == [*HEADERS, "Content-Transfer-Encoding"]


NEWSLETTER = Content(
    'Grüße aus {{ city }}, {{ first_name | default: "friend" }} 🎉',
    '<!doctype html>\n<html><body>\n<p>Liebe(r) {{ first_name | default: "friend" }},</p>\n'
    '<p>.dot at the start\nFrom the start\n  two  spaces\tand a tab   \n</p>'
    '<a href="https://example.com/x?a=1&amp;b={{ city }}">Привет {{ city | upcase }}</a>'
    "<p>{{ first_name }}{{ first_name }} {{ unknown }}</p>" + "long line " * 200 + "</body></html>",
    'Hi {{ first_name | default: "friend" }} in {{ city }}\n.\n..\nFrom x\n' + "y" * 500,
)  # fmt: skip


@pytest.mark.parametrize(
    ("first_name", "city", "expected"),
    [
        ("Anna", "Łódź", {"named": "Anna", "upper": "ŁÓDŹ", "quoted": "%C5%81%C3%B3d%C5%BA"}),
        ("", "A&B", {"named": "friend", "upper": "A&B", "quoted": "A%26B"}),
        ("<i>", "京都", {"named": "<i>", "upper": "京都", "quoted": "%E4%BA%AC%E9%83%BD"}),
    ],
)
def test_a_message_equals_one_built_by_the_standard_library(
    first_name: str, city: str, expected: dict[str, str]
) -> None:
    escape, named = html_module.escape, expected["named"]
    by_library = EmailMessage(policy=SMTP)
    by_library["Subject"] = f"Grüße aus {city}, {named} 🎉"
    by_library.set_content(
        f"Hi {named} in {city}\n.\n..\nFrom x\n" + "y" * 500,
        cte="quoted-printable",
    )
    by_library.add_alternative(
        f"<!doctype html>\n<html><body>\n<p>Liebe(r) {escape(named)},</p>\n"
        "<p>.dot at the start\nFrom the start\n  two  spaces\tand a tab   \n</p>"
        f'<a href="https://example.com/x?a=1&amp;b={expected["quoted"]}">'
        f"Привет {escape(expected['upper'])}</a><p>{escape(first_name) * 2} </p>"
        + "long line " * 200
        + "</body></html>",
        subtype="html",
        cte="quoted-printable",
    )
    message = compile_message(NEWSLETTER, SENDER)
    ours = well_formed(one(message, person(first_name=first_name, city=city)))
    theirs = read(by_library.as_bytes())
    assert ours["Subject"] == theirs["Subject"]
    for subtype in ("plain", "html"):
        assert part(ours, subtype) == part(theirs, subtype)
    types = [(p.get_content_type(), p.get_content_charset()) for p in ours.walk()]
    assert types == [(p.get_content_type(), p.get_content_charset()) for p in theirs.walk()]


def test_the_headers_say_who_to_whom_and_when() -> None:
    message = compile_message(NEWSLETTER, SENDER)
    headers = read(one(message, person(first_name="Anna")))
    assert headers.keys() == HEADERS
    assert headers["Date"] == "Sat, 21 Nov 2026 12:00:00 +0000"
    assert headers["From"] == "Posthouse News <news@mail.example.com>"
    assert headers["To"] == "anna.bell@example.org"
    assert headers["Message-ID"] == "<abcdefghijklmnopqrstuvwxyz@mail.example.com>"


def test_headers_of_the_caller_may_hold_fields() -> None:
    extra = [
        ("List-Unsubscribe", "<{{ leave }}>, <mailto:leave@example.com>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("X-Mailer", "Posthouse"),
    ]
    leave = "https://track.example.com/u/" + "t" * 60
    message = compile_message(NEWSLETTER, SENDER, extra_headers=extra)
    headers = read(one(message, person(leave=leave)))
    assert headers.keys() == [*HEADERS, *(name for name, _ in extra)]
    assert headers["List-Unsubscribe"] == f"<{leave}>, <mailto:leave@example.com>"
    assert message.fields == {"city", "first_name", "leave", "unknown"}


def test_people_of_a_batch_get_their_own_values_only() -> None:
    message = compile_message(NEWSLETTER, SENDER)
    people = [
        Recipient(f"p{n}@example.org", {"first_name": f"Name{n}", "city": f"City{n % 7}"}, f"id{n}")
        for n in range(3_000)  # more than the memo holds
    ]
    for n, rendered in enumerate(render_batch(message, people, date=NOW)):
        assert isinstance(rendered, Rendered)
        assert rendered.content.count(b"Name%d=\r\n" % n) == 4
        assert rendered.content.count(b"Name") == 4
        assert b"To: p%d@example.org\r\n" % n in rendered.headers
        assert b"<id%d@mail.example.com>" % n in rendered.headers


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (Recipient("a@example.com\r\nBcc: b@example.com", {}, "x"), "recipient"),
        (Recipient("a b@example.com", {}, "x"), "recipient"),
        (Recipient("<a@example.com>", {}, "x"), "recipient"),
        (Recipient("a@example.com", {}, "x>\r\nBcc: b@example.com"), "recipient"),
        (Recipient("a@example.com", {"v": "0"}, "x"), "merge"),
    ],
)
def test_one_unfit_recipient_leaves_the_others_alone(bad: Recipient, reason: str) -> None:
    content = Content("x", None, "{% if v %}{{ 1 | divided_by: v }}{% endif %}ok")
    good = person()
    before, failed, after = render_batch(
        compile_message(content, SENDER), [good, bad, good], date=NOW
    )
    assert isinstance(before, Rendered)
    assert before == after
    assert isinstance(failed, NotRendered)
    assert failed.reason == reason
    assert failed.sentence


def test_logic_stands_between_static_bytes() -> None:
    html = (
        "<table>{% for p in (1..2) %}<tr><td>{{ p }} für {{ first_name }}</td></tr>{% endfor %}"
        "</table><p>static</p>"
        "{% assign greeting = first_name | prepend: 'Hi ' %}<b>{{ greeting }}</b>"
    )
    message = compile_message(Content("{% if vip %}VIP{% endif %} news", html, None), SENDER)
    read_back = well_formed(one(message, person(first_name="<Ana>", vip="1")))
    assert read_back["Subject"] == "VIP news"
    row = "<tr><td>{} für &lt;Ana&gt;</td></tr>"
    assert part(read_back, "html") == (
        f"<table>{row.format(1)}{row.format(2)}</table><p>static</p><b>Hi &lt;Ana&gt;</b>\n"
    )
    assert "1 für <Ana>" in part(read_back, "plain")
    assert part(read_back, "plain").endswith("Hi <Ana>\n")


@pytest.mark.parametrize(
    ("content", "sender"),
    [
        (NEWSLETTER, Sender("x", "no address", None, "example.com")),
        (NEWSLETTER, Sender("x", "a@example.com", "b@example.com>", "example.com")),
        (NEWSLETTER, Sender("x", "a@example.com", None, "example.com>\r\nX: y")),
    ],
)
def test_an_unfit_sender_is_refused(content: Content, sender: Sender) -> None:
    with pytest.raises(UnfitAddress):
        compile_message(content, sender)


def test_content_without_parts_and_headers_that_are_ours_are_refused() -> None:
    with pytest.raises(EmptyContent):
        compile_message(Content("x", None, None), SENDER)
    with pytest.raises(EmptyContent):
        compile_message(Content("x", " \n", ""), SENDER)
    with pytest.raises(UnfitHeader):
        compile_message(NEWSLETTER, SENDER, extra_headers=[("Bcc", "{{ v }}")])


@given(st.text("-=_ \nab", max_size=200))
@settings(max_examples=50, deadline=None)
def test_no_text_looks_like_the_boundary(text: str) -> None:
    message = compile_message(Content("x", f"<p>{text}</p>", f"x{text}"), SENDER)
    read_back = well_formed(one(message, person()))
    assert [p.get_content_type() for p in read_back.walk()] == [
        "multipart/alternative", "text/plain", "text/html",
    ]  # fmt: skip
    assert part(read_back, "plain").rstrip("\n") == f"x{text}".rstrip("\n")
