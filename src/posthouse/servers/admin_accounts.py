"""The operator's page of the delivery servers that one account has to itself."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from posthouse.accounts import access
from posthouse.accounts.areas import AreaRequest, operator_page
from posthouse.accounts.forms import posted
from posthouse.accounts.models import Account
from posthouse.accounts.queries import ways_of
from posthouse.servers import queries, services
from posthouse.servers.errors import ServerRefused
from posthouse.servers.forms import AccountRoutingForm


@operator_page
def routing(request: AreaRequest, account: str) -> HttpResponse:
    """An account's own server for each channel, beside what it shares with its group."""
    row = access.find(Account.objects.select_related("group"), account)
    known = queries.routing_of(row)
    form = AccountRoutingForm(posted(request), known, queries.routing_of(row.group))
    if request.method == "POST" and form.is_valid():
        try:
            services.route(request.actor, row, form.routing)
        except ServerRefused as refused:  # retired since the page was opened
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"How the mail of {row.name} leaves was saved.")
            return redirect("operator-servers:account-routing", account=row.public_id)
    own = sorted(set(known.values()), key=lambda server: server.name)
    alone = [server for server in own if queries.is_alone_on(server, row)]
    context = {
        "form": form,
        "account": row,
        "ways": ways_of(row),
        "dedicated": alone,
        "crowded": [server for server in own if server not in alone],
    }
    return render(request, "servers/account_routing.html", context)
