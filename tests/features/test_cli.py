"""What an operator gets wrong: one clear sentence, exit code not 0, nothing half-done."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HANGING = 60  # seconds


def posthouse(
    *arguments: str, environment: dict[str, str], typed: str = ""
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "posthouse.cli.app", *arguments],
        env=environment,
        input=typed,
        capture_output=True,
        text=True,
        timeout=HANGING,
        check=False,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """An installation of its own, empty."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith("POSTHOUSE_")}
    return ours | {
        "POSTHOUSE_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "posthouse.config.settings",
    }


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def refused(answer: subprocess.CompletedProcess[str], *words: str) -> None:
    """It ended with a sentence that has these words, and with no traceback."""
    said = answer.stdout + answer.stderr
    assert answer.returncode not in {0, 1}, said
    assert "Traceback" not in said
    assert all(word in said for word in words), said


def test_an_unknown_command_is_named(environment: dict[str, str]) -> None:
    refused(posthouse("sendmail", environment=environment), "sendmail")


def test_an_unknown_option_is_named(environment: dict[str, str]) -> None:
    refused(posthouse("engine", "--speed", "9", environment=environment), "--speed")


def test_a_wrong_number_of_recipients_is_named(environment: dict[str, str]) -> None:
    refused(posthouse("demo", "--recipients", "0", environment=environment), "--recipients")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("mysql://localhost/posthouse", "must begin with sqlite:/// or postgres://"),
        ("postgres://nobody:secret@127.0.0.1:1/none", "cannot be reached"),
        ("sqlite:////proc/none/posthouse.db", "/proc/none"),
    ],
)
def test_a_wrong_database_address(environment: dict[str, str], address: str, words: str) -> None:
    answer = posthouse("migrate", environment=environment | {"POSTHOUSE_DATABASE_URL": address})

    refused(answer, words)
    assert "secret" not in answer.stderr


def test_a_home_that_cannot_be_written(environment: dict[str, str]) -> None:
    answer = posthouse("migrate", environment=environment | {"POSTHOUSE_HOME": "/proc/posthouse"})

    refused(answer, "POSTHOUSE_HOME")


def test_a_setting_that_is_no_number(environment: dict[str, str]) -> None:
    answer = posthouse("migrate", environment=environment | {"POSTHOUSE_BATCH_SIZE": "many"})

    refused(answer, "POSTHOUSE_BATCH_SIZE", "many")


def test_a_process_wants_a_database_that_is_up_to_date(environment: dict[str, str]) -> None:
    refused(posthouse("engine", environment=environment), "./run migrate")


def test_a_taken_port_is_named_and_nothing_is_started(
    environment: dict[str, str], taken_port: int, home: Path
) -> None:
    refused(posthouse("up", "--port", str(taken_port), environment=environment), str(taken_port))
    assert not (home / "posthouse.db").exists()
    posthouse("migrate", environment=environment)
    refused(posthouse("web", "--port", str(taken_port), environment=environment), str(taken_port))


def test_malformed_dns_templates_are_refused_with_line_and_reason(
    environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "dns.toml"
    file.write_text('[campaign."Default"]\nrecords = [\n  { host = "x", type = "TEXT" },\n]\n')
    answer = posthouse("up", environment=environment | {"POSTHOUSE_DNS_CONFIG": str(file)})

    refused(answer, str(file), "line 3")


def test_an_operator_is_made_once_and_with_a_password_worth_the_name(
    environment: dict[str, str],
) -> None:
    posthouse("migrate", environment=environment)
    command = ("operator", "create", "boss@example.com", "--password-stdin")
    refused(posthouse(*command, environment=environment, typed="12345678\n"), "password")
    made = posthouse(*command, environment=environment, typed="a long good password\n")
    assert made.returncode == 0, made.stderr
    refused(
        posthouse(*command, environment=environment, typed="a long good password\n"),
        "boss@example.com",
    )


def test_the_demo_keeps_out_of_a_folder_that_is_in_use(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("keep me")
    answer = posthouse("demo", "--exit", "--home", str(tmp_path), environment=environment)

    refused(answer, "not empty")


def test_help_names_every_command(environment: dict[str, str]) -> None:
    answer = posthouse("--help", environment=environment)

    assert answer.returncode == 0
    assert all(word in answer.stdout for word in ("demo", "up", "engine", "import", "servers"))
