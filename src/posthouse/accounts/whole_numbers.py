"""A form field for whole numbers that nobody can misread."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError


class WholeNumber(forms.IntegerField):
    """Digits and nothing else: what Python reads as a number (1_000, 5.0, ٣) is refused, too."""

    default_error_messages = {"invalid": "Type a whole number, such as 5000, with digits only."}

    def to_python(self, value: Any) -> int | None:
        text = str(value if value is not None else "").strip()
        if not text:
            return None
        if not re.fullmatch("[0-9]{1,10}", text):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return int(text)
