"""The verbs on dispatches: start, pause, resume, cancel."""

from dataclasses import dataclass

from django.db import transaction

from posthouse.accounts import audit
from posthouse.accounts.models import Account
from posthouse.content.models import ContentVersion
from posthouse.core.channels import Channel
from posthouse.deliveries import ledger
from posthouse.deliveries.ids import new_block
from posthouse.deliveries.models import SENDABLE, Batch, Delivery, Dispatch
from posthouse.deliveries.quotas import LimitReached
from posthouse.deliveries.route import SenderChoice

_PRIORITY = {Channel.TRANSACTIONAL: 20, Channel.AUTORESPONDER: 10, Channel.MARKETING: 0}


@dataclass(frozen=True, slots=True)
class Addressee:
    """One recipient named outright (a test message, transactional mail)."""

    address: str
    normalised: str
    merge: dict[str, str]


class DispatchRefused(Exception):
    """A verb that this dispatch's state does not allow."""

    def __init__(self, verb: str, state: str) -> None:
        super().__init__(f"It cannot be {verb}: it is {state}.")
        self.verb, self.state = verb, state


def start_to_lists(
    account: Account,
    channel: Channel,
    content: ContentVersion,
    sender: SenderChoice,
    list_ids: list[int],
    *,
    origin: str,
    goes_on_by_itself: bool = True,
) -> Dispatch:
    """A dispatch to the members of lists; housekeeping fans it out, engines send it."""
    return _create(
        account,
        channel,
        content,
        sender,
        origin,
        list_ids=list_ids,
        goes_on_by_itself=goes_on_by_itself,
    )


@transaction.atomic
def start_to_addressees(
    account: Account,
    channel: Channel,
    content: ContentVersion,
    sender: SenderChoice,
    addressees: list[Addressee],
    *,
    origin: str,
) -> Dispatch:
    """A dispatch to a few named addresses, ready to be claimed at once; it goes before bulk."""
    dispatch = _create(account, channel, content, sender, origin, fanned_out=True, priority=30)
    batch = Batch.objects.create(
        account=account, dispatch=dispatch, priority=dispatch.priority, size=len(addressees)
    )
    first = new_block()
    Delivery.objects.bulk_create(
        Delivery(
            id=first + number,
            account=account,
            dispatch=dispatch,
            batch_id=batch.pk,
            address=one.address,
            normalised=one.normalised,
            merge=one.merge,
        )
        for number, one in enumerate(addressees)
    )
    ledger.move(dispatch.pk, [("", "pending", len(addressees))])
    return dispatch


def _create(
    account: Account,
    channel: Channel,
    content: ContentVersion,
    sender: SenderChoice,
    origin: str,
    *,
    list_ids: list[int] | None = None,
    fanned_out: bool = False,
    priority: int | None = None,
    goes_on_by_itself: bool = True,
) -> Dispatch:
    return Dispatch.objects.create(
        account=account,
        channel=channel,
        content=content,
        origin=origin,
        priority=_PRIORITY[channel] if priority is None else priority,
        from_name=sender.from_name,
        from_local=sender.from_local,
        sender_domain=sender.sender_domain,
        from_address=sender.from_address,
        reply_to=sender.reply_to,
        list_ids=list_ids or [],
        fanned_out=fanned_out,
        goes_on_by_itself=goes_on_by_itself,
    )


@transaction.atomic
def pause(dispatch: Dispatch, reason: str) -> Dispatch:
    """Pausing until every engine has handed back what it holds, then Paused."""
    _turn(dispatch, {Dispatch.State.RUNNING}, Dispatch.State.PAUSING, "paused", reason)
    ledger.close_pause(dispatch.pk)
    dispatch.refresh_from_db()
    return dispatch


@transaction.atomic
def resume(dispatch: Dispatch) -> Dispatch:
    """Running again, from where it stopped."""
    stopped = {Dispatch.State.PAUSED, Dispatch.State.PAUSING, Dispatch.State.HELD}
    _turn(dispatch, stopped, Dispatch.State.RUNNING, "resumed", "")
    ledger.close_if_done(dispatch.pk)
    return dispatch


@transaction.atomic
def cancel(dispatch: Dispatch, reason: str) -> Dispatch:
    """Nothing more is claimed from now on; housekeeping marks what waits as skipped."""
    ended = {Dispatch.State.CANCELLED, Dispatch.State.DONE}
    alive = set(Dispatch.State) - ended
    _turn(dispatch, alive, Dispatch.State.CANCELLED, "cancelled", reason)
    return dispatch


@transaction.atomic
def pause_for_trouble(dispatch: Dispatch, reason: str) -> None:
    """The engine's own pause: identity or routing no longer allow to go on. Says why."""
    stop_for_trouble(dispatch.pk, reason)


@transaction.atomic
def stop_for_trouble(dispatch_id: int, reason: str) -> None:
    """The same for a dispatch that the engine knows by its number."""
    changed = Dispatch.objects.filter(pk=dispatch_id, state__in=SENDABLE).update(
        state=Dispatch.State.PAUSING, reason=reason[:500]
    )
    if changed:
        ledger.close_pause(dispatch_id)


@transaction.atomic
def hold_at_limit(dispatch: Dispatch, reached: LimitReached) -> None:
    """Nobody new is sent to until there is room; who was tried before is still tried again."""
    reason = reached.sentence(by_itself=dispatch.goes_on_by_itself)
    held = Dispatch.objects.filter(pk=dispatch.pk, state=Dispatch.State.RUNNING).update(
        state=Dispatch.State.HELD, reason=reason[:500]
    )
    if held:
        audit.announce("dispatch.held", dispatch.account, dispatch=dispatch.pk, reason=reason)


def _turn(
    dispatch: Dispatch, allowed: set[Dispatch.State], state: Dispatch.State, verb: str, reason: str
) -> None:
    changed = Dispatch.objects.filter(pk=dispatch.pk, state__in=allowed).update(
        state=state, reason=reason[:500]
    )
    dispatch.refresh_from_db()
    if not changed:
        raise DispatchRefused(verb, dispatch.get_state_display())
    audit.announce(f"dispatch.{state.value}", dispatch.account, dispatch=dispatch.pk, reason=reason)
