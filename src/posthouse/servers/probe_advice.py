"""What to do when a step of a connection test failed."""

from fnmatch import fnmatchcase

from posthouse.core.smtp.breakdown import Breakdown
from posthouse.core.smtp.settings import ServerSettings

_NAME = "Check the spelling of the host, and that the resolver of this machine knows it."
_REACH = (
    "Check host and port ({port}). A firewall must let this machine reach them; many providers "
    "only let addresses in that they have on a list. If the server is far away, raise the "
    "time-out (now {timeout:g} seconds)."
)
_SILENT = (
    "If the server wants encryption from the first byte on port {port}, choose SSL. Otherwise "
    "raise the time-out (now {timeout:g} seconds): some servers let strangers wait."
)
_AGAIN = (
    "Try again; if it stays so, ask whoever runs the server whether it accepts this machine's "
    "address, or raise the time-out (now {timeout:g} seconds)."
)
_NO_STARTTLS = (
    "Port 587 usually offers STARTTLS and port 465 wants SSL from the first byte: choose the "
    "encryption that the server's documentation names for port {port}."
)
_CERTIFICATE = (
    "The certificate must be valid today, made for {host}, and come from an authority that this "
    "machine trusts; a private authority's certificate can be added to the server's settings. "
    "If it is no matter of certificates: port 587 usually wants STARTTLS, port 465 SSL."
)
_NOT_NOW = "Ask whoever runs the server why it refuses encryption just now."
_NO_AUTH = (
    "A password is sent only over an encrypted connection, by AUTH PLAIN or LOGIN. Choose "
    "STARTTLS or SSL, or switch authentication off if the server knows this machine."
)
_CREDENTIALS = (
    "Check user name and password. Many providers want a key made for SMTP in place of the "
    "password of the account."
)
_NO_SMTP = (
    "Something else than an SMTP server answers on port {port}. If it wants encryption from the "
    "first byte, choose SSL."
)
_UNWELCOME = (
    "The server does not want to talk to this machine: have its address put on the provider's "
    "list, and look whether it is on a block list."
)
_HOST_NAME = (
    "Give this installation a host name that the server accepts (it must resolve to this "
    "machine's address)."
)

_RETURN_PATH = (
    "The server takes no mail with this return path: tell whoever runs it that you send from this "
    "domain, or choose another Mail From domain."
)
_RECIPIENT = (
    "Try another recipient. If the server refuses all of them, it does not relay for this "
    "machine: sign in, or have its address put on the list of those who may."
)
_CONTENT = (
    "The server refuses the message itself: look at what it says, and whether it wants a From "
    "address of a domain that you have proven to be yours."
)

# First match wins: step, cause, advice.
_TABLE = (
    ("resolve", "*", _NAME),
    ("connect", "*", _REACH),
    ("greeting", "unreachable", _SILENT),
    ("greeting", "lost", _SILENT),
    ("*", "lost", _AGAIN),
    ("*", "unreachable", _AGAIN),
    ("TLS", "missing", _NO_STARTTLS),
    ("TLS", "tls", _CERTIFICATE),
    ("TLS", "*", _NOT_NOW),
    ("AUTH", "missing", _NO_AUTH),
    ("AUTH", "*", _CREDENTIALS),
    ("greeting", "unreadable", _NO_SMTP),
    ("greeting", "*", _UNWELCOME),
    ("EHLO", "*", _HOST_NAME),
    ("MAIL", "*", _RETURN_PATH),
    ("RCPT", "*", _RECIPIENT),
    ("message", "*", _CONTENT),
    ("*", "*", "Ask whoever runs the server, and show the conversation."),
)


def advice(step: str, breakdown: Breakdown, settings: ServerSettings) -> str:
    """One or two sentences on what to change."""
    text = next(
        words
        for row_step, row_cause, words in _TABLE
        if fnmatchcase(step, row_step) and fnmatchcase(breakdown.cause, row_cause)
    )
    return text.format(host=settings.host, port=settings.port, timeout=settings.timeout)
