"""The operator's page that explains how an account's mail leaves."""

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render

from posthouse.accounts import access
from posthouse.accounts.areas import AreaRequest, operator_page
from posthouse.accounts.models import Account
from posthouse.core.channels import Channel
from posthouse.core.routing.badges import BADGES
from posthouse.deliveries.explaining import Explanation, explain, sender_at
from posthouse.domains.models import SenderDomain


class RouteForm(forms.Form):
    """What an explanation is asked about."""

    channel = forms.ChoiceField(
        label="Kind of mail", choices=[(channel.value, BADGES[channel].name) for channel in Channel]
    )
    sender = forms.CharField(label="From address", max_length=320)


@operator_page
def explain_route(request: AreaRequest, account: str) -> HttpResponse:
    """The form, filled in at first with the account's oldest Enabled domain, and the answer."""
    row = access.find(Account.objects.select_related("group"), account)
    asked = {"channel": Channel.MARKETING.value, "sender": _example(row)} | request.GET.dict()
    form = RouteForm(asked if asked["sender"] or "sender" in request.GET else None)
    explanation = _explained(row, form) if form.is_bound and form.is_valid() else None
    context = {"account": row, "form": form, "explanation": explanation}
    return render(request, "deliveries/admin/route.html", context)


def _explained(account: Account, form: RouteForm) -> Explanation:
    channel = Channel(form.cleaned_data["channel"])
    return explain(account, channel, sender_at(account, form.cleaned_data["sender"]))


def _example(account: Account) -> str:
    enabled: QuerySet[SenderDomain] = SenderDomain.objects.filter(
        account=account, status=SenderDomain.Status.ENABLED
    )
    domain = enabled.order_by("pk").first()
    return f"news@{domain.name}" if domain else ""
