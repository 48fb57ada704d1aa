"""From the greeting to the first transaction: EHLO, STARTTLS and AUTH as a table of steps."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import ClassVar

from posthouse.core.delivery.replies import Stage
from posthouse.core.smtp.breakdown import Breakdown, BrokenOff, Cause, answered
from posthouse.core.smtp.extensions import NO_EXTENSIONS, parse_ehlo
from posthouse.core.smtp.settings import Encryption, ServerSettings


class Phase(StrEnum):
    GREETING = "greeting"
    EHLO = "ehlo"
    HELO = "helo"
    STARTTLS = "starttls"
    UPGRADING = "upgrading"  # the owner makes the TLS handshake, then calls secured()
    LOGIN_NAME = "login name"
    LOGIN_PASSWORD = "login password"  # noqa: S105 - the name of a step
    AUTH = "auth"
    READY = "ready"
    LEAVING = "leaving"  # QUIT is out
    ENDED = "ended"


class Handshake:
    """Answers each reply with the next command until the phase is READY or UPGRADING."""

    def __init__(self, settings: ServerSettings, *, encrypted: bool) -> None:
        self.settings = settings
        self.encrypted = encrypted
        self.phase = Phase.GREETING
        self.extensions = NO_EXTENSIONS

    def reply(self, code: int, raw: bytes) -> bytes:
        """Command to send next; raises `BrokenOff`."""
        return self._STEPS[self.phase](self, code, raw)

    def secured(self) -> bytes:
        """TLS is up: what was learnt in clear is forgotten (RFC 3207 4.2)."""
        self.encrypted = True
        self.extensions = NO_EXTENSIONS
        return self._say(Phase.EHLO, "EHLO", self.settings.helo_name)

    def _say(self, phase: Phase, *words: str) -> bytes:
        self.phase = phase
        return f"{' '.join(words)}\r\n".encode("ascii")

    def _after_hello(self) -> bytes:
        settings = self.settings
        if settings.encryption is Encryption.STARTTLS and not self.encrypted:
            if "STARTTLS" not in self.extensions.names:
                raise _missing(Stage.TLS, "The server does not offer STARTTLS")
            return self._say(Phase.STARTTLS, "STARTTLS")
        if settings.username:
            return self._sign_in()
        self.phase = Phase.READY
        return b""

    def _sign_in(self) -> bytes:
        settings = self.settings
        if not (self.encrypted or settings.auth_in_clear):
            raise _missing(Stage.AUTH, "The password is not sent over an unencrypted connection")
        if "PLAIN" in self.extensions.mechanisms:
            return self._say(Phase.AUTH, "AUTH PLAIN", _plain(settings))
        if "LOGIN" in self.extensions.mechanisms:
            return self._say(Phase.LOGIN_NAME, "AUTH LOGIN")
        raise _missing(Stage.AUTH, "The server offers neither AUTH PLAIN nor AUTH LOGIN")

    def _greeting(self, code: int, raw: bytes) -> bytes:
        if code != 220:
            raise _refused(Stage.CONNECT, "The server greeted with a refusal", code, raw)
        return self._say(Phase.EHLO, "EHLO", self.settings.helo_name)

    def _ehlo(self, code: int, raw: bytes) -> bytes:
        if code == 250:
            self.extensions = parse_ehlo(raw)
            return self._after_hello()
        if 500 <= code < 600:  # RFC 5321 3.2: a server that does not know EHLO
            return self._say(Phase.HELO, "HELO", self.settings.helo_name)
        raise _refused(Stage.HELLO, "The server refused EHLO", code, raw)

    def _helo(self, code: int, raw: bytes) -> bytes:
        if code != 250:
            raise _refused(Stage.HELLO, "The server refused both EHLO and HELO", code, raw)
        return self._after_hello()

    def _starttls(self, code: int, raw: bytes) -> bytes:
        if code != 220:
            raise _refused(Stage.TLS, "The server refused STARTTLS", code, raw)
        self.phase = Phase.UPGRADING
        return b""

    def _login_name(self, code: int, raw: bytes) -> bytes:
        if code != 334:
            raise _refused(Stage.AUTH, "The server refused to sign us in", code, raw)
        return self._say(Phase.LOGIN_PASSWORD, _base64(self.settings.username))

    def _login_password(self, code: int, raw: bytes) -> bytes:
        if code != 334:
            raise _refused(Stage.AUTH, "The server refused the user name", code, raw)
        return self._say(Phase.AUTH, _base64(self.settings.password))

    def _auth(self, code: int, raw: bytes) -> bytes:
        if code != 235:
            raise _refused(Stage.AUTH, "The server refused the user name or password", code, raw)
        self.phase = Phase.READY
        return b""

    _STEPS: ClassVar[Mapping[Phase, Callable[["Handshake", int, bytes], bytes]]] = {
        Phase.GREETING: _greeting,
        Phase.EHLO: _ehlo,
        Phase.HELO: _helo,
        Phase.STARTTLS: _starttls,
        Phase.LOGIN_NAME: _login_name,
        Phase.LOGIN_PASSWORD: _login_password,
        Phase.AUTH: _auth,
    }


STAGE_OF_PHASE: Mapping[Phase, Stage] = {
    Phase.GREETING: Stage.CONNECT,
    Phase.EHLO: Stage.HELLO,
    Phase.HELO: Stage.HELLO,
    Phase.STARTTLS: Stage.TLS,
    Phase.UPGRADING: Stage.TLS,
    Phase.LOGIN_NAME: Stage.AUTH,
    Phase.LOGIN_PASSWORD: Stage.AUTH,
    Phase.AUTH: Stage.AUTH,
    Phase.LEAVING: Stage.QUIT,
}


def _refused(stage: Stage, words: str, code: int, raw: bytes) -> BrokenOff:
    return BrokenOff(answered(stage, words, code, raw))


def _missing(stage: Stage, words: str) -> BrokenOff:
    return BrokenOff(Breakdown(Cause.MISSING, stage, f"{words}."))


def _plain(settings: ServerSettings) -> str:
    return _base64(f"\0{settings.username}\0{settings.password}")  # RFC 4616 2


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode("ascii")
