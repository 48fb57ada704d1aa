"""What can be wrong with names, records and DNS templates."""


class DnsError(Exception):
    """Base of everything this package refuses."""


class NameRefused(DnsError):
    """A text cannot be the name it is wanted for."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name
        self.reason = reason


class SettingRefused(DnsError):
    """A subdomain, tracking prefix or merge character breaks a rule; `field` says which."""

    def __init__(self, field: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.value = value
        self.reason = reason


class ValueMalformed(DnsError):
    """A record's value does not have the form of its type."""

    def __init__(self, record_type: str, value: str, reason: str) -> None:
        super().__init__(f"{value!r} is no value for a record of type {record_type}: {reason}")
        self.record_type = record_type
        self.value = value
        self.reason = reason


class RecordsClash(DnsError):
    """Two records of a set exclude each other at `host`; the reason is a sentence."""

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(reason)
        self.host = host
        self.reason = reason


class TemplateError(DnsError):
    """Something in the template file is wrong; `line` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


class TomlSyntaxWrong(TemplateError):
    """The text is not TOML."""


class DuplicateTemplate(TemplateError):
    """Two templates of one set have the same name."""


class KeyMissing(TemplateError):
    """A table lacks a key that it must have."""


class KeyUnknown(TemplateError):
    """A table has a key that nothing reads; most often a typing mistake."""


class RecordTypeUnknown(TemplateError):
    """A record's type is none that we can publish and check."""


class PlaceholderUnknown(TemplateError):
    """A pattern holds something that looks like a placeholder and is none."""


class PatternMalformed(TemplateError):
    """A pattern would make a host or a value that DNS does not allow."""


class PatternsClash(TemplateError):
    """Two patterns make records that cannot be published together, or the same record twice."""


class PhpRefused(DnsError):
    """A PHP file of DNS templates has something else than we can read; `line` counts from 1."""

    def __init__(self, line: int, expected: str, found: str) -> None:
        super().__init__(f"line {line}: expected {expected}, found {found}")
        self.line = line
        self.expected = expected
        self.found = found
