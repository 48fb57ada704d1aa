"""What a server's reply means, by stage, code and enhanced code (RFC 5321, RFC 3463)."""

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache

from posthouse.core.delivery.states import Result


class Stage(StrEnum):
    """Where in the conversation a reply (or a failure) belongs."""

    CONNECT = "connect"  # look-up, TCP, greeting
    TLS = "tls"
    HELLO = "hello"  # EHLO or HELO
    AUTH = "auth"
    RESET = "reset"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    END = "end"  # the final dot, or BDAT LAST
    QUIT = "quit"


class Blame(StrEnum):
    """Who has to change something. Only RECIPIENT may lead to a suppression."""

    NOBODY = "nobody"
    RECIPIENT = "recipient"  # the address is no good
    MAILBOX = "mailbox"  # the address is good but cannot take mail now
    MESSAGE = "message"  # size or content
    SENDER = "sender"  # identity, reputation, policy
    SERVER = "server"  # our delivery server: credentials, capacity, configuration


class Effect(StrEnum):
    """What the reply means for the connection pool of the delivery server."""

    NONE = "none"
    TROUBLE = "trouble"  # several in a row without an acceptance pause the server
    PAUSE = "pause"  # pause the server at once


@dataclass(frozen=True, slots=True)
class Verdict:
    result: Result
    blame: Blame
    effect: Effect


_ACCEPTED = Verdict(Result.ACCEPTED, Blame.NOBODY, Effect.NONE)
_BAD_ADDRESS = Verdict(Result.FAILED, Blame.RECIPIENT, Effect.NONE)
_BAD_MAILBOX = Verdict(Result.FAILED, Blame.MAILBOX, Effect.NONE)
_BAD_MESSAGE = Verdict(Result.FAILED, Blame.MESSAGE, Effect.NONE)
_BAD_STANDING = Verdict(Result.FAILED, Blame.SENDER, Effect.NONE)
_POLICY = Verdict(Result.FAILED, Blame.SENDER, Effect.TROUBLE)
_LATER = Verdict(Result.DEFERRED, Blame.NOBODY, Effect.NONE)
_MAILBOX_LATER = Verdict(Result.DEFERRED, Blame.MAILBOX, Effect.NONE)
_STANDING_LATER = Verdict(Result.DEFERRED, Blame.SENDER, Effect.NONE)
_SERVER_LATER = Verdict(Result.DEFERRED, Blame.SERVER, Effect.TROUBLE)
_SERVER_NOW = Verdict(Result.DEFERRED, Blame.SERVER, Effect.PAUSE)
_SERVER_DOWN = Verdict(Result.UNTOUCHED, Blame.SERVER, Effect.PAUSE)

# First match wins. Patterns are shell patterns; an enhanced code that the server did not give is
# "". A message that got a reply of its own is deferred rather than untouched even where only the
# server is to blame: it then waits by its channel's schedule, so that one message which always
# provokes the same reply cannot keep a server paused for everybody.
_TABLE: tuple[tuple[str, str, str, Verdict], ...] = (
    # stage                code   enhanced  verdict
    ("connect", "*", "*", _SERVER_DOWN),
    ("tls", "*", "*", _SERVER_DOWN),
    ("hello", "*", "*", _SERVER_DOWN),
    ("auth", "*", "*", _SERVER_DOWN),
    ("end", "2??", "*", _ACCEPTED),
    ("*", "421", "*", _SERVER_LATER),  # the service is closing (RFC 5321 3.8)
    ("*", "53[0458]", "*", _SERVER_NOW),  # sign in first, stronger, or encrypted (RFC 4954 6)
    ("*", "50[0234]", "*", _SERVER_LATER),  # command unknown or out of sequence: not the mail
    ("mail", "552", "*", _BAD_MESSAGE),  # larger than the server takes (RFC 1870 6.1)
    ("mail", "5??", "5.3.4", _BAD_MESSAGE),
    ("mail", "5??", "5.6.*", _BAD_MESSAGE),
    ("mail", "5??", "5.7.*", _SERVER_LATER),  # we may not send through it
    # Any other objection is to one account's return path: that must not pause a shared server.
    ("mail", "5??", "*", _STANDING_LATER),
    ("mail", "4??", "*", _SERVER_LATER),
    ("rcpt", "5??", "5.1.[78]", _STANDING_LATER),  # bad sender, told at RCPT
    ("rcpt", "5??", "5.1.*", _BAD_ADDRESS),
    ("rcpt", "5??", "5.2.1", _BAD_ADDRESS),  # mailbox disabled
    ("rcpt", "5??", "5.2.*", _BAD_MAILBOX),
    ("rcpt", "5??", "5.3.4", _BAD_MESSAGE),
    ("rcpt", "5??", "5.[346].*", _BAD_MAILBOX),
    ("rcpt", "5??", "5.7.*", _POLICY),  # relaying denied, address blocked
    ("rcpt", "55[013]", "*", _BAD_ADDRESS),
    ("rcpt", "501", "*", _BAD_ADDRESS),
    ("rcpt", "552", "*", _BAD_MAILBOX),
    ("rcpt", "5??", "*", _POLICY),
    ("rcpt", "4??", "4.3.*", _SERVER_LATER),
    ("rcpt", "4??", "4.7.*", _STANDING_LATER),  # greylisting, rate
    ("rcpt", "4??", "*", _MAILBOX_LATER),
    ("data", "5??", "5.7.*", _POLICY),
    ("data", "5??", "*", Verdict(Result.FAILED, Blame.MESSAGE, Effect.TROUBLE)),
    ("data", "4??", "*", _SERVER_LATER),
    # From here on the server has judged content: one account's content must not pause a server.
    ("end", "5??", "5.1.[78]", _BAD_STANDING),
    ("end", "5??", "5.1.*", _BAD_ADDRESS),
    ("end", "5??", "5.2.1", _BAD_ADDRESS),
    ("end", "5??", "5.2.*", _BAD_MAILBOX),
    ("end", "5??", "5.7.*", _BAD_STANDING),
    ("end", "5??", "*", _BAD_MESSAGE),
    ("end", "452", "*", _SERVER_LATER),  # out of storage
    ("end", "4??", "4.3.*", _SERVER_LATER),
    ("end", "4??", "4.2.*", _MAILBOX_LATER),
    ("end", "4??", "4.7.*", _STANDING_LATER),
)


@lru_cache(maxsize=1024)  # bounded: enhanced codes come from strangers
def judge(stage: Stage, code: int, enhanced: str) -> Verdict:
    """Meaning of one final reply; `code` 0 and `enhanced` "" where the server gave none."""
    for row_stage, row_code, row_enhanced, verdict in _TABLE:
        if (
            fnmatchcase(stage, row_stage)
            and fnmatchcase(f"{code:03}", row_code)
            and fnmatchcase(enhanced, row_enhanced)
        ):
            return verdict
    return _LATER
