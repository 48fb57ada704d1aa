"""The plain text that is made of an HTML part."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.core.composition.content import Content
from posthouse.core.composition.mergetags import MergeRefused
from posthouse.core.composition.parts import read_parts
from posthouse.core.composition.text import text_from_html
from tests.core.composition.hostile import KNOWN, NOW


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree\n"),
        ('<p>Read <a href="https://example.com/a?b=1&amp;c=2">the  story</a>.</p>',
         "Read the story <https://example.com/a?b=1&c=2>.\n"),
        ('<a href="https://example.com">https://example.com</a>', "<https://example.com>\n"),
        ('<a href="mailto:anna@example.com">write</a>', "write <anna@example.com>\n"),
        ('<a href="mailto:anna@example.com">anna@example.com</a>', "<anna@example.com>\n"),
        ('<a href="#top">up</a> <a name="x">here</a>', "up here\n"),
        ('<a href="https://example.com"><img src="x" alt="Our shop"></a>', "Our shop <https://example.com>\n"),
        ('<a href="https://e.com"><img src="x" alt="Shop"></a><a href="https://e.com">Our shop</a>',
         "Our shop <https://e.com>\n"),
        ('<img src="x" alt="decoration"><p>text</p>', "text\n"),
        ("<ul><li>one<li>two</ul>", "- one\n- two\n"),
        ("<style>p{}</style><title>t</title><script>x</script><p>seen</p>", "seen\n"),
        ('<div style="display: none">hidden</div><p hidden>hidden</p><p>seen</p>', "seen\n"),
        ("<p>a&nbsp;b &lt;c&gt; &euro;</p>", "a b <c> €\n"),
        ('<table role="none"><tr><td>left</td><td>right</td></tr></table>', "left\n\nright\n"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a  b\n"),
        ("", "\n"),
    ],
)  # fmt: skip
def test_a_reader_gets_what_is_seen(html: str, text: str) -> None:
    assert text_from_html(html) == text


def derived(html: str, **values: str) -> str:
    return read_parts(Content("x", html, None, "preheader {{ v }}"))[0].text(values, NOW)


def test_fields_keep_their_defaults_and_filters() -> None:
    html = "<p>Hi {{ v | default: &quot;you&quot; }}, <a href='{{ url }}'>{{ w | upcase }}</a></p>"
    assert derived(html, url="https://e.com/ü", w="go") == "Hi you, GO <https://e.com/ü>\n"


def test_rows_under_a_condition_stay_under_it() -> None:
    html = (
        "<table><tr><td>always</td></tr>{% if v %}<tr><td>only with {{ v }}</td></tr>"
        "{% else %}<tr><td>without</td></tr>{% endif %}</table><p>end</p>"
    )
    assert derived(html, v="x").split("\n\n") == ["always", "only with x", "end\n"]
    assert derived(html).split("\n\n") == ["always", "without", "end\n"]


def test_a_link_under_a_condition_keeps_its_label() -> None:
    either = "{{% if v %}}{}{{% else %}}{}{{% endif %}}".format
    html = f'<a href="https://e.com/{either("a", "b")}">{either("A", "B")}</a>'
    assert derived(html, v="x") == "A <https://e.com/a>\n"
    assert derived(html) == "B <https://e.com/b>\n"


def test_logic_that_no_text_can_follow_asks_for_a_text_part() -> None:
    html = "<title>{% if v %}</title><p>text</p>{% endif %}"
    with pytest.raises(MergeRefused, match="write one"):
        read_parts(Content("x", html, None))
    assert read_parts(Content("x", html, "own text"))[0].text({}, NOW) == "own text"


@given(st.text("<>/abtdr =\"'&;!-{}%\n", max_size=80) | st.sampled_from(KNOWN))
@settings(max_examples=150, deadline=None)
def test_any_html_has_a_text(html: str) -> None:
    text = text_from_html(html)
    assert text.endswith("\n")
    assert "\r" not in text.replace(html, "")
