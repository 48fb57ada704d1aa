"""The form of what a group puts around its messages."""

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from posthouse.accounts.actors import Actor
from posthouse.accounts.models import UserGroup
from posthouse.content.frames import change_frame, frame_of
from posthouse.core.composition.frame import ALLOWED_NAMES


def _area(label: str, help_text: str = "") -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"})
    return forms.CharField(
        label=label, help_text=help_text, widget=widget, strip=False, required=False
    )


class FrameForm(forms.Form):
    """A group's headers and footers; the service judges them."""

    html_header = _area("HTML header", "Stands first inside the body. Merge tags may be used.")
    html_footer = _area("HTML footer", "Stands last inside the body.")
    text_header = _area("Text header", "For text parts that people write themselves.")
    text_footer = _area("Text footer", "A text part made from HTML has the HTML ones.")
    x_mailer = forms.CharField(
        label="X-Mailer", help_text="Names the program that sends; empty: none.", required=False
    )
    headers = _area(
        "Header lines", f"One a line, as Name: value. Allowed: {', '.join(ALLOWED_NAMES.values())}."
    )

    def __init__(self, data: QueryDict | None, group: UserGroup) -> None:
        frame = frame_of(group.pk)
        lines = "\n".join(f"{name}: {value}" for name, value in frame.headers)
        names = ("html_header", "html_footer", "text_header", "text_footer", "x_mailer")
        known = {name: getattr(frame, name) for name in names}
        super().__init__(data, initial=known | {"headers": lines})
        self.group = group

    def save(self, actor: Actor) -> bool:
        """Whether it is kept now; else the form has the errors."""
        if not self.is_valid():
            return False
        try:
            change_frame(actor, self.group, **self.cleaned_data)
        except ValidationError as refused:
            self.add_error(None, refused)
            return False
        return True
