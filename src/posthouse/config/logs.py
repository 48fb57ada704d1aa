"""One line a log event: control characters escaped, so that no value can forge a line (A19)."""

import logging
from datetime import UTC, datetime

_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(32), *range(0x7F, 0xA0), 0x2028, 0x2029)}


class Formatter(logging.Formatter):
    """``2026-11-21T12:00:00Z INFO posthouse.engine claimed batch 7``, tracebacks escaped too."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        text = record.getMessage().translate(_ESCAPES)
        if record.exc_info:
            text += " | " + self.formatException(record.exc_info).translate(_ESCAPES)
        return f"{at} {record.levelname} {record.name} {text}"
