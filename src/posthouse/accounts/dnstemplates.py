"""Which DNS templates the installation's configuration file offers to user groups (R18)."""

from pathlib import Path

from django.conf import settings

from posthouse.core.dns.errors import TemplateError
from posthouse.core.dns.template_file import parse


class DnsConfigurationUnusable(Exception):
    """The file of DNS templates cannot be read; the text says where and why."""


def campaign_templates() -> tuple[str, ...]:
    """Names of the campaign templates, as the file stands now."""
    path = Path(settings.DNS_CONFIG)
    try:
        return tuple(parse(path.read_text()).campaign)
    except OSError as error:
        raise DnsConfigurationUnusable(f"{path} cannot be read: {error.strerror}.") from error
    except (TemplateError, UnicodeError) as error:
        raise DnsConfigurationUnusable(f"{path.name} is not usable: {error}") from error
