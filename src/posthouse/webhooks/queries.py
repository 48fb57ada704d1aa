"""Webhooks and their calls as pages and the API need them."""

from django.db.models import Count, Q, QuerySet

from posthouse.accounts import access
from posthouse.webhooks.models import Call, CallAttempt, Endpoint


def endpoints() -> QuerySet[Endpoint]:
    """The webhooks in reach, oldest first."""
    return Endpoint.objects.select_related("account").order_by("pk")


def counted_endpoints() -> QuerySet[Endpoint]:
    """The same with how many of their calls wait (``waiting``) and have failed (``failed``)."""
    return endpoints().annotate(
        waiting=Count("calls", filter=Q(calls__state=Call.State.PENDING)),
        failed=Count("calls", filter=Q(calls__state=Call.State.FAILED)),
    )


def calls(endpoint: Endpoint, state: str = "", words: str = "") -> QuerySet[Call]:
    """The webhook's calls; ``words`` are a part of the kind or of the id."""
    found = Call.objects.filter(endpoint=endpoint)
    if words:
        found = found.filter(Q(kind__icontains=words) | Q(public_id__icontains=words))
    return found.filter(state=state) if state else found


def counts(endpoint: Endpoint) -> dict[str, int]:
    """How many calls stand in each state."""
    states = Call.objects.filter(endpoint=endpoint).order_by().values_list("state")
    return dict(states.annotate(count=Count("pk")))


def find_call(endpoint: Endpoint, public_id: str) -> Call:
    """One of the webhook's calls."""
    return access.find(Call.objects.filter(endpoint=endpoint), public_id)


def attempts(call: Call) -> QuerySet[CallAttempt]:
    """What each request came to, newest first."""
    return CallAttempt.objects.filter(call=call).order_by("-pk")
