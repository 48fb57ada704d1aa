"""Makes the plain text of an HTML part: what a reader sees, each link as its label and <url>."""

import html as html_module
import re
from typing import Final

from turbohtml import Comment, Document, Element, PlainText, Text, parse
from turbohtml.rewrite import Element as TextRun
from turbohtml.rewrite import rewrite

from posthouse.core.composition.places import MARKS

_UNSEEN: Final = "style, script, head, title, noscript, template, [hidden]"
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE
)
# Layout tables are most of a newsletter; read as tables they would be padded to odd columns.
_LAYOUT_TABLE: Final = 'table[role="presentation"], table[role="none"]'
_TABLE_PARTS: Final = frozenset({"tbody", "thead", "tfoot", "tr", "td", "th"})
_BETWEEN_CELLS: Final = frozenset({"table", "tbody", "thead", "tfoot", "tr"})
_BLANK_LINES = re.compile(r"\n{3,}")


def _marks_as_comments(run: TextRun) -> None:
    """Text between the rows of a table would be moved out of it; a comment stays where it is."""
    if MARKS.search(run.text):
        text = html_module.escape(run.text, quote=False)
        run.replace(MARKS.sub(lambda match: f"<!--{match[0]}-->", text), html=True)


def _flatten(table: Element) -> None:
    for part in table.find_all():
        if part.tag in _TABLE_PARTS and part.closest("table") == table:
            part.tag = "div"
    table.tag = "div"


def _marks_as_text(document: Document) -> None:
    for node in list(document.descendants):
        if isinstance(node, Comment) and MARKS.fullmatch(node.data):
            parent = node.parent
            if isinstance(parent, Element) and parent.tag in _BETWEEN_CELLS:
                _flatten(parent.closest("table") or parent)
            node.replace_with(Text(node.data))


def _drop_unseen(document: Document) -> None:
    document.remove(_UNSEEN)
    for element in document.select("[style]"):
        if _HIDDEN_STYLE.search(element.attr("style") or ""):
            element.decompose()


def _described(link: Element) -> str:
    """The descriptions of a link's pictures."""
    images = link.find_all("img")
    return " ".join(description for image in images if (description := image.attr("alt")))


def _spell_out_links(document: Document) -> None:
    links = [(link, (link.attr("href") or "").strip()) for link in document.select("a[href]")]
    said = {target for link, target in links if link.text.strip()}
    for link, target in links:
        label = " ".join(link.text.split())
        if not target or target.startswith("#"):
            continue
        if not label and target in said:
            link.set_text("")  # a picture beside a text link to the same page
            continue
        label = label or _described(link)
        address = target.removeprefix("mailto:").removeprefix("tel:")
        link.set_text(f"<{address}>" if label in {"", target, address} else f"{label} <{address}>")


def text_from_html(html: str) -> str:
    """Plain text with LF line ends, ending in one; paragraphs stay whole lines.

    Marks of merge tags (see places.py) stay where they are, between the rows of tables too.
    """
    document = parse(rewrite(html, text=_marks_as_comments))
    _drop_unseen(document)
    _marks_as_text(document)
    _spell_out_links(document)
    for table in document.select(_LAYOUT_TABLE):
        _flatten(table)
    text = document.to_text(PlainText(links="none", bullet="- "))
    lines = [line.replace("\xa0", " ").rstrip() for line in text.split("\n")]
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n") + "\n"
