"""Each component renders what its line in docs/developer/pages.md promises."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest
from django.template import RequestContext, Template
from django.test import RequestFactory
from django.utils import timezone, translation
from django.utils.datastructures import MultiValueDict
from django_cotton.compiler_regex import CottonCompiler

from posthouse.http.live import STOP_ASKING, live
from posthouse.http.paging import Page

HOSTILE = """"><script>alert('x')</script>"""


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


def request(path: str = "/") -> HttpRequest:
    made = RequestFactory().get(path)
    made.user = AnonymousUser()
    return made


def render(source: str, path: str = "/", **context: Any) -> str:
    template = Template(CottonCompiler().process(source))
    return template.render(RequestContext(request(path), context))


class ServerForm(forms.Form):
    name = forms.CharField(help_text="How you recognise it.")
    port = forms.IntegerField(initial=587)
    encryption = forms.ChoiceField(
        choices=[("tls", "TLS"), ("none", "None")], widget=forms.RadioSelect
    )
    verified = forms.BooleanField(required=False, label="Check the certificate")
    token = forms.CharField(widget=forms.HiddenInput, required=False)

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("name") == "taken":
            raise forms.ValidationError("A server with this name exists.")
        return self.cleaned_data


class FromForm(forms.Form):
    local_part = forms.CharField(label="Local part")
    domain = forms.ChoiceField(choices=[("1", "mail.example.com")])


def test_a_state_has_one_word_icon_and_tone() -> None:
    html = render('<c-status kind="domain" state="approval_pending" reason="1 of 4" />')
    assert "Approval Pending" in html
    assert "tone-yellow" in html
    assert "sprite.svg#hourglass" in html
    assert 'title="1 of 4"' in html


def test_a_state_that_the_table_does_not_know_keeps_its_word() -> None:
    assert "Half done" in render('<c-status kind="job" state="half_done" />')


def test_a_kind_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError):
        render('<c-status kind="nonsense" state="enabled" />')


def test_values_are_escaped_wherever_they_stand() -> None:
    html = render(
        '<c-copy text="{{ v }}" /><c-record :record="r" /><c-page-header title="{{ v }}" />'
        '<c-button href="{{ v }}" data-x="{{ v }}" :data-y="v">{{ v }}</c-button>'
        '<c-search value="{{ v }}" /><c-fact label="{{ v }}">{{ v }}</c-fact>'
        '<c-chart id="c" :data="d" label="{{ v }}" /><c-status kind="job" :state="v" />',
        v=HOSTILE,
        r={"host": HOSTILE, "type": HOSTILE, "value": HOSTILE, "seen": [HOSTILE]},
        d={"times": [0], "series": [{"label": HOSTILE, "values": [1]}]},
    )
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html


def test_an_attribute_in_quotes_cannot_add_attributes() -> None:
    html = render('<c-button :data-note="v">x</c-button>', v='" onmouseover="alert(1)"')
    assert 'onmouseover="' not in html
    assert "&quot; onmouseover=&quot;" in html


def test_the_pages_own_variables_do_not_leak_into_components() -> None:
    html = render("<c-card>inside</c-card>", title="Title of the page", lead="Its lead")
    assert "Title of the page" not in html
    assert "Its lead" not in html


def test_a_field_ties_label_help_and_error_together() -> None:
    form = ServerForm({"port": "x", "encryption": "tls"})
    html = render('<c-field :field="form.name" /><c-field :field="form.port" />', form=form)
    assert '<label class="form-label" for="id_name">' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_error"' in html
    assert 'id="id_name_helptext"' in html
    assert html.count('aria-invalid="true"') == 2
    assert 'value="x"' in html  # what was typed is kept
    assert "Enter a whole number." in html


def test_choices_stand_under_one_legend() -> None:
    html = render('<c-field :field="form.encryption" />', form=ServerForm())
    assert "<fieldset" in html
    assert "Encryption" in html.split("</legend>")[0]
    assert html.count('class="form-check-input"') == 2


def test_a_single_box_has_its_label_beside_it() -> None:
    html = render('<c-field :field="form.verified" />', form=ServerForm())
    assert '<label class="form-check mb-0"><input type="checkbox"' in html
    assert "Check the certificate" in html


def test_any_form_renders_with_our_fields_and_its_own_errors_on_top() -> None:
    form = ServerForm({"name": "taken", "port": "25", "encryption": "tls", "token": "t"})
    html = render("{{ form }}", form=form)
    assert html.index("A server with this name exists.") < html.index('data-field="name"')
    assert html.count("data-field=") == 4
    assert '<input type="hidden" name="token" value="t"' in html
    assert html.count('role="alert"') == 1


def test_errors_of_fields_are_not_repeated_on_top() -> None:
    assert 'role="alert"' not in render("{{ form }}", form=ServerForm({}))


def test_a_form_carries_its_token_and_guards_changes() -> None:
    html = render('<c-form :form="form" submit="Create" cancel="/back" />', form=ServerForm())
    assert "csrfmiddlewaretoken" in html
    assert "data-guard" in html
    assert ">Create</button>" in html
    assert 'href="/back"' in html


def test_an_upload_form_sends_files() -> None:
    html = render("<c-form upload submit='Import'>x</c-form>")
    assert 'enctype="multipart/form-data"' in html
    assert "<progress" in html


def test_from_is_local_part_and_domain_with_errors_beneath() -> None:
    form = FromForm({"local_part": "", "domain": "9"})
    html = render(
        '<c-from-field :local="form.local_part" :domain="form.domain" label="From" />', form=form
    )
    assert html.count("is-invalid") == 2
    assert 'id="id_local_part_error"' in html
    assert 'id="id_domain_error"' in html


def test_a_post_button_is_a_form_with_a_token() -> None:
    html = render('<c-post url="/pause" label="Pause" icon="player-pause" primary />')
    assert '<form method="post" action="/pause"' in html
    assert "csrfmiddlewaretoken" in html
    assert "btn-primary" in html


def test_progress_draws_parts_and_leads_to_the_rows() -> None:
    counts = {"accepted": 39_000_000, "failed": 3, "pending": 999_997}
    html = render('<c-progress :counts="counts" link="/rows" />', counts=counts)
    assert 'aria-label="Accepted: 39,000,000, Failed: 3, Waiting: 999,997"' in html
    assert html.count("<rect") == 2
    assert 'href="/rows?state=failed"' in html
    assert "style=" not in html


def test_a_meter_says_when_a_limit_is_reached() -> None:
    source = '<c-meter label="Today" :amount="amount" :limit="limit" />'
    assert "(reached)" in render(source, amount=1000, limit=1000)
    assert "tone-yellow" in render(source, amount=800, limit=1000)
    unlimited = render(source, amount=5, limit=0)
    assert "unlimited" in unlimited
    assert "<svg" not in unlimited


def test_the_pager_keeps_other_filters_and_hides_on_one_page() -> None:
    source = '<c-pager :page="page" />'
    assert "<nav" not in render(source, page=Page(rows=[], next=""))
    first = render(source, "/?q=a", page=Page(rows=[], next="abc"))
    assert 'href="?q=a&amp;cursor=abc"' in first
    last = render(source, "/?q=a&cursor=abc", page=Page(rows=[], next=""))
    assert 'href="?q=a"' in last
    assert "Next" not in last


def test_a_record_shows_copy_buttons_finding_and_what_was_seen() -> None:
    record = {
        "host": "sl.mail.example.com",
        "type": "CNAME",
        "value": "mailer.example.net",
        "state": "wrong",
        "finding": "It points elsewhere.",
        "advice": "Change it.",
        "seen": ["old.example.org"],
    }
    html = render('<c-record :record="record" />', record=record)
    assert 'data-copy="sl.mail.example.com"' in html
    assert 'data-copy="mailer.example.net"' in html
    for words in ("Wrong", "It points elsewhere.", "Change it.", "old.example.org"):
        assert words in html


def test_steps_show_what_is_done_and_open_the_next() -> None:
    html = render(
        '<c-checklist title="First send"><c-step title="A list" done>gone</c-step>'
        '<c-step title="A domain" href="/d" action="Add a domain" current>why</c-step>'
        "</c-checklist>"
    )
    assert "gone" not in html
    assert 'aria-label="Done"' in html
    assert '<a class="btn btn-primary" href="/d">Add a domain</a>' in html


@pytest.mark.parametrize("flag", [True, False, None])
def test_switches_take_a_flag_in_either_way(flag: bool | None) -> None:
    for source in ('<c-tab href="/" :active="flag" />', '<c-tab href="/" active="{{ flag }}" />'):
        assert ('aria-current="page"' in render(source, flag=flag)) == bool(flag)


def test_times_are_relative_with_the_exact_one_on_hover() -> None:
    html = render("{{ when|relative }}{{ none|relative }}", when=timezone.now(), none=None)
    assert ">just now</time>–" in html
    assert " UTC" in html
    past = render("{{ when|relative }}", when=timezone.now() - timedelta(hours=2))
    assert "2 hours ago" in past


def test_a_chart_comes_with_its_numbers_as_a_table() -> None:
    data = {"times": [0, 60], "series": [{"label": "Sent", "values": [40_000_000, None]}]}
    html = render('<c-chart id="sent" :data="data" label="Sent" />', data=data)
    assert '<script id="sent" type="application/json">' in html
    assert '<td class="num">40,000,000</td>' in html
    assert "1970-01-01 00:01" in html


def test_a_live_part_asks_until_nothing_moves() -> None:
    html = render('<c-live url="/progress" every="2">now</c-live>')
    assert 'hx-get="/progress" hx-trigger="every 2s, look-again"' in html
    context = {"title": "t"}
    assert live(request(), "404.html", context, moving=True).status_code == 200
    assert live(request(), "404.html", context, moving=False).status_code == STOP_ASKING


def test_confirmation_says_what_will_happen() -> None:
    html = live(
        request("/domains/7/delete"),
        "http/confirm.html",
        {
            "title": "Delete mail.example.com",
            "consequences": ["2 drafts will have no From address."],
            "action": "Delete mail.example.com",
            "back": "/domains/7",
            "tone": "red",
        },
        moving=True,
    ).content.decode()
    assert "2 drafts will have no From address." in html
    assert 'action="/domains/7/delete"' in html
    assert "btn-danger" in html
    assert "data-question" in html


def test_an_empty_file_is_refused_beside_its_field() -> None:
    class Upload(forms.Form):
        file = forms.FileField()

    empty = SimpleUploadedFile("a.csv", b"")
    form = Upload({}, MultiValueDict({"file": [empty]}))
    assert "The submitted file is empty." in render("{{ form }}", form=form)
