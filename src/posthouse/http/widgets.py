"""Form widgets as Tabler draws them."""

from django.forms import BoundField, Widget
from django.forms.boundfield import BoundWidget
from django.forms.widgets import (
    CheckboxInput,
    ClearableFileInput,
    NumberInput,
    Select,
    Textarea,
    TextInput,
)
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

# First match wins.
CLASSES: tuple[tuple[type[Widget], str], ...] = (
    (CheckboxInput, "form-check-input"),
    (Select, "form-select"),
    (NumberInput, "form-control num"),
    (ClearableFileInput, "form-control"),
    (Textarea, "form-control"),
    (TextInput, "form-control"),
)


def css_class(widget: Widget) -> str:
    """Tabler's class of a widget; what the table does not know looks like a text field."""
    return next((css for kind, css in CLASSES if isinstance(widget, kind)), "form-control")


def widget(field: BoundField, extra: str = "") -> SafeString:
    """The bare input of a field, styled, marked invalid when it has errors."""
    own = field.field.widget.attrs.get("class", "")
    invalid = "is-invalid" if field.errors else ""
    names = " ".join(filter(None, (css_class(field.field.widget), own, extra, invalid)))
    return field.as_widget(attrs={"class": names})


def choices(field: BoundField) -> SafeString:
    """Radio buttons or boxes, one a line, each inside its label."""
    return format_html_join("", "{}", ((_choice(option, field),) for option in field))


def _choice(option: BoundWidget, field: BoundField) -> SafeString:
    invalid = " is-invalid" if field.errors else ""
    option.data["attrs"]["class"] = f"form-check-input{invalid}"
    return format_html(
        '<label class="form-check">{}<span class="form-check-label">{}</span></label>',
        option.tag(),
        option.choice_label,
    )
