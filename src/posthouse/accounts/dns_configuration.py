"""The DNS templates as the operator's file has them now; a broken file keeps the last good ones."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from posthouse.core.dns.errors import TemplateError
from posthouse.core.dns.template_file import parse
from posthouse.core.dns.templates import DnsConfiguration, Template

log = logging.getLogger(__name__)


class DnsConfigurationRefused(Exception):
    """Base of what the file of DNS templates can get wrong."""


class ConfigurationUnreadable(DnsConfigurationRefused):
    """The file of DNS templates cannot be used, and no earlier version of it was read."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"The DNS templates cannot be read: {problem}")
        self.problem = problem


class TemplateMissing(DnsConfigurationRefused):
    """The user group names a DNS template that the file does not have."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(
            f"The user group or account names the DNS template “{name}”, which is not in the file. "
            f"It has: {', '.join(known) or 'none'}. The operator chooses one of them."
        )
        self.name = name


@dataclass(frozen=True, slots=True)
class _Read:
    changed_ns: int
    configuration: DnsConfiguration


@dataclass(frozen=True, slots=True)
class _Broken:
    changed_ns: int  # 0: it could not be read, which may be mended without a change
    problem: str


_last_good: dict[Path, _Read] = {}
_broken: dict[Path, _Broken] = {}


def configuration() -> DnsConfiguration:
    """What the file says; read again when it changed, without a restart.

    Raises ConfigurationUnreadable where there is nothing good to fall back on.
    """
    path = Path(settings.DNS_CONFIG)
    known, broken, changed_ns = _last_good.get(path), _broken.get(path), 0
    try:
        changed_ns = path.stat().st_mtime_ns
        if known and broken and broken.changed_ns == changed_ns:
            return known.configuration
        if known is None or known.changed_ns != changed_ns:
            _last_good[path] = _Read(changed_ns, parse(path.read_text(encoding="utf-8")))
        _broken.pop(path, None)
    except (OSError, UnicodeDecodeError, TemplateError) as error:
        problem = f"{path}: {error}"
        if known is None:
            raise ConfigurationUnreadable(problem) from error
        if broken is None or broken.problem != problem:
            log.error("DNS templates stay as they were: %s", problem)
        _broken[path] = _Broken(0 if isinstance(error, OSError) else changed_ns, problem)
    return _last_good[path].configuration


def problem() -> str:
    """What is wrong with the file now, with its line; empty if nothing is."""
    try:
        configuration()
    except ConfigurationUnreadable as error:
        return str(error)
    broken = _broken.get(Path(settings.DNS_CONFIG))
    return broken.problem if broken else ""


def campaign_template(name: str) -> Template:
    """The campaign template with this name, or TemplateMissing."""
    templates = configuration().campaign
    if name not in templates:
        raise TemplateMissing(name, tuple(templates))
    return templates[name]
