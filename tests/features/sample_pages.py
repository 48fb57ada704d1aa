"""Pages made of the shared components alone, for the browser test of the look (a URLconf)."""

from typing import Any, Final

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template import RequestContext, Template
from django.urls import include, path
from django_cotton.compiler_regex import CottonCompiler

from posthouse.http.live import STOP_ASKING

LONG_DOMAIN: Final = "newsletters-and-announcements.customer-success.example-retail.com"
MANY: Final = 40_000_000

FRAME = """{% extends "http/base.html" %}{% block title %}Sample{% endblock %}
{% block header %}<c-page-header title="{{ domain }}" lead="All components at once">
<c-slot name="breadcrumbs"><c-crumb href="/">Samples</c-crumb></c-slot>
<c-slot name="status"><c-status kind="domain" state="approval_pending" /></c-slot>
<c-confirm url="/delete" icon="trash" label="Delete" /></c-page-header>{% endblock %}
{% block content %}BODY{% endblock %}"""

EVERYTHING = FRAME.replace(
    "BODY",
    """<c-search label="Search" /><c-alert tone="yellow" title="{{ domain }}">Words.</c-alert>
<div class="row g-3"><div class="col-6"><c-tile label="Waiting" value="{{ many|number }}" /></div>
<div class="col-6"><c-tile label="Rate" value="{{ many|rate }}" /></div></div>
<c-card title="Records" flush><c-record :record="record" /></c-card>
<c-card title="Progress"><c-progress :counts="counts" link="/" />
<c-meter label="{{ domain }}" :amount="many" :limit="many" /></c-card>
<c-card flush><c-table caption="Domains">
<c-slot name="head"><th>Domain</th><th class="num">Sent</th></c-slot>
<tr><td class="wrap">{{ domain }}</td><td class="num">{{ many|number }}</td></tr></c-table>
<c-empty icon="world" title="No domains yet">What they are for.</c-empty></c-card>
<c-checklist title="First send">
<c-step title="{{ domain }}" href="/" action="Verify" current>x</c-step></c-checklist>
<c-card title="Chart"><c-chart id="numbers" :data="data" label="Numbers" /></c-card>
<c-facts><c-fact label="From">someone@{{ domain }}</c-fact></c-facts>
<c-tabs label="Parts"><c-tab href="/" :active="many">{{ domain }}</c-tab></c-tabs>""",
)
FORM = FRAME.replace("BODY", '<c-card><c-form :form="form" submit="Save" upload /></c-card>')
LIVE = FRAME.replace("BODY", '<c-live url="/live/part" every="2">first</c-live>')


class Sample(forms.Form):
    name = forms.CharField()
    file = forms.FileField(required=False)


def page(request: HttpRequest, source: str, **context: Any) -> HttpResponse:
    template = Template(CottonCompiler().process(source))
    context |= {"domain": LONG_DOMAIN, "many": MANY}
    return HttpResponse(template.render(RequestContext(request, context)))


@login_not_required
def everything(request: HttpRequest) -> HttpResponse:
    record = {
        "host": f"key1._domainkey.{LONG_DOMAIN}",
        "type": "TXT",
        "value": "v=DKIM1; p=" + "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A" * 8,
        "state": "wrong",
        "finding": "Another key is there.",
        "advice": "Replace it.",
        "seen": ["v=DKIM1; p=" + "A" * 300],
    }
    counts = {"accepted": MANY, "failed": MANY, "uncertain": 3, "skipped": MANY, "pending": MANY}
    series = [{"label": "Sent", "values": [1, MANY], "tone": "green"}]
    data = {"times": [1_760_000_000, 1_760_000_060], "series": series, "unit": "msg/s"}
    return page(request, EVERYTHING, record=record, counts=counts, data=data)


@login_not_required
def form(request: HttpRequest) -> HttpResponse:
    sample = Sample(request.POST or None, request.FILES or None)
    if request.method == "POST" and sample.is_valid():
        return HttpResponseRedirect("/")
    return page(request, FORM, form=sample)


@login_not_required
def delete(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return HttpResponseRedirect("/form")
    question = {
        "title": f"Delete {LONG_DOMAIN}",
        "consequences": ["2 drafts will have no From address."],
        "action": f"Delete {LONG_DOMAIN}",
        "back": "/",
        "tone": "red",
    }
    return render(request, "http/confirm.html", question)


class Answers:
    """What the live part says: moving until the third answer."""

    given = 0


@login_not_required
def live_page(request: HttpRequest) -> HttpResponse:
    Answers.given = 0
    return page(request, LIVE)


@login_not_required
def live_part(request: HttpRequest) -> HttpResponse:
    Answers.given += 1
    status = 200 if Answers.given < 3 else STOP_ASKING
    return HttpResponse(f"answer {Answers.given}", status=status)


urlpatterns = [
    path("", everything),
    path("form", form),
    path("delete", delete),
    path("live", live_page),
    path("live/part", live_part),
    path("auth/", include("allauth.urls")),
]
