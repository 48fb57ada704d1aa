"""Headers and footers: inside the body, in both parts, filled in, and never a line too many."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.composition.compile import compile_message
from posthouse.core.composition.content import Content, Recipient, Rendered, Sender
from posthouse.core.composition.frame import ALLOWED_NAMES, Frame, body_end, body_start, framed
from posthouse.core.composition.headers import RESERVED
from posthouse.core.composition.render import render_batch
from posthouse.core.composition.wire import flaws

SENDER = Sender("Harbour Books", "news@mail.example.com", None, "mail.example.com")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HEAD = "<!DOCTYPE html>\n<html><head><title>x</title></head>\n"
AROUND = Frame(html_header="<p>Top</p>", html_footer="<p>End</p>")


def made(content: Content, frame: Frame, **fields: str) -> tuple[bytes, EmailMessage]:
    whole = compile_message(framed(content, frame), SENDER, extra_headers=frame.header_lines)
    person = Recipient("anna@example.org", fields, "id-1")
    (message,) = render_batch(whole, [person], date=NOW)
    assert isinstance(message, Rendered)
    assert flaws(message.content) == []
    return message.content, message_from_bytes(message.content, policy=default)


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("html", "whole"),
    [
        ("<p>Hi</p>", "<p>Top</p><p>Hi</p><p>End</p>"),
        ("<body><p>Hi</p></body>", "<body><p>Top</p><p>Hi</p><p>End</p></body>"),
        (
            f'{HEAD}<BODY class="a">Hi</BODY ></html>',
            f'{HEAD}<BODY class="a"><p>Top</p>Hi<p>End</p></BODY ></html>',
        ),
        ("<html>Hi</html>", "<html><p>Top</p>Hi<p>End</p></html>"),
        ("<body>Hi</body><!-- </body> -->", "<body><p>Top</p>Hi<p>End</p></body><!-- </body> -->"),
        ("<body></body>", "<body><p>Top</p><p>End</p></body>"),
        ("</body><head></head>Hi", "</body><head></head><p>Top</p><p>End</p>Hi"),
    ],
)
def test_html_goes_inside_the_body(html: str, whole: str) -> None:
    assert framed(Content("x", html, None), AROUND).html == whole


@given(st.text(alphabet="<>/!- bodyhtmlBODY\n", max_size=60) | st.text(max_size=40))
def test_nothing_of_the_content_is_lost(html: str) -> None:
    start, end = body_start(html), body_end(html)
    assert 0 <= start <= end <= len(html)
    whole = framed(Content("x", html, None), AROUND).html
    if html.strip():
        assert whole == html[:start] + "<p>Top</p>" + html[start:end] + "<p>End</p>" + html[end:]
    else:
        assert whole == html


def test_text_has_its_own_and_text_made_from_html_has_the_htmls() -> None:
    frame = Frame("<p>Top</p>", "<p>End</p>", "TOP\n", "\nEND")
    _, both = made(Content("x", "<p>Hi</p>", "Hello\n"), frame)
    assert part(both, "plain") == "TOP\n\nHello\n\nEND\n"
    assert part(both, "html").strip() == "<p>Top</p><p>Hi</p><p>End</p>"
    _, html = made(Content("x", "<p>Hi</p>", None), frame)
    assert part(html, "plain").split() == ["Top", "Hi", "End"]
    _, text = made(Content("x", None, "Hello"), frame)
    assert part(text, "plain") == "TOP\n\nHello\n\nEND\n"


def test_the_preview_text_stays_first() -> None:
    _, message = made(Content("x", "<body>Hi</body>", None, "Look inside"), AROUND)
    html = part(message, "html")
    assert html.index("Look inside") < html.index("Top") < html.index("Hi") < html.index("End")


def test_merge_fields_are_filled_in_and_escaped() -> None:
    frame = Frame(html_footer="<p>For {{ first_name }}</p>", headers=(("X-Job", "{{ city }}"),))
    _, message = made(Content("x", "Hi", None), frame, first_name="<b>", city="Lisboa")
    assert "<p>For &lt;b&gt;</p>" in part(message, "html")
    assert message["X-Job"] == "Lisboa"


@given(st.text(max_size=60))
def test_no_value_adds_a_header(value: str) -> None:
    frame = Frame(x_mailer="Mailer {{ v }}", headers=(("X-Job", "{{ v }}"), ("List-ID", "{{ v }}")))
    content, message = made(Content("x", "Hi", None), frame, v=value + "\r\nBcc: x@example.org")
    names = [name.lower() for name in message.keys()]  # noqa: SIM118
    assert "bcc" not in names
    assert len(names) == len(set(names))
    assert b"\r\nBcc:" not in content


def test_an_empty_frame_changes_no_byte() -> None:
    content = Content("x", "<body>Hi</body>", "Hello\n")
    assert framed(content, Frame()) == content


def test_no_allowed_name_is_one_that_we_write() -> None:
    assert not set(ALLOWED_NAMES) & RESERVED
    assert not {"list-unsubscribe", "list-unsubscribe-post", "dkim-signature"} & set(ALLOWED_NAMES)
