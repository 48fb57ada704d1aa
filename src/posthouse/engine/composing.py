"""Makes a claim's messages: compiled once per content and identity, rendered by the slice."""

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime

from django.conf import settings

from posthouse.content.models import ContentVersion
from posthouse.core import tokens
from posthouse.core.composition.compile import CompiledMessage, compile_message
from posthouse.core.composition.content import (
    CompositionRefused,
    Content,
    NotRendered,
    Recipient,
    Rendered,
)
from posthouse.core.composition.frame import Frame, framed
from posthouse.core.composition.render import render_batch
from posthouse.core.delivery.replies import Stage
from posthouse.core.delivery.states import Result
from posthouse.core.identity import Identity
from posthouse.core.smtp.messages import Outcome, Outgoing
from posthouse.core.tokens import Purpose
from posthouse.deliveries.outbox import Claim, Parcel
from posthouse.engine.signing import Signer, sign
from posthouse.engine.store import Store

_COMPILED_AT_MOST = 64  # content versions kept compiled; some hundred KB each

log = logging.getLogger(__name__)


class Composer:
    """Turns parcels into messages ready for the wire."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._key = hashlib.sha256(settings.TOKEN_KEY.encode()).digest()
        self._signer = Signer(store)
        self._compiled: OrderedDict[tuple[int, Identity, Frame], CompiledMessage] = OrderedDict()

    async def compose(
        self, claim: Claim, parcels: Sequence[Parcel]
    ) -> tuple[list[Outgoing], list[Outcome]]:
        """The messages of a slice, and the outcomes of those that could not be made.

        Raises CannotSign where the installation, not the content, is to blame.
        """
        if not parcels:
            return [], []
        keys = await self._signer.keys_of(claim.route) if claim.route.signs_here else ()
        try:
            compiled = await self._compile(claim)
        except CompositionRefused as refused:
            return [], [_not_made(parcel.id, str(refused)) for parcel in parcels]
        ids = [parcel.id for parcel in parcels]
        names = tokens.seal(self._key, Purpose.MESSAGE_ID, ids)
        people = [
            Recipient(parcel.address, parcel.fields, tokens.to_local_part(name))
            for parcel, name in zip(parcels, names, strict=True)
        ]
        rendered = _render(compiled, people)
        if keys:
            rendered = await asyncio.get_running_loop().run_in_executor(None, sign, rendered, keys)
        return self._enveloped(claim, parcels, rendered)

    async def _compile(self, claim: Claim) -> CompiledMessage:
        route = claim.route
        key = (claim.content_id, route.identity, route.frame)
        if key not in self._compiled:
            content = await self._store.ask(_load, claim.content_id)
            whole = framed(content, route.frame)
            self._compiled[key] = compile_message(
                whole, route.sender, extra_headers=route.frame.header_lines
            )
            if len(self._compiled) > _COMPILED_AT_MOST:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(key)
        return self._compiled[key]

    def _enveloped(
        self, claim: Claim, parcels: Sequence[Parcel], rendered: Sequence[Rendered | NotRendered]
    ) -> tuple[list[Outgoing], list[Outcome]]:
        identity, messages, refused = claim.route.identity, [], []
        verp = tokens.seal(self._key, Purpose.VERP, [parcel.id for parcel in parcels])
        for parcel, token, result in zip(parcels, verp, rendered, strict=True):
            if isinstance(result, NotRendered):
                refused.append(_not_made(parcel.id, result.sentence))
                continue
            path = identity.mfrom
            if not identity.mfrom_is_address:
                path = f"{tokens.to_local_part(token)}@{identity.mfrom}"
            messages.append(Outgoing(parcel.id, path, parcel.address, result.content))
        return messages, refused


def _render(compiled: CompiledMessage, people: Sequence[Recipient]) -> list[Rendered | NotRendered]:
    """All at once; where one of them breaks what was thought unbreakable, each on its own."""
    now = datetime.now(UTC)
    try:
        return render_batch(compiled, people, date=now)
    except Exception as error:
        if len(people) == 1:
            log.exception("a message could not be rendered")
            sentence = f"Posthouse met an error that it did not expect: {error}"
            return [NotRendered("unexpected", sentence)]
        return [made for person in people for made in _render(compiled, [person])]


def _load(content_id: int) -> Content:
    version = ContentVersion.objects.get(pk=content_id)
    return Content(
        subject=version.subject,
        html=version.html or None,
        text=version.text or None,
        preheader=version.preheader,
    )


def _not_made(delivery_id: int, why: str) -> Outcome:
    return Outcome(delivery_id, Result.FAILED, Stage.DATA, 0, "", f"No message was made: {why}")
