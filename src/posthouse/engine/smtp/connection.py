"""One connection to a delivery server: sockets, TLS and time around the dialogue."""

import asyncio
import ssl
from collections.abc import Sequence
from typing import Protocol, cast

from posthouse.core.delivery.replies import Stage
from posthouse.core.delivery.states import Result
from posthouse.core.smtp.breakdown import Breakdown, Cause
from posthouse.core.smtp.dialogue import Dialogue
from posthouse.core.smtp.handshake import Phase
from posthouse.core.smtp.messages import Outcome, Outgoing
from posthouse.core.smtp.settings import Encryption, ServerSettings
from posthouse.servers.breakdowns import breakdown_of

_GOODBYE_SECONDS = 5.0  # for the reply to QUIT, and for the server to close after a 421


class Owner(Protocol):
    """What a connection asks of its pool. Called from the event loop, never re-entered."""

    def pull(self) -> Outgoing | None: ...
    def is_closing(self, connection: "Connection") -> bool: ...
    def announce(self, tokens: Sequence[int]) -> None: ...
    def take_outcomes(self, outcomes: Sequence[Outcome]) -> None: ...
    def ready(self, connection: "Connection") -> None: ...
    def ended(self, connection: "Connection", outcomes: Sequence[Outcome]) -> None: ...


class Connection(asyncio.Protocol):
    """Pulls a message whenever the dialogue has room: no task and no future per message."""

    def __init__(
        self, settings: ServerSettings, owner: Owner, context: ssl.SSLContext | None
    ) -> None:
        self._settings = settings
        self._owner = owner
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._upgrading: asyncio.Task[None] | None = None
        self._choked = False  # the transport holds enough unsent bytes
        self._over = False
        self._since = self._loop.time()  # when something was last heard, or a wait began
        self.dialogue = Dialogue(settings, encrypted=settings.encryption is Encryption.SSL)
        self.was_ready = False
        self.accepted = False  # the server took at least one message
        self.bytes_in = self.bytes_out = 0

    async def open(self) -> None:
        """Connects; from then on everything happens in callbacks. Never raises."""
        settings = self._settings
        implicit = settings.encryption is Encryption.SSL
        try:
            async with asyncio.timeout(settings.timeout * (2 if implicit else 1)):
                await self._loop.create_connection(
                    lambda: self,
                    settings.host,
                    settings.port,
                    local_addr=(settings.source_ip, 0) if settings.source_ip else None,
                    ssl=self._context if implicit else None,
                    server_hostname=settings.host if implicit else None,
                    ssl_handshake_timeout=settings.timeout if implicit else None,
                )
        except (OSError, ValueError) as error:  # ValueError: a host that is no name at all
            shaking = implicit and isinstance(error, ConnectionResetError)
            self.end(breakdown_of(error, Stage.TLS if shaking else Stage.CONNECT, settings))

    # ------------------------------------------------------------------ callbacks of asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._since = self._loop.time()
        if self._over:  # given up while it was being made
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._since = self._loop.time()
        self.bytes_in += len(data)
        outcomes = self.dialogue.receive(data)
        if self.dialogue.phase is Phase.ENDED:
            self._close(outcomes)
            return
        if self.dialogue.breakdown is not None and self.dialogue.idle:
            self._close(outcomes)  # after 421, with everything answered
            return
        if outcomes:
            self._take(outcomes)
        if self.dialogue.phase is Phase.READY and not self.was_ready:
            self.was_ready = True
            self._owner.ready(self)
        self.pump()
        if self.dialogue.phase is Phase.UPGRADING and self._upgrading is None:
            self._upgrading = self._loop.create_task(self._upgrade())

    def pause_writing(self) -> None:
        self._choked = True

    def resume_writing(self) -> None:
        self._choked = False
        self.pump()

    def connection_lost(self, exc: Exception | None) -> None:
        stage = self.dialogue.awaiting or Stage.CONNECT
        words = f"The server ended the connection ({exc or 'without a word'})."
        self.end(Breakdown(Cause.LOST, stage, words))

    # ------------------------------------------------------------------------------- sending

    def pump(self) -> None:
        """Pulls what the dialogue has room for, and writes what it gives."""
        dialogue = self.dialogue
        if self._over or self._transport is None or dialogue.phase is Phase.UPGRADING:
            return
        refused = self._fill() if dialogue.room and not self._choked else []
        if dialogue.spent or self._owner.is_closing(self):
            dialogue.quit()
        starting, data = dialogue.take_output()
        if starting and not self._announce(starting):
            return
        if data:
            self._since = self._loop.time()
            self.bytes_out += len(data)
            self._transport.write(data)
        if refused:
            self._owner.take_outcomes(refused)

    def _fill(self) -> list[Outcome]:
        refused = []
        room = self.dialogue.room
        while room > 0 and (message := self._owner.pull()) is not None:
            refusal = self.dialogue.admit(message)
            if refusal is None:
                room -= 1
            else:
                refused.append(refusal)
        return refused

    def _announce(self, starting: Sequence[int]) -> bool:
        """Tells the journal before the last bytes leave; without a journal nothing leaves."""
        try:
            self._owner.announce(starting)
        except Exception as error:  # noqa: BLE001 - whatever it is, these bytes must not go out
            self.dialogue.withheld(starting)
            words = f"Sending stopped, the start of messages could not be recorded: {error}"
            self.end(Breakdown(Cause.OURSELVES, Stage.END, words))
            return False
        return True

    def _take(self, outcomes: Sequence[Outcome]) -> None:
        self._note_acceptance(outcomes)
        self._owner.take_outcomes(outcomes)

    def _note_acceptance(self, outcomes: Sequence[Outcome]) -> None:
        if not self.accepted:
            self.accepted = any(o.result is Result.ACCEPTED for o in outcomes)

    async def _upgrade(self) -> None:
        settings = self._settings
        assert self._transport is not None
        try:
            async with asyncio.timeout(settings.timeout):
                transport = await self._loop.start_tls(
                    self._transport,
                    self,
                    cast(ssl.SSLContext, self._context),
                    server_hostname=settings.host,
                    ssl_handshake_timeout=settings.timeout,
                )
        except OSError as error:
            self.end(breakdown_of(error, Stage.TLS, settings))
            return
        if transport is None or self._over:  # closed while shaking hands
            self.end(breakdown_of(ConnectionResetError(), Stage.TLS, settings))
            return
        self._transport = transport
        self._since = self._loop.time()
        self.dialogue.secured()
        self.pump()

    # ---------------------------------------------------------------------------- time and end

    def tick(self, now: float) -> None:
        """Called now and then: ends what waits too long, says goodbye when nothing is to do."""
        dialogue, patience = self.dialogue, self._patience()
        if self._transport is None or now - self._since < patience:
            return
        if dialogue.breakdown is not None:
            self.end(dialogue.breakdown)
            return
        if dialogue.awaiting is None and dialogue.phase is Phase.READY:
            dialogue.quit()
            self.pump()
            return
        stage = dialogue.awaiting or Stage.CONNECT
        words = f"The server said nothing at {stage.upper()} for {patience:g} seconds."
        self.end(Breakdown(Cause.LOST, stage, words))

    def _patience(self) -> float:
        dialogue, settings = self.dialogue, self._settings
        if dialogue.breakdown is not None or dialogue.phase is Phase.LEAVING:
            return _GOODBYE_SECONDS
        if dialogue.phase in (Phase.GREETING, Phase.UPGRADING):
            return settings.timeout
        if dialogue.phase is Phase.READY and dialogue.awaiting is None:
            return settings.idle_timeout
        return settings.final_timeout if dialogue.owes_final else settings.command_timeout

    def end(self, breakdown: Breakdown) -> None:
        """Gives the connection up; unfinished messages go back to the owner."""
        if not self._over:
            self._close(self.dialogue.lost(breakdown))

    def _close(self, outcomes: Sequence[Outcome]) -> None:
        if self._over:
            return
        self._over = True
        self._note_acceptance(outcomes)
        if self._upgrading is not None:
            self._upgrading.cancel()
        if self._transport is not None:
            self._transport.abort()
        self._owner.ended(self, outcomes)
