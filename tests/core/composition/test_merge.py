"""The merge language: what it reads, what it refuses, and what it asks for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.core.composition.content import Content
from posthouse.core.composition.merge import (
    check,
    fields_used,
    missing_fields,
    read_html,
    read_plain,
)
from posthouse.core.composition.mergetags import MergeRefused
from tests.core.composition.hostile import NOW, VALUES

ANNA = {"first_name": "anna", "city": "Łódź", "age": "33", "nothing": "", "имя": "Аня"}


@pytest.mark.parametrize(
    ("text", "merged"),
    [
        ("Hi {{ first_name }}!", "Hi anna!"),
        ("Hi {{first_name|capitalize}}!", "Hi Anna!"),
        ("{{ city | upcase }} {{ city | downcase }}", "ŁÓDŹ łódź"),
        ('{{ nothing | default: "friend" }}', "friend"),
        ("{{ unknown | default: 'dear friend' | upcase }}", "DEAR FRIEND"),
        ("{{ unknown | upcase | default: 'you' }}", "you"),
        ("{{ unknown }}", ""),
        ("{{ имя }}", "Аня"),
        ("a {{- first_name -}} b", "aannab"),
        ("{% raw %}{{ first_name }}{% endraw %}", "{{ first_name }}"),
        ("a{% comment %}{{ not read {% endcomment %}b", "ab"),
        ("no tags, { braces } and %} }}", "no tags, { braces } and %} }}"),
    ],
)
def test_fields_are_filled_in_without_logic(text: str, merged: str) -> None:
    part = read_plain(text)
    assert part.logic is None
    assert part.text(ANNA, NOW) == merged


@pytest.mark.parametrize(
    ("text", "merged"),
    [
        ('{% if city == "Łódź" %}yes{% else %}no{% endif %}', "yes"),
        ("{% if age > 18 %}adult{% endif %}", "adult"),
        ("{% if age >= 33 and age < 34 %}33{% endif %}", "33"),
        ("{% if age == 33 %}same{% endif %}", "same"),
        ('{% if age == "33" %}same{% endif %}', "same"),
        ("{% if nothing > 18 %}adult{% else %}unknown{% endif %}", "unknown"),
        ("{% if unknown < 18 %}child{% else %}unknown{% endif %}", "unknown"),
        ("{% if nothing %}there{% else %}none{% endif %}", "none"),
        ("{% if nothing == blank and unknown == empty %}none{% endif %}", "none"),
        ("{% if unknown == nil and nothing == '' %}none{% endif %}", "none"),
        ("{% if city != blank %}there{% endif %}", "there"),
        ("{% if city > 18 %}more{% else %}no number{% endif %}", "no number"),
        ("{% unless unknown %}nobody{% endunless %}", "nobody"),
        ("{% case city %}{% when 'Łódź' %}PL{% else %}?{% endcase %}", "PL"),
        ('{{ first_name | append: "!" }}', "anna!"),
        ("{{ age | plus: 1 | times: 2 }}", "68"),
        ("{% assign x = first_name | upcase %}a {{ x }} b", "a ANNA b"),
        ("{% capture x %}<b>{{ first_name }}</b>{% endcapture %}{{ x }}", "<b>anna</b>"),
        ("{% for i in (1..3) %}{{ i }}{% if i == 2 %}{% break %}{% endif %}{% endfor %}", "12"),
        ("{% assign all = 'c,a,b' | split: ',' | sort %}{{ all | join: '-' }}", "a-b-c"),
        ('{{ "2026-05-17" | date: "%-d %B %Y" }}', "17 May 2026"),
        ('{{ "now" | date: "%Y-%m-%d" }} {{ now | date: "%H" }}', "2026-11-21 12"),
        ('{{ city | date: "%Y" }}', "Łódź"),
        ("{{ first_name | escape }}", "anna"),
        ("{ {{ first_name | strip }} } {% raw %}{{ x }}{% endraw %}", "{ anna } {{ x }}"),
        ("a {%- if age -%} b {%- endif -%} c", "abc"),
    ],
)
def test_logic_is_run(text: str, merged: str) -> None:
    part = read_plain(text)
    assert part.logic is not None
    assert part.text(ANNA, NOW) == merged


@given(VALUES, st.sampled_from(["{{ v }}", "{% if v %}{{ v }}{% else %}{{ v }}{% endif %}"]))
@settings(max_examples=60, deadline=None)
def test_a_value_is_never_read_as_a_tag(value: str, text: str) -> None:
    first = read_plain(text).text({"v": value}, NOW)
    assert first == read_plain("{{ v }}").text({"v": value}, NOW)


@pytest.mark.parametrize(
    ("text", "line", "field", "says"),
    [
        ("one\ntwo {{ first_name", 2, "", "never closed"),
        ("{{ a }}\n\n{{ }}", 3, "", "empty"),
        ("{% include 'x' %}", 1, "include", "no tag “include”"),
        ("{% render 'x' %}", 1, "render", "no tag"),
        ("\n{% if city %}", 2, "city", "endif"),
        ("{% endif %}", 1, "", "endif"),
        ("{{ a }}\n{{ city | shout }}", 2, "city", "no filter “shout”"),
        ("{% if city | shout %}{% endif %}", 1, "city", "cannot be read"),
        ("{{ first name }}", 1, "first", "cannot be read"),
        ("{{ first_name | default: “you” }}", 1, "first_name", "cannot be read"),
        ("{% for i in (1..city) %}{% endfor %}", 1, "i", "a range goes from"),
        ("{% for i in (1..9999999) %}{% endfor %}", 1, "i", "a range goes from"),
        ("{% raw %} never ended", 1, "", "never closed"),
        ("{{ " + "x" * 2_000 + " }}", 1, "", "never closed"),
    ],
)
def test_what_cannot_be_read_names_its_line_and_field(
    text: str, line: int, field: str, says: str
) -> None:
    [problem] = check(text)
    assert (problem.line, problem.field) == (line, field)
    assert says in problem.sentence
    assert problem.sentence.startswith(f"Line {line}: ")


def test_every_problem_is_named_at_once() -> None:
    assert [problem.line for problem in check("{{ }}\n{% include 'x' %}\n{{ ok }}\n{{")] == [
        1,
        2,
        4,
    ]


@pytest.mark.parametrize(
    "html",
    [
        "<script>var name = '{{ first_name }}'</script>",
        '<a onclick="go({{ first_name }})">x</a>',
        "<h{{ level }}>x</h1>",
        "<a {{ attributes }}>x</a>",
        '<iframe srcdoc="{{ page }}"></iframe>',
        "<!doctype {{ kind }}>",
        '<a href="{{ url }}',
    ],
)
def test_a_field_where_no_value_is_safe_is_refused(html: str) -> None:
    [problem] = check(html, html=True)
    assert "no value would be safe" in problem.sentence


@pytest.mark.parametrize(
    ("html", "value", "merged"),
    [
        ("<p>{{ v }}</p>", "<b> & \"'", "<p>&lt;b&gt; &amp; &quot;&#x27;</p>"),
        ("<p title='{{ v }}'>", "' onclick='x", "<p title='&#x27;&#32;onclick&#61;&#x27;x'>"),
        ("<p title={{ v }}>", "a onclick=x", "<p title=a&#32;onclick&#61;x>"),
        ('<a href="{{ v }}">', "https://example.com/ü?a=1&b=2#c",
         '<a href="https://example.com/%C3%BC?a&#61;1&amp;b&#61;2#c">'),
        ('<a href="{{ v }}">', "javascript:alert(1)", '<a href="#">'),
        ('<a href="{{ v }}">', "java\nscript:alert(1)", '<a href="#">'),
        ('<a href="{{ v }}">', "data:text/html,x", '<a href="#">'),
        ('<a href="{{ v }}">', "//evil.example.net", '<a href="#">'),
        ('<a href="{{ v }}">', "", '<a href="#">'),
        ('<a href="{{ v }}">', 'https://e.com/"><b>', '<a href="https://e.com/%22%3E%3Cb%3E">'),
        ('<a href="https://e.com/?q={{ v }}">', "a&b=c d@e/ü",
         '<a href="https://e.com/?q=a%26b%3Dc%20d@e%2F%C3%BC">'),
        ('<a href="{% if v %}{{ v }}{% else %}https://e.com/{% endif %}">', "https://f.com/",
         '<a href="https://f.com/">'),
        ('<a href="{% if x %}https://e.com/{% else %}{{ v }}{% endif %}">', "https://f.com/",
         '<a href="https://f.com/">'),
        ('<a href="https://e.com/{% if x %}a{% else %}{{ v }}{% endif %}">', "b/c",
         '<a href="https://e.com/b%2Fc">'),
        ('<p style="color:{{ v }}">', "red;width:1px", '<p style="color:redwidth1px">'),
        ("<style>p{{ v }}</style>", "#fff}</style><b>", "<style>p#fffstyleb</style>"),
        ("<title>{{ v }}</title>", "</title><b>", "<title>&lt;/title&gt;&lt;b&gt;</title>"),
        ("<!-- {{ v }} -->", "--><b>", "<!-- --&gt;&lt;b&gt; -->"),
        ("<!--[if mso]><a href='{{ v }}'><![endif]-->", "javascript:x",
         "<!--[if mso]><a href='#'><![endif]-->"),
        ("<p>{{ v | default: &quot;you&quot; }}</p>", "", "<p>you</p>"),
        ("<p>{{&nbsp;v&nbsp;|&nbsp;upcase&nbsp;}}</p>", "a", "<p>A</p>"),
        ("<p>{% if v &lt; 3 %}few{% endif %}</p>", "2", "<p>few</p>"),
        ("{% capture x %}<b>{{ v }}</b>{% endcapture %}{{ x }}", "<i>", "<b>&lt;i&gt;</b>"),
        ("{% capture x %}{{ v }}{% endcapture %}<p id='{{ x }}'>", "<", "<p id='&amp;lt;'>"),
        ("{% assign x = v | append: '<i>' %}{{ x }}", "<b>", "&lt;b&gt;&lt;i&gt;"),
        ("{% for x in v %}<td>{{ x }}</td>{% endfor %}", "<b>", "<td>&lt;b&gt;</td>"),
    ],
)  # fmt: skip
def test_a_value_is_escaped_for_where_it_stands(html: str, value: str, merged: str) -> None:
    part, _ = read_html(html)
    assert part.text({"v": value}, NOW) == merged


PLACES = [
    "<p>{{ v }}</p>", "<p title='{{ v }}'>", '<a href="{{ v }}">', "<p class={{ v }}>",
    '<a href="https://e.com/{{ v }}">', "<style>{{ v }}</style>",
    "{% if 1 %}<b>{{ v }}</b>{% endif %}",
]  # fmt: skip


@given(VALUES, st.sampled_from(PLACES))
@settings(max_examples=120, deadline=None)
def test_no_value_makes_markup(value: str, html: str) -> None:
    part, _ = read_html(html)
    merged = part.text({"v": value}, NOW)
    plain = part.text({"v": "x"}, NOW)
    assert [c for c in merged if c in "<>\"'"] == [c for c in plain if c in "<>\"'"]
    assert len(merged.splitlines()) == 1


@pytest.mark.parametrize("spelt", ["\ufdd0{}\ufdd1", "&#xFDD0;{}&#64977;", "&#xfdd0{} &#xfdd1 "])
def test_content_cannot_pretend_to_be_a_mark(spelt: str) -> None:
    for number in (0, 7):
        html = (
            f"<a href='{{{{ v }}}}'>x</a>{spelt.format(number)}<i title='{spelt.format(number)}'>"
        )
        part, _ = read_html(html)
        assert "<a href='#'>x</a>" in part.text({"v": "javascript:x"}, NOW)


def test_fields_are_reported() -> None:
    assert fields_used("{{ a }} {{ b | upcase }} {{ a }}") == {"a", "b"}
    logic = "{% if a %}{{ b | append: c }}{% endif %}{% assign d = e %}{{ d }}{{ now }}"
    assert fields_used(logic) == {"a", "b", "c", "e"}
    assert fields_used('<a href="{{ url }}">{{ a }}</a>', html=True) == {"url", "a"}
    content = Content("{{ subject_field }}", "<p>{{ a }}</p>", "{{ b }}", "{{ c }}")
    assert missing_fields(content, ["a"]) == ["b", "c", "subject_field"]


def test_a_text_that_cannot_be_read_has_no_fields() -> None:
    with pytest.raises(MergeRefused):
        fields_used("{{ a")


@given(st.text("{}%| -\"':ab\n", max_size=60) | VALUES)
@settings(max_examples=150, deadline=None)
def test_any_text_is_read_or_refused_with_lines(text: str) -> None:
    for html in (False, True):
        for problem in check(text, html=html):
            assert 1 <= problem.line <= text.count("\n") + text.count("\r") + 1
            assert problem.sentence
