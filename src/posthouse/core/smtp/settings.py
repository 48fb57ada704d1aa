"""What has to be known to talk to one delivery server."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

_COMMAND_WORD = re.compile(r"[!-~]{1,255}").fullmatch


class Encryption(StrEnum):
    NONE = "none"
    SSL = "ssl"  # TLS from the first byte (RFC 8314), usually port 465
    STARTTLS = "starttls"  # required: without it nothing is sent


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """One SMTP relay; times in seconds, 0 = no limit where it says so."""

    host: str
    port: int = 25
    encryption: Encryption = Encryption.STARTTLS
    verify_certificate: bool = True
    extra_authorities: str = ""  # PEM text of certificate authorities trusted besides the system's
    username: str = ""  # "" = do not sign in
    password: str = field(default="", repr=False)
    auth_in_clear: bool = False  # send the password without encryption
    source_ip: str = ""  # "" = the system chooses
    helo_name: str = "localhost"
    timeout: float = 10.0  # TCP, TLS handshake and greeting, each
    command_timeout: float = 300.0  # RFC 5321 4.5.3.2: MAIL and RCPT five minutes
    final_timeout: float = 600.0  # RFC 5321 4.5.3.2.6: ten minutes for the final reply
    idle_timeout: float = 5.0  # how long a connection with nothing to send is kept
    max_connections: int = 10
    messages_per_connection: int = 0  # 0 = no limit
    pipeline_depth: int = 4  # transactions in flight with CHUNKING

    def __post_init__(self) -> None:
        if not _COMMAND_WORD(self.helo_name):
            raise ValueError(f"{self.helo_name!r} cannot be the name in EHLO")
        if "\0" in self.username or "\0" in self.password:
            raise ValueError("a user name or password cannot hold a NUL character")
