"""Greeting, EHLO, STARTTLS and AUTH: what is sent, what is refused, what is never sent."""

from base64 import b64encode
from dataclasses import replace

import pytest

from posthouse.core.delivery.replies import Stage
from posthouse.core.smtp.breakdown import Cause
from posthouse.core.smtp.dialogue import Dialogue
from posthouse.core.smtp.handshake import Phase
from posthouse.core.smtp.settings import Encryption, ServerSettings
from tests.core.smtp.driving import GONE, PLAIN

STARTTLS = replace(PLAIN, encryption=Encryption.STARTTLS)
SIGNED_IN = replace(PLAIN, username="josé", password="s3cret", auth_in_clear=True)
CREDENTIALS = b64encode("\0josé\0s3cret".encode())


def talk(dialogue: Dialogue, *heard: bytes) -> list[bytes]:
    """What the dialogue answers to each thing it hears."""
    said = []
    for data in heard:
        dialogue.receive(data)
        said.append(dialogue.take_output()[1])
    return said


def test_ehlo_is_said_under_the_configured_name() -> None:
    dialogue = Dialogue(replace(PLAIN, helo_name="mta.example.com"))
    said = talk(
        dialogue, b"220 hi\r\n", b"250-x\r\n250-PIPELINING\r\n250-SIZE 42\r\n250 CHUNKING\r\n"
    )
    assert said == [b"EHLO mta.example.com\r\n", b""]
    assert dialogue.phase is Phase.READY
    assert dialogue.extensions.names == {"PIPELINING", "SIZE", "CHUNKING"}
    assert dialogue.extensions.size == 42


def test_a_server_that_does_not_know_ehlo_gets_helo() -> None:
    dialogue = Dialogue(PLAIN)
    said = talk(dialogue, b"220 hi\r\n", b"502 what\r\n", b"250 hello\r\n")
    assert said == [b"EHLO localhost\r\n", b"HELO localhost\r\n", b""]
    assert dialogue.phase is Phase.READY
    assert dialogue.room == 1


def test_starttls_forgets_everything_said_in_clear() -> None:
    dialogue = Dialogue(STARTTLS)
    said = talk(
        dialogue,
        b"220 hi\r\n",
        b"250-x\r\n250-STARTTLS\r\n250-CHUNKING\r\n250 PIPELINING\r\n",
        b"220 go\r\n250-injected\r\n250-AUTH PLAIN\r\n250 PIPELINING\r\n250-half",
        b"235 more injected\r\n",
    )
    assert said == [b"EHLO localhost\r\n", b"STARTTLS\r\n", b"", b""]
    assert dialogue.phase.value == "upgrading"
    dialogue.secured()
    assert talk(dialogue, b"") == [b"EHLO localhost\r\n"]
    assert dialogue.extensions.names == frozenset()
    talk(dialogue, b"250 x\r\n")
    assert dialogue.phase.value == "ready"
    assert dialogue.extensions.names == frozenset()


@pytest.mark.parametrize(
    ("answers", "cause"),
    [
        ((b"220 hi\r\n", b"250-x\r\n250 PIPELINING\r\n"), Cause.MISSING),
        ((b"220 hi\r\n", b"502 no\r\n", b"250 hello\r\n"), Cause.MISSING),
        ((b"220 hi\r\n", b"250-x\r\n250 STARTTLS\r\n", b"454 4.7.0 not now\r\n"), Cause.REFUSED),
    ],
)
def test_without_starttls_nothing_is_said_in_clear(
    answers: tuple[bytes, ...], cause: Cause
) -> None:
    dialogue = Dialogue(replace(STARTTLS, username="u", password="p", auth_in_clear=True))
    said = b"".join(talk(dialogue, *answers))
    assert b"AUTH" not in said
    assert b"MAIL" not in said
    assert dialogue.phase is Phase.ENDED
    assert dialogue.breakdown is not None
    assert (dialogue.breakdown.stage, dialogue.breakdown.cause) == (Stage.TLS, cause)


def test_auth_plain_comes_with_its_first_response() -> None:
    dialogue = Dialogue(SIGNED_IN)
    said = talk(dialogue, b"220 hi\r\n", b"250-x\r\n250 AUTH LOGIN PLAIN\r\n", b"235 2.7.0 ok\r\n")
    assert said[1:] == [b"AUTH PLAIN " + CREDENTIALS + b"\r\n", b""]
    assert dialogue.phase is Phase.READY


def test_auth_login_is_used_where_plain_is_missing() -> None:
    dialogue = Dialogue(SIGNED_IN)
    said = talk(
        dialogue,
        b"220 hi\r\n",
        b"250-x\r\n250 AUTH=LOGIN\r\n",
        b"334 VXNlcm5hbWU6\r\n",
        b"334 UGFzc3dvcmQ6\r\n",
        b"235 ok\r\n",
    )
    assert said[1:4] == [
        b"AUTH LOGIN\r\n",
        b64encode("josé".encode()) + b"\r\n",
        b64encode(b"s3cret") + b"\r\n",
    ]
    assert dialogue.phase is Phase.READY


def test_a_password_is_not_sent_in_clear_unless_told() -> None:
    dialogue = Dialogue(replace(SIGNED_IN, auth_in_clear=False))
    said = b"".join(talk(dialogue, b"220 hi\r\n", b"250-x\r\n250 AUTH PLAIN LOGIN\r\n"))
    assert b"AUTH" not in said
    assert dialogue.breakdown is not None
    assert dialogue.breakdown.stage is Stage.AUTH


def test_over_tls_from_the_first_byte_the_password_is_sent() -> None:
    settings = replace(SIGNED_IN, encryption=Encryption.SSL, auth_in_clear=False)
    said = talk(Dialogue(settings, encrypted=True), b"220 hi\r\n", b"250-x\r\n250 AUTH PLAIN\r\n")
    assert said[1].startswith(b"AUTH PLAIN ")


@pytest.mark.parametrize(
    ("answers", "stage", "code"),
    [
        ((b"554 5.7.1 go away\r\n",), Stage.CONNECT, 554),
        ((b"421 busy\r\n",), Stage.CONNECT, 421),
        ((b"220 hi\r\n", b"450 later\r\n"), Stage.HELLO, 450),
        ((b"220 hi\r\n", b"550 no\r\n", b"550 no\r\n"), Stage.HELLO, 550),
        ((b"220 hi\r\n", b"250 AUTH PLAIN\r\n"), Stage.AUTH, 0),
        ((b"220 hi\r\n", b"250-x\r\n250 AUTH PLAIN\r\n", b"535 5.7.8 wrong\r\n"), Stage.AUTH, 535),
        ((b"220 hi\r\n", b"250-x\r\n250 AUTH LOGIN\r\n", b"504 no\r\n"), Stage.AUTH, 504),
        ((b"220 hi\r\n", b"SSH-2.0-OpenSSH\r\n"), Stage.HELLO, 0),
    ],
)
def test_a_refused_handshake_names_its_stage(
    answers: tuple[bytes, ...], stage: Stage, code: int
) -> None:
    dialogue = Dialogue(SIGNED_IN)
    talk(dialogue, *answers)
    assert dialogue.phase is Phase.ENDED
    assert dialogue.room == 0
    assert dialogue.breakdown is not None
    assert (dialogue.breakdown.stage, dialogue.breakdown.code) == (stage, code)


def test_a_lost_connection_before_ready_has_no_outcomes() -> None:
    dialogue = Dialogue(PLAIN)
    assert dialogue.lost(GONE) == []
    assert dialogue.breakdown == GONE


@pytest.mark.parametrize("name", ["", "two words", "a\r\nMAIL", "ü.example", "x" * 256])
def test_a_name_that_is_no_command_word_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="EHLO"):
        ServerSettings(host="x", helo_name=name)


def test_the_password_is_not_in_the_settings_words() -> None:
    assert "s3cret" not in repr(SIGNED_IN)
