"""The door of the sender domain pages: shut where the user group has the feature off."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpResponse

from posthouse.accounts.areas import AccountRequest, View, account_page
from posthouse.domains.errors import ManagementOff


def domains_page(permission: str = "view") -> Callable[[View], View]:
    """As `account_page`; with sender domain management off there is no such page."""

    def decorate(view: View) -> View:
        @wraps(view)
        def managed(request: AccountRequest, **kwargs: Any) -> HttpResponse:
            if not request.account.group.sender_domain_management:
                raise Http404(str(ManagementOff()))
            return view(request, **kwargs)

        return account_page(permission)(managed)

    return decorate
