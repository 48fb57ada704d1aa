"""Writing a campaign: one page for all of it, with checks at the side."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from posthouse.accounts.areas import AccountRequest, account_page
from posthouse.campaigns import queries, reviews
from posthouse.campaigns.forms import CampaignForm
from posthouse.campaigns.models import Campaign
from posthouse.campaigns.pages import to

_THEN = ("preview", "test", "send")  # where the buttons beside Save lead


@account_page("edit")
def create(request: AccountRequest) -> HttpResponse:
    """A new draft."""
    form = CampaignForm(request.POST or None, request.account)
    if request.method == "POST" and (campaign := form.save(request.actor)):
        messages.success(request, f"{campaign.name} was saved as a draft.")
        return _onward(request, campaign)
    return _write(request, form)


@account_page("edit")
def edit(request: AccountRequest, campaign: str) -> HttpResponse:
    """A draft again; after a refused sending with its problems beside the fields."""
    row = queries.find(campaign)
    if not row.is_draft:
        return to(request, "show", row)
    if request.method == "POST":
        form = CampaignForm(request.POST, request.account, row)
        if changed := form.save(request.actor):
            messages.success(request, "Saved.")
            return _onward(request, changed)
    elif "problems" in request.GET:
        stops = reviews.review(reviews.draft_of(row)).stops
        form = CampaignForm.with_problems(request.account, row, stops)
    else:
        form = CampaignForm(None, request.account, row)
    return _write(request, form)


@require_POST
@account_page("edit")
def check(request: AccountRequest) -> HttpResponse:
    """The checks at the side, of what is typed so far; keeps nothing."""
    known = request.POST.get("campaign", "")
    campaign = queries.find(known) if known else None
    form = CampaignForm(request.POST, request.account, campaign)
    context = {"review": reviews.review(form.typed())}
    return render(request, "campaigns/checks.html", context)


def _write(request: AccountRequest, form: CampaignForm) -> HttpResponse:
    context = {
        "form": form,
        "campaign": form.campaign,
        "review": _review(form),
        "fields": [(f"{{{{ {key} }}}}", label) for key, label in queries.known_fields().items()],
        "default": '{{ first_name | default: "reader" }}',
        "domains": form.managed and queries.enabled_domains().exists(),
    }
    return render(request, "campaigns/write.html", context)


def _review(form: CampaignForm) -> reviews.Review | None:
    """Of what is typed, or saved; an empty page is not blamed for being empty."""
    if form.is_bound:
        return reviews.review(form.typed())
    return reviews.review(reviews.draft_of(form.campaign)) if form.campaign else None


def _onward(request: AccountRequest, campaign: Campaign) -> HttpResponse:
    """To where the button said."""
    then = request.POST.get("then", "")
    return to(request, then if then in _THEN else "edit", campaign)
