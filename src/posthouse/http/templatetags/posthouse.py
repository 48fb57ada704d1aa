"""Template tags and filters that the components and pages share (built in, no `load` needed)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import template
from django.forms import BoundField
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

from posthouse.http import drawing, figures, states, widgets

register = template.Library()

register.filter("number", figures.number)
register.filter("rate", figures.rate)
register.filter("size", figures.size)
register.filter("duration", figures.duration)
register.simple_tag(figures.percent, name="percent")
register.simple_tag(states.look, name="look")
register.simple_tag(widgets.widget, name="widget")
register.simple_tag(widgets.choices, name="choices")
register.simple_tag(drawing.meter, name="meter")


@register.filter
def relative(then: datetime | None) -> SafeString:
    """`<time>` with the relative time, the exact one on hover; a dash for None."""
    if then is None:
        return SafeString(figures.NOTHING)
    local = timezone.localtime(then)
    return format_html(
        '<time datetime="{}" title="{}" data-relative>{}</time>',
        local.isoformat(timespec="seconds"),
        figures.exact(local),
        figures.relative(local, timezone.now()),
    )


@register.simple_tag
def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """An icon of the sprite; hidden from screen readers unless it carries a label."""
    meaning = (
        format_html('role="img" aria-label="{}"', label)
        if label
        else SafeString('aria-hidden="true"')
    )
    return format_html(
        '<svg class="icon {}" {}><use href="{}#{}"></use></svg>',
        css,
        meaning,
        static("build/sprite.svg"),
        name,
    )


@register.simple_tag
def bar(counts: Mapping[str, int]) -> list[drawing.Part]:
    """Parts of a delivery bar from counts by state."""
    return drawing.parts(counts)


@register.simple_tag
def line(values: Sequence[float] | None, width: int | str, height: int | str) -> str:
    """Points of a sparkline; sizes may come as text, since attributes do."""
    return drawing.line(values or (), int(width), int(height))


@register.simple_tag
def day_bars(states: Sequence[str]) -> list[drawing.Day]:
    """A bar for each day of checks."""
    return drawing.days(states)


@register.simple_tag
def chart_rows(data: Mapping[str, Any]) -> list[tuple[str, list[float]]]:
    """A chart's numbers as rows of a table: time, then one value a series."""
    columns = [series["values"] for series in data["series"]]
    return [
        (_minute(second), [column[row] for column in columns])
        for row, second in enumerate(data["times"])
    ]


def _minute(second: float) -> str:
    return f"{datetime.fromtimestamp(second, timezone.get_current_timezone()):%Y-%m-%d %H:%M}"


@register.filter
def attributes(attrs: Any) -> SafeString:
    """A component's undeclared attributes as HTML, escaped (cotton's own output is not)."""
    return format_html_join(
        "",
        "{}",
        (
            (format_html(" {}", name) if value is True else _attribute(name, value),)
            for name, value in attrs.attrs_dict().items()
            if value is not False and value is not None
        ),
    )


def _attribute(name: str, value: Any) -> SafeString:
    return format_html(' {}="{}"', name, conditional_escape(value))


@register.filter
def given(value: object) -> bool:
    """Whether a switch attribute is on, also when a template wrote `active="{{ flag }}"`."""
    return str(value) not in {"", "None", "False"}


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """Whether a field is a single box, whose label stands beside it."""
    return field.widget_type == "checkbox"


@register.filter
def is_choices(field: BoundField) -> bool:
    """Whether a field is a set of boxes or radio buttons under one legend."""
    return field.widget_type in {"radioselect", "checkboxselectmultiple"}
