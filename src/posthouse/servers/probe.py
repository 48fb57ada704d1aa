"""The connection test of a delivery server: from its name to QUIT, one step after the other."""

import socket
import ssl
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import cast

from cryptography import x509

from posthouse.core.delivery.replies import Stage
from posthouse.core.smtp.breakdown import Breakdown, BrokenOff, Cause, answered
from posthouse.core.smtp.dialogue import Dialogue
from posthouse.core.smtp.handshake import Phase
from posthouse.core.smtp.messages import Outgoing, mail_command, objection, rcpt_command, stuffed
from posthouse.core.smtp.replies import RawReply, ReplyReader, explain, readable
from posthouse.core.smtp.settings import Encryption, ServerSettings
from posthouse.servers.breakdowns import breakdown_of
from posthouse.servers.probe_advice import advice
from posthouse.servers.tls import client_context
from posthouse.servers.trial import Trial

_MOST_LINES = 200  # of the conversation; a test needs twenty
_SHAKING = {Phase.EHLO, Phase.HELO, Phase.STARTTLS}
_SIGNING_IN = {Phase.LOGIN_NAME, Phase.LOGIN_PASSWORD, Phase.AUTH}


@dataclass(frozen=True, slots=True)
class ProbeStep:
    """`words` say what was seen, or what failed and why; `advice` only after a failure."""

    name: str
    ok: bool
    words: str
    milliseconds: int
    advice: str = ""


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """The steps up to the first that failed, and what was said, without the password."""

    steps: tuple[ProbeStep, ...]
    conversation: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return all(step.ok for step in self.steps)


def probe(settings: ServerSettings, trial: Trial | None = None) -> ProbeReport:
    """Connects, encrypts, signs in and says goodbye. Blocks; never raises.

    With a trial it asks whether the server would take mail, and sends it only where it is whole.
    """
    visit = _Visit(settings, trial)
    steps: list[ProbeStep] = []
    for name, act in visit.plan():
        began = time.monotonic()
        visit.deadline = began + settings.timeout
        try:
            words, todo, ok = act(), "", True
        except BrokenOff as broken:
            breakdown = broken.breakdown
            words, todo, ok = breakdown.words, advice(name, breakdown, settings), False
        taken = round((time.monotonic() - began) * 1000)
        steps.append(ProbeStep(name, ok, words, taken, todo))
        if not ok:
            break
    visit.leave()
    return ProbeReport(tuple(steps), tuple(visit.lines))


class _Visit:
    """One blocking connection around the dialogue; each step returns words or raises BrokenOff."""

    def __init__(self, settings: ServerSettings, trial: Trial | None) -> None:
        self.deadline = 0.0
        self._trial = trial
        self.lines: list[str] = []
        self._settings = settings
        self._dialogue = Dialogue(settings, encrypted=settings.encryption is Encryption.SSL)
        self._addresses: list[str] = []
        self._socket: socket.socket | None = None

    def plan(self) -> Iterator[tuple[str, Callable[[], str]]]:
        encryption = self._settings.encryption
        yield "resolve", self._resolve
        yield "connect", self._connect
        if encryption is Encryption.SSL:
            yield "TLS", self._encrypt
        yield "greeting", self._greeting
        if encryption is Encryption.STARTTLS:
            yield "TLS", self._starttls
        yield "EHLO", self._ehlo
        if self._settings.username:
            yield "AUTH", self._auth
        if self._trial is not None:
            yield "MAIL", self._mail
            yield "RCPT", self._rcpt
            yield ("message", self._message) if self._trial.whole else ("RSET", self._reset)
        yield "QUIT", self._quit

    def leave(self) -> None:
        if self._socket is not None:
            self._socket.close()

    # ------------------------------------------------------------------------------- steps

    def _resolve(self) -> str:
        host, port = self._settings.host, self._settings.port
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, ValueError) as error:
            raise self._broken(error, Stage.CONNECT) from error
        self._addresses = list(dict.fromkeys(str(address[4][0]) for address in found))
        with suppress(ValueError):
            return f"{ip_address(host)} is an address."
        return f"{host} is {', '.join(self._addresses)}."

    def _connect(self) -> str:
        settings = self._settings
        source = (settings.source_ip, 0) if settings.source_ip else None
        error: Exception | None = None
        for address in self._addresses:
            try:
                self._socket = socket.create_connection(
                    (address, settings.port), self._time_left(), source
                )
            except OSError as failed:
                error = failed
                continue
            own = self._socket.getsockname()[0]
            return f"Connected to {address}, port {settings.port}, from {own}."
        raise self._broken(cast(Exception, error), Stage.CONNECT)

    def _encrypt(self) -> str:
        plain = self._connected()
        try:
            context = client_context(self._settings)
            plain.settimeout(self._time_left())
            self._socket = context.wrap_socket(plain, server_hostname=self._settings.host)
        except (OSError, ValueError) as error:
            raise self._broken(error, Stage.TLS) from error
        return self._certificate(self._socket)

    def _greeting(self) -> str:
        self._talk_while({Phase.GREETING}, {Stage.CONNECT})
        return f"The server says: {self.lines[0].removeprefix('S: ')}"  # EHLO went out already

    def _starttls(self) -> str:
        self._talk_while(_SHAKING, {Stage.HELLO, Stage.TLS})
        words = self._encrypt()
        self._dialogue.secured()
        return words

    def _ehlo(self) -> str:
        self._talk_while(_SHAKING, {Stage.HELLO, Stage.TLS})
        offered = [line for line in self._dialogue.extensions.lines if line]
        return f"It offers {', '.join(offered)}." if offered else "It offers no extensions."

    def _auth(self) -> str:
        self._talk_while(_SIGNING_IN, {Stage.AUTH})
        return f"Signed in as {self._settings.username}."

    def _mail(self) -> str:
        mail = self._offered()
        if refusal := objection(mail, self._dialogue.extensions):
            raise BrokenOff(Breakdown(Cause.REFUSED, refusal.stage, refusal.text))
        said = self._command(mail_command(mail, self._dialogue.extensions), Stage.MAIL)
        return f"The return path {mail.mail_from} is taken: {said}"

    def _rcpt(self) -> str:
        mail = self._offered()
        said = self._command(rcpt_command(mail), Stage.RCPT)
        return f"The recipient {mail.recipient} is taken: {said}"

    def _reset(self) -> str:
        self._command(b"RSET\r\n", Stage.RESET)
        return "Taken back before any content: no mail was sent."

    def _message(self) -> str:
        self._command(b"DATA\r\n", Stage.DATA, wanted=354)
        content = stuffed(self._offered().content)
        self._note("C", f"(the message, {len(content)} octets)")
        self._connected().sendall(content)
        said = self._command(b".\r\n", Stage.END)
        return f"The message is taken: {said}"

    def _quit(self) -> str:
        self._dialogue.quit()
        with suppress(BrokenOff):  # everything worked; how it says goodbye does not matter
            self._talk_while({Phase.READY, Phase.LEAVING}, set())
        return "Said goodbye."

    # ----------------------------------------------------------------------------- talking

    def _talk_while(self, phases: Collection[Phase], stages: Collection[Stage]) -> None:
        """Sends and receives until the dialogue leaves `phases`.

        Raises when it broke down at one of `stages`; a later one is for the step that is to come.
        """
        dialogue, server = self._dialogue, self._connected()
        try:
            while True:
                self._say(server)
                if dialogue.phase not in phases:
                    break
                server.settimeout(self._time_left())
                self._hear(server.recv(65536))
        except OSError as error:
            raise self._broken(error, dialogue.awaiting or Stage.CONNECT) from error
        breakdown = dialogue.breakdown
        if breakdown is not None and (breakdown.stage in stages or breakdown.cause is Cause.LOST):
            raise BrokenOff(breakdown)

    def _command(self, line: bytes, stage: Stage, wanted: int = 250) -> str:
        """One command that the dialogue has no part in; the server's words."""
        server = self._connected()
        self._note("C", readable(line))
        try:
            server.settimeout(self._time_left())
            server.sendall(line)
            code, raw = self._reply(server, stage)
        except OSError as error:
            raise self._broken(error, stage) from error
        if code // 10 != wanted // 10:
            raise BrokenOff(answered(stage, f"The server refuses {stage.upper()}", code, raw))
        return " ".join(filter(None, (str(code), *explain(raw))))

    def _reply(self, server: socket.socket, stage: Stage) -> RawReply:
        reader = ReplyReader()
        while True:
            server.settimeout(self._time_left())
            data = server.recv(65536)
            if not data:
                words = "The server ended the connection without an answer."
                raise BrokenOff(Breakdown(Cause.LOST, stage, words))
            for line in data.splitlines():
                self._note("S", readable(line))
            if replies := reader.feed(data):
                return replies[0]
            if reader.broken:
                raise BrokenOff(Breakdown(Cause.UNREADABLE, stage, reader.broken))

    def _offered(self) -> Outgoing:
        assert self._trial is not None
        return self._trial.mail

    def _say(self, server: socket.socket) -> None:
        secret = self._dialogue.phase in {Phase.AUTH, Phase.LOGIN_PASSWORD}
        data = self._dialogue.take_output()[1]
        if not data:
            return
        if secret:
            shown = "AUTH PLAIN ***" if data.startswith(b"AUTH") else "***"
        else:
            shown = readable(data)
        self._note("C", shown)
        server.sendall(data)

    def _hear(self, data: bytes) -> None:
        if not data:
            stage = self._dialogue.awaiting or Stage.CONNECT
            words = "The server ended the connection without an answer."
            self._dialogue.lost(Breakdown(Cause.LOST, stage, words))
            return
        for line in data.splitlines():
            self._note("S", readable(line))
        self._dialogue.receive(data)

    def _note(self, who: str, words: str) -> None:
        if len(self.lines) < _MOST_LINES:
            self.lines.append(f"{who}: {words}")

    def _certificate(self, encrypted: ssl.SSLSocket) -> str:
        der = cast(bytes, encrypted.getpeercert(binary_form=True))
        words = f"{encrypted.version()}, certificate {_described(der)}"
        return f"{words}." if self._settings.verify_certificate else f"{words}, not checked."

    def _connected(self) -> socket.socket:
        assert self._socket is not None
        return self._socket

    def _time_left(self) -> float:
        return max(0.01, self.deadline - time.monotonic())

    def _broken(self, error: Exception, stage: Stage) -> BrokenOff:
        return BrokenOff(breakdown_of(error, stage, self._settings))


def _described(der: bytes) -> str:
    try:
        certificate = x509.load_der_x509_certificate(der)
        until = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return f"without names, valid until {until}"
    except ValueError:
        return "that cannot be read"
    listed = [str(name.value) for name in names]
    more = " and more" if len(listed) > 5 else ""
    issuer = readable(certificate.issuer.rfc4514_string().encode())[:100]
    return f"for {', '.join(listed[:5])}{more}, valid until {until}, issued by {issuer}"
