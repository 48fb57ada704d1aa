"""The doors of the two areas: who may open a page, as whom, and which rows it can reach."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django_htmx.middleware import HtmxDetails

from posthouse.accounts import access, standing
from posthouse.accounts.actors import Actor, member_of, operator
from posthouse.accounts.models import Account, User
from posthouse.accounts.permissions import NotAllowed, demand
from posthouse.http.paging import CursorWrong

View = Callable[..., HttpResponse]
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LAST_ACCOUNT = "last-account"  # in the session: whose frame stands around pages outside the areas


class AreaRequest(HttpRequest):
    """A request inside an area: it knows who acts."""

    actor: Actor
    htmx: HtmxDetails


class AccountRequest(AreaRequest):
    """A request inside an account's area."""

    account: Account


def account_page(permission: str = "view") -> Callable[[View], View]:
    """Opens a page to members of the account named in the address; strangers get a 404."""

    def decorate(view: View) -> View:
        @wraps(view)
        def page(request: HttpRequest, slug: str, **kwargs: Any) -> HttpResponse:
            user = cast("User", request.user)
            account = Account.objects.select_related("group").filter(slug=slug).first()
            actor = member_of(user, account) if account else None
            if account is None or actor is None:
                raise Http404(f"There is no account {slug!r} here.")
            inside = cast("AccountRequest", request)
            inside.account, inside.actor = account, actor
            _refuse_what_was_stopped(inside)
            if request.session.get(LAST_ACCOUNT) != slug:
                request.session[LAST_ACCOUNT] = slug
            with access.tenant(account):
                return _answer(permission, inside, view, **kwargs)

        return page

    return decorate


def operator_page(view: View) -> View:
    """Opens a page to operators, who reach every account's rows; everybody else gets a 404."""

    @wraps(view)
    def page(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        user = cast("User", request.user)
        if not user.is_operator:
            raise Http404("There is no such page.")
        inside = cast("AreaRequest", request)
        inside.actor = operator(user)
        with access.across_tenants():
            return _answer("own", inside, view, **kwargs)

    return page


def _refuse_what_was_stopped(request: AccountRequest) -> None:
    """A suspended account can be looked at, a disabled one cannot; both say the reason."""
    status = request.account.status
    if status == Account.Status.DISABLED or (
        status == Account.Status.SUSPENDED and request.method not in _SAFE
    ):
        raise PermissionDenied(standing.why_not(request.account))


def _answer(permission: str, request: AreaRequest, view: View, **kwargs: Any) -> HttpResponse:
    """The page's answer, with what a person may not reach or may not do turned into errors."""
    try:
        demand(request.actor, permission)
        return view(request, **kwargs)
    except access.Missing as error:
        raise Http404(str(error)) from error
    except NotAllowed as error:
        raise PermissionDenied(str(error)) from error
    except CursorWrong as error:
        raise BadRequest("The address asks for a page of the list that does not exist.") from error
