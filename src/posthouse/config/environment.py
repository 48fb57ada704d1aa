"""Reads settings from environment variables and says plainly which one is wrong, and why."""

import os
import secrets
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ


class SettingWrong(Exception):
    """A setting of the installation cannot be used; the text names it, says why and what to do."""

    is_for_the_operator = True  # commands show the sentence, not a traceback

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name, self.why = name, why


class Environment:
    """The process environment, read by kind. Every method takes the variable's name and default."""

    def __init__(self) -> None:
        self._env = environ.Env()

    def text(self, name: str, default: str) -> str:
        """The variable's text, or the content of the file that ``NAME_FILE`` names."""
        if from_file := os.environ.get(f"{name}_FILE"):
            try:
                return Path(from_file).read_text().strip()
            except OSError as error:
                raise SettingWrong(f"{name}_FILE", f"cannot read {from_file}: {error}") from error
        return os.environ.get(name, default).strip()

    def number(self, name: str, default: int) -> int:
        """A whole number above zero."""
        text = self.text(name, str(default))
        if not text.isdecimal() or int(text) < 1:
            raise SettingWrong(name, f"must be a whole number above 0, not {text!r}")
        return int(text)

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        """One of a few words."""
        text = self.text(name, default)
        if text not in choices:
            raise SettingWrong(name, f"must be one of {', '.join(choices)}, not {text!r}")
        return text

    def names(self, name: str, default: str) -> tuple[str, ...]:
        """Words separated by commas."""
        return tuple(word.strip() for word in self.text(name, default).split(",") if word.strip())

    def networks(self, name: str, default: str) -> tuple[IPv4Network | IPv6Network, ...]:
        """Networks such as 10.0.0.0/8, separated by commas."""
        try:
            return tuple(ip_network(word) for word in self.names(name, default))
        except ValueError as error:
            raise SettingWrong(name, f"must be networks such as 10.0.0.0/8: {error}") from error

    def path(self, name: str, default: str) -> Path:
        """An absolute path; relative ones count from the working directory."""
        return Path(self.text(name, default)).expanduser().resolve()

    def url(self, name: str, default: str) -> str:
        """An http(s) address without a trailing slash."""
        text = self.text(name, default).rstrip("/")
        if urlsplit(text).scheme not in {"http", "https"} or not urlsplit(text).hostname:
            raise SettingWrong(name, f"must be like https://mail.example.com, not {text!r}")
        return text

    def secret(self, name: str, made_at: Path) -> str:
        """A secret from the environment, or one made on the first start and kept for its owner."""
        if given := self.text(name, ""):
            return given
        try:
            made_at.parent.mkdir(parents=True, exist_ok=True)
            _write_once(made_at, secrets.token_urlsafe(48))
            return made_at.read_text().strip()
        except OSError as error:
            why = f"cannot keep a key at {made_at} ({error.strerror}); set {name} or POSTHOUSE_HOME"
            raise SettingWrong(name, why) from error

    def database(self, name: str, default: str) -> dict[str, Any]:
        """Django's DATABASES entry for sqlite:///PATH or postgres://USER:PASSWORD@HOST/NAME."""
        text = self.text(name, default)
        scheme = text.split(":", 1)[0]
        if scheme not in _DATABASE_OPTIONS:
            raise SettingWrong(
                name, f"must begin with sqlite:/// or postgres://, not {_without_password(text)!r}"
            )
        try:
            config = dict(self._env.db_url_config(text))
        except (ValueError, environ.ImproperlyConfigured) as error:
            raise SettingWrong(name, f"is not a database address: {error}") from error
        if scheme == "sqlite":
            _make_folder(name, Path(str(config["NAME"])).parent)
        return config | _DATABASE_OPTIONS[scheme]

    def mail(self, name: str, folder: Path) -> dict[str, Any]:
        """Django's EMAIL_* settings: smtp://USER:PASSWORD@HOST:PORT, or files in a folder."""
        text = self.text(name, "")
        if not text:
            backend = "django.core.mail.backends.filebased.EmailBackend"
            return {"EMAIL_BACKEND": backend, "EMAIL_FILE_PATH": str(folder)}
        if text.split(":", 1)[0] not in {"smtp", "smtp+tls", "smtp+ssl"}:
            raise SettingWrong(name, "must begin with smtp://, smtp+tls:// or smtp+ssl://")
        return dict(self._env.email_url_config(text)) | {"EMAIL_TIMEOUT": 20}


_SQLITE = {
    "CONN_MAX_AGE": None,
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",  # a deferred one fails instead of waiting for its turn
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        " PRAGMA foreign_keys=ON; PRAGMA cache_size=-64000; PRAGMA mmap_size=268435456;",
    },
}
_POSTGRES = {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True, "OPTIONS": {"connect_timeout": 10}}
_DATABASE_OPTIONS: dict[str, dict[str, Any]] = {
    "sqlite": _SQLITE,
    "postgres": _POSTGRES,
    "postgresql": _POSTGRES,
}


def _make_folder(name: str, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = f"the folder {folder} cannot be made ({error.strerror}); set {name} or POSTHOUSE_HOME"
        raise SettingWrong(name, why) from error


def _write_once(path: Path, text: str) -> None:
    """Writes a new file that only its owner may read; two processes at once keep the first one."""
    if path.exists():
        return
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return url.replace(f":{parts.password}@", ":***@") if parts.password else url
